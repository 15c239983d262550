//! A grant, whole: what may differ from the request it was made of, and what must not.

use ccc_protocol::bodies::Grant;

use super::Page;
use crate::{
    text::{Row, Tone, Untrusted, Visible},
    wording,
};

/// Everything about a grant, wrapped to so many cells.
#[must_use]
pub fn grant(grant: &Grant, width: usize) -> Vec<Row> {
    let mut page = Page::new(width);
    page.section("MORE OF THE SAME");
    page.fact("agent", Tone::Plain, &grant.user);
    page.fact("action", Tone::Strong, &grant.action);
    page.fact("until", Tone::Plain, &grant.until);
    page.fact("uses left", Tone::Plain, uses(grant));
    for maker in &grant.made_by {
        page.fact("made by", Tone::Plain, maker);
    }
    page.fact("made", Tone::Plain, &grant.made);
    page.fact("ticket", Tone::Plain, &grant.from);
    page.fact("id", Tone::Dim, &grant.id);
    let (differing, equal): (Vec<_>, Vec<_>) =
        grant.params.iter().partition(|(name, _)| grant.differ.contains_key(*name));
    if !differing.is_empty() {
        page.section("MAY DIFFER");
        for (name, difference) in &grant.differ {
            let name = Untrusted(name).line().then(" ");
            page.row(Row::new().with(Tone::Name, name).with(Tone::Agent, wording::difference(difference)));
        }
    }
    if !equal.is_empty() {
        page.section("MUST BE EQUAL");
        for (name, value) in equal {
            page.value(name, value);
        }
    }
    if grant.abridged {
        page.row(Row::new());
        page.row(
            Row::new().with(Tone::Care, Visible::label("cut where it ends with …; whole in ticket ").then(&grant.from)),
        );
    }
    page.row(Row::new());
    page.row(Row::new().with(Tone::Dim, "── end of this grant ──"));
    page.into_rows()
}

/// How often it still serves.
#[must_use]
pub fn uses(grant: &Grant) -> Visible {
    match (grant.uses_left, grant.uses) {
        (Some(left), Some(uses)) => Visible::number(left).then(" of ").then(Visible::number(uses)),
        _ => Visible::label("any"),
    }
}
