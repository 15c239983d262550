//! What would run, from the plan: the command line as it will be executed, the mail as it will be sent.

use ccc_protocol::bodies::{Confined, MailView, PathView, Plan, Reach};

use super::Page;
use crate::text::{Row, Tone, Untrusted, Visible};

pub(super) fn plan(page: &mut Page, plan: &Plan) {
    page.section("WHAT WOULD HAPPEN");
    match plan {
        Plan::Run { program, args, dir, timeout_seconds, paths, confined, .. } => {
            page.fact(
                "runs",
                Tone::Plain,
                Visible::label("a program, at most ").then(crate::wording::span::exactly(*timeout_seconds)),
            );
            command(page, program, args, dir.as_deref());
            reach(page, confined.as_ref());
            mapped(page, paths);
        }
        Plan::Open { program, args, dir, paths, .. } => {
            page.fact("opens", Tone::Plain, "a program of your desktop");
            command(page, program, args, dir.as_deref());
            mapped(page, paths);
        }
        Plan::Mail { mail, topic, .. } => letter(page, mail, topic.as_deref()),
        Plan::Bridge { what, .. } => {
            page.fact("does", Tone::Plain, Visible::label("the bridge itself: ").then(Untrusted(what).line()));
        }
        Plan::Release { .. } => {
            page.fact("does", Tone::Plain, "the agent runs this itself");
        }
    }
}

/// The program, then each argument in a row of its own: nothing is ever split or joined again.
fn command(page: &mut Page, program: &str, args: &[String], dir: Option<&str>) {
    page.fact("program", Tone::Strong, Untrusted(program).line());
    for (at, arg) in args.iter().enumerate() {
        let name = Visible::label("  arg ").then(Visible::number(at as u64 + 1)).padded(12);
        page.row(Row::new().with(Tone::Name, name).with(Tone::Agent, Untrusted(arg).line()));
    }
    if let Some(dir) = dir {
        page.fact("in", Tone::Plain, Untrusted(dir).line());
    }
}

/// What the program could touch at all: the gravest in colour, each place in a row of its own.
fn reach(page: &mut Page, confined: Option<&Reach>) {
    let Some(reach) = confined else {
        return page.fact("reaches", Tone::Care, "all that you do: it is not confined");
    };
    let told = match reach.level {
        Confined::Full => "what stands here, the system's programs, and nothing else",
        Confined::Files => "what stands here and the system's programs; it is confined without namespaces (`files`)",
    };
    page.fact("reaches", Tone::Plain, told);
    reach.read.iter().for_each(|place| page.fact("  reads", Tone::Plain, Untrusted(place).line()));
    reach.write.iter().for_each(|place| page.fact("  writes", Tone::Care, Untrusted(place).line()));
    match reach.network {
        true => page.fact("  network", Tone::Care, "the machine's own"),
        false => page.fact("  network", Tone::Dim, "none"),
    }
}

/// Container path and host path, one under the other.
fn mapped(page: &mut Page, paths: &[PathView]) {
    for path in paths {
        page.row(Row::new().with(Tone::Name, Untrusted(&path.param).line()).with(Tone::Dim, " is"));
        page.fact("  container", Tone::Agent, Untrusted(&path.container).line());
        page.fact("  host", Tone::Strong, Untrusted(&path.host).line());
        if let Some(content) = &path.content {
            page.fact("  content", Tone::Dim, content);
        }
    }
}

fn letter(page: &mut Page, mail: &MailView, topic: Option<&str>) {
    page.fact("sends", Tone::Plain, "this mail");
    page.fact("From", Tone::Plain, Untrusted(&mail.from).line());
    page.fact("To", Tone::Host, Untrusted(&mail.to).line());
    page.fact("Subject", Tone::Agent, Untrusted(&mail.subject).line());
    page.quote(Tone::Agent, &mail.body);
    if let Some(topic) = topic {
        page.fact("topic", Tone::Agent, Untrusted(topic).line());
        page.row(Row::new().with(Tone::Care, "a topic is a label that the agent chose"));
    }
}
