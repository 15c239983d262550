//! The digest of a declaration, so that a changed declaration is a changed plan and nobody's approval of the old one counts.

use ccc_protocol::Digest;
use serde_json::{Value, json};

use super::{
    action::Action,
    effect::{Command, Effect, Given, Opener, Wanted},
    param::{Kind, Param, PathKind},
    template::Template,
};
use crate::pattern::WholePattern;

/// The SHA-256 over the canonical JSON of everything the declaration says, its own digest left out.
#[must_use]
pub fn digest(action: &Action) -> Digest {
    // Taken apart by name, so that a new field cannot be forgotten here.
    let Action {
        name,
        description,
        group,
        policy,
        floor,
        params,
        effect: what,
        risk,
        irreversible,
        start_seconds_max,
        declaration: _,
        constant_plan: _,
    } = action;
    Digest::of_json(&json!({
        "name": name,
        "description": description,
        "group": group,
        "policy": policy,
        "floor": floor,
        "params": params.iter().map(param).collect::<Vec<_>>(),
        "effect": effect(what),
        "risk": risk,
        "irreversible": irreversible,
        "start_seconds_max": start_seconds_max,
    }))
}

fn param(param: &Param) -> Value {
    let Param { name, kind: type_, required, default, description } = param;
    json!({
        "name": name,
        "type": kind(type_),
        "required": required,
        "default": default,
        "description": description,
    })
}

fn kind(kind_: &Kind) -> Value {
    match kind_ {
        Kind::Text { pattern, min, max, multiline } => {
            let pattern = pattern.as_ref().map(WholePattern::as_str);
            json!({ "string": { "pattern": pattern, "min": min, "max": max, "multiline": multiline } })
        }
        Kind::Bool => json!("bool"),
        Kind::Integer { min, max } => json!({ "integer": { "min": min, "max": max } }),
        Kind::Enum(values) => json!({ "enum": values }),
        Kind::Path(PathKind { entry, must_exist, content, suffixes }) => json!({
            "path": { "kind": entry.word(), "must_exist": must_exist, "content": content, "suffixes": suffixes },
        }),
        Kind::Url { schemes } => json!({ "url": { "schemes": schemes } }),
        Kind::Email => json!("email"),
        Kind::List { item, min, max } => json!({ "list": { "items": kind(item), "min": min, "max": max } }),
        Kind::Object => json!("object"),
    }
}

fn effect(effect: &Effect) -> Value {
    match effect {
        Effect::Run(Command { program, args, dir_param, timeout_seconds, reach }) => json!({ "run": {
            "program": program,
            "args": args.iter().map(Template::to_string).collect::<Vec<_>>(),
            "dir": dir_param,
            "timeout_seconds": timeout_seconds,
            "reach": wanted(reach),
        } }),
        Effect::Open(Opener::Editor { param }) => json!({ "editor": param }),
        Effect::Open(Opener::Browser { param }) => json!({ "browser": param }),
        Effect::Open(Opener::Terminal { param }) => json!({ "terminal": param }),
        Effect::Mail => json!("mail"),
        Effect::Bridge(service) => json!({ "bridge": service.name() }),
        Effect::Release => json!("release"),
    }
}

fn wanted(wanted: &Wanted) -> Value {
    let Wanted { confined, read, write, network, is_declared: _ } = wanted;
    let texts = |places: &[Given]| places.iter().map(Given::text).collect::<Vec<_>>();
    json!({ "confined": confined, "read": texts(read), "write": texts(write), "network": network })
}

#[cfg(test)]
mod tests {
    use ccc_protocol::bodies::{Policy, Risk};

    use super::*;
    use crate::catalogue::{Catalogue, Entry};

    #[test]
    fn every_change_of_a_declaration_changes_its_digest() {
        let catalogue = Catalogue::built_in();
        let action = catalogue.named("open-terminal").unwrap().as_ref().clone();
        let changes: [fn(&mut Action); 10] = [
            |a| a.description.push('x'),
            |a| a.group.push('x'),
            |a| a.policy = Policy::AutoAccept,
            |a| a.floor = Some(Policy::Queue),
            |a| a.risk = Risk::High,
            |a| a.irreversible = true,
            |a| a.start_seconds_max = Some(1),
            |a| a.params.clear(),
            |a| a.effect = Effect::Release,
            |a| {
                let kind = PathKind { entry: Entry::File, must_exist: true, content: false, suffixes: vec![] };
                a.params.first_mut().unwrap().kind = Kind::Path(kind);
            },
        ];
        assert_eq!(digest(&action), action.declaration);
        for (index, change) in changes.iter().enumerate() {
            let mut changed = action.clone();
            change(&mut changed);
            assert_ne!(digest(&changed), action.declaration, "change {index}");
        }
    }

    #[test]
    fn what_a_program_reaches_is_part_of_its_declaration_and_whether_its_owner_said_so_is_not() {
        let run = |reach: Wanted| {
            let command =
                Command { program: "/bin/x".into(), args: vec![], dir_param: None, timeout_seconds: 1, reach };
            effect(&Effect::Run(command))
        };
        let silent = run(Wanted::default());
        for reach in [
            Wanted { confined: None, ..Wanted::default() },
            Wanted { read: vec![Given::Host("/x".into())], ..Wanted::default() },
            Wanted { write: vec![Given::Host("/x".into())], ..Wanted::default() },
            Wanted { network: true, ..Wanted::default() },
        ] {
            assert_ne!(run(reach.clone()), silent, "{reach:?}");
        }
        assert_eq!(run(Wanted { is_declared: true, ..Wanted::default() }), silent);
    }

    #[test]
    fn no_two_built_in_actions_share_a_digest() {
        let catalogue = Catalogue::built_in();
        let digests: std::collections::BTreeSet<_> = catalogue.iter().map(|action| action.declaration).collect();
        assert_eq!(digests.len(), catalogue.iter().count());
    }
}
