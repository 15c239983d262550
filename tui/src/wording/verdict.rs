//! What the bridge read from a request, in its words: the sign and short word of a row, the first rows of a page, and what is typed
//! where care is asked for. The words are the server's; none of them are made here.

use ccc_protocol::bodies::{Care, Gravity, Risk, Shown, Ticket, Verdict, Word};

use crate::text::{Row, Tone, Untrusted, Visible};

/// A sign before the row: `‼` grave or with care, `!` odd, `²` more than one person, `+` a note.
#[must_use]
pub fn sign(ticket: &Ticket) -> (Tone, &'static str) {
    let gravity = ticket.verdict.as_ref().map(|verdict| verdict.gravity);
    match (needs_care(ticket) || gravity == Some(Gravity::Grave), gravity) {
        (true, _) => (Tone::Bad, "‼"),
        (false, _) if ticket.needed > 1 => (Tone::Care, "²"),
        (false, _) if ticket.needs_note => (Tone::Care, "+"),
        (false, Some(Gravity::Odd)) => (Tone::Care, "!"),
        (false, _) => (Tone::Plain, " "),
    }
}

/// The verdict in a word or two, where it is anything out of the ordinary.
#[must_use]
pub fn short(ticket: &Ticket) -> Option<(Tone, Visible)> {
    let verdict = ticket.verdict.as_ref().filter(|verdict| verdict.gravity > Gravity::Plain)?;
    Some((tone(verdict.gravity), Untrusted(&verdict.short).line()))
}

/// How what is so grave looks: red, yellow, or as everything else.
#[must_use]
pub fn tone(gravity: Gravity) -> Tone {
    match gravity {
        Gravity::Plain => Tone::Strong,
        Gravity::Odd => Tone::Care,
        Gravity::Grave => Tone::Bad,
    }
}

/// The headline with its sign, then what it is about, a row each.
#[must_use]
pub fn rows(verdict: &Verdict) -> Vec<Row> {
    let sign = match verdict.gravity {
        Gravity::Plain => "",
        Gravity::Odd => "! ",
        Gravity::Grave => "‼ ",
    };
    let tone = tone(verdict.gravity);
    let headline = Row::new().with(tone, Visible::label(sign).then(Untrusted(&verdict.headline).line()));
    let objects = verdict.objects.iter();
    let objects = objects.map(|object| Row::new().with(Tone::Dim, "│ ").with(Tone::Plain, Untrusted(object).line()));
    std::iter::once(headline).chain(objects).collect()
}

/// True where an approval needs care however long the request is.
#[must_use]
pub fn needs_care(ticket: &Ticket) -> bool {
    let declared = ticket.irreversible || ticket.risk == Risk::High;
    declared || ticket.verdict.as_ref().is_some_and(|verdict| verdict.care == Care::Always)
}

/// True where it can be decided together with others, as far as care goes.
#[must_use]
pub fn may_be_marked(ticket: &Ticket) -> bool {
    !needs_care(ticket) && ticket.verdict.as_ref().is_none_or(|verdict| verdict.care == Care::No)
}

/// The word to be typed, where care is asked for; `is_long` says that it is longer than the screen that it is shown on. A server of
/// versions before verdicts asks for the action's name.
#[must_use]
pub fn word(ticket: &Ticket, is_long: bool) -> Option<Word> {
    let Some(verdict) = &ticket.verdict else { return needs_care(ticket).then(|| Word::from(&ticket.action)) };
    let asked = needs_care(ticket) || is_long && verdict.care == Care::WhereLong;
    asked.then(|| verdict.word.clone())
}

/// How a decision names what was shown; nothing to a server of versions before verdicts, which takes no such thing.
#[must_use]
pub fn shown(ticket: &Ticket, typed: Option<Word>) -> Option<Shown> {
    ticket.verdict.as_ref().map(|verdict| Shown { verdict: verdict.digest(), word: typed })
}
