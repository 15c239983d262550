//! Risk at the desk: the last word about a decision, what sessions hear, and how a person lifts what is held against them.

use ccc_protocol::{
    UserName,
    bodies::{AuditEntry, EntryKind, FenceAnswer, Finding, Held, Level},
};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::effect::Effect,
    law::Law,
    policy::{Decision, Question, Ruling, Standing, decide},
    risk::{self, Assessment, Key, Last, Marks, State, TextSigns},
};

use super::{Change, Cx, Desk, Setting};

impl Desk {
    /// What rules, people and grants say, and behind them what came before.
    pub fn weigh(&self, question: &Question<'_>, signs: &TextSigns, standing: &Standing<'_>, cx: Cx<'_>) -> Decision {
        let session = risk::session_of(&question.args.json);
        let unheard = State::default();
        let state = self.risk.state(question.caller, session).unwrap_or(&unheard);
        let Some(facts) = question.facts else {
            let decision = decide(question, &cx.law.rulebook, standing);
            return self.last_word_without_facts(question, state, decision, cx);
        };
        let mut assessed =
            Assessment::of(question.caller, &question.args.json, facts, signs, state, &cx.law.risk, cx.now);
        let question = Question { risk: Some(&assessed), ..*question };
        let decision = decide(&question, &cx.law.rulebook, standing);
        let judged = cx.law.risk.sequences.judge(state, &question, cx.now);
        let mut last = Last::default();
        last.by_holds(state, Some(facts), cx.law, cx.now);
        last.by_canary(signs.canary.as_deref(), facts);
        last.by_sequences(&judged.completed);
        last.by_denials(&self.risk, question.caller, facts, &question.args.json, cx.law, cx.now);
        let decision = risk::after(decision, &last);
        judged.into_marks(&mut assessed.marks);
        assessed.take(last);
        if decision.ruling == Ruling::Queue {
            assessed.marks.effects = risk::effects(facts);
        }
        let mut needs = decision.needs.clone();
        needs.care |= decision.ruling == Ruling::Queue && assessed.told.level >= Level::High;
        Decision { needs, assessed: Some(assessed), ..decision }
    }

    /// The bridge's own services go on: what is told to it is how it comes to know.
    fn last_word_without_facts(
        &self,
        question: &Question<'_>,
        state: &State,
        decision: Decision,
        cx: Cx<'_>,
    ) -> Decision {
        if matches!(question.action.effect, Effect::Bridge(_)) {
            return decision;
        }
        let mut last = Last::default();
        last.by_holds(state, None, cx.law, cx.now);
        risk::after(decision, &last)
    }

    /// Sessions hear what happened; where one is frozen by it, or none any more, that is kept.
    pub(super) fn hear(&mut self, entry: &AuditEntry, law: &Law, change: &mut Change) {
        self.risk.feed(entry, law);
        if risk::may_freeze(entry) {
            change.settings.push(Setting::Frozen(self.risk.frozen()));
        }
    }

    /// The fence found something in what a tool gave back to this user's session.
    pub fn found(
        &mut self,
        user: &UserName,
        session: &str,
        findings: &[Finding],
        answer: FenceAnswer,
        cx: Cx<'_>,
        change: &mut Change,
    ) {
        let session = Some(session).filter(|session| !session.is_empty()).map(Key::of);
        let marks = Marks { session, ..Marks::default() };
        let findings = findings.get(..Finding::AT_ONCE_MAX).unwrap_or(findings);
        let detail = json!({ "findings": findings, "answer": answer, "marks": marks });
        self.tell_of(EntryKind::OutputFound, user, user, detail, cx, change);
    }

    /// A person who may approve for the user lifts what is held against their sessions.
    pub(super) fn lift_holds(&mut self, by: &UserName, user: &UserName, cx: Cx<'_>, change: &mut Change) {
        let held = self.risk.held([user].into_iter(), cx.now);
        if held.is_empty() {
            return;
        }
        let what: Vec<&str> = held.iter().map(|held| held.what.as_str()).collect();
        self.tell_of(EntryKind::RiskLifted, by, user, json!({ "lifted": what, "marks": Marks::default() }), cx, change);
    }

    /// What is held against anybody's sessions, as of the newest entry.
    #[must_use]
    pub fn all_held(&self) -> Vec<Held> {
        self.risk.all_held(self.chain.latest)
    }

    /// True where nothing of the ticket's session passes.
    pub(super) fn is_session_frozen(&self, user: &UserName, params: &Map<String, Value>) -> bool {
        self.risk.state(user, risk::session_of(params)).is_some_and(|state| state.frozen().is_some())
    }

    fn tell_of(
        &mut self,
        kind: EntryKind,
        by: &UserName,
        about: &UserName,
        detail: Value,
        cx: Cx<'_>,
        change: &mut Change,
    ) {
        let Value::Object(detail) = detail else { return };
        let entry = AuditEntry {
            seq: 0,
            at: cx.now,
            kind,
            by: Some(by.clone()),
            about: Some(about.clone()),
            ticket: None,
            action: None,
            status: None,
            detail,
        };
        self.log_heard(entry, cx.law, change);
    }

    /// Writes an entry that sessions hear of.
    pub(super) fn log_heard(&mut self, entry: AuditEntry, law: &Law, change: &mut Change) {
        let sealed = self.chain.seal(entry);
        self.hear(&sealed.entry, law, change);
        change.entries.push(sealed);
    }
}
