//! What an owner may teach of programs, and what each mistake is answered with.

use std::fmt::Write as _;

use ccc_toolcall::facts::{Class, Facts, derive, suggest};
use ccc_toolcall::programs::{own::Taught, show};
use serde_json::json;

use super::{law, read};
use crate::law::Law;

fn facts(law: &Law, call: &str) -> Facts {
    derive("Bash", &json!({ "command": call }), "/home/dev/project", &law.knowledge())
}

/// The classes of a call, blanks between them.
fn classes(law: &Law, call: &str) -> String {
    facts(law, call).classes.keys().map(|class| class.as_str()).collect::<Vec<_>>().join(" ")
}

fn refusal(config: &str) -> String {
    read(config).map(drop).expect_err(config).to_string()
}

#[test]
fn a_taught_program_is_known_in_its_own_forms_alone() {
    let law = law(r#"
        [programs.acme]
        options = { "-v" = "flag" }
        words.lint = { operands = ["read*"], does = ["builds"] }
        words.fetch = { operands = ["url"], does = ["reads"] }
    "#);
    assert_eq!(classes(&law, "acme -v lint src"), "reads builds");
    assert_eq!(classes(&law, "acme fetch https://x.example/a"), "reads network");
    assert_eq!(facts(&law, "acme fetch https://x.example/a").hosts, ["x.example"]);
    for call in ["acme", "acme lint --fix src", "acme lint $x", "acme frob", "/opt/acme lint src"] {
        assert!(facts(&law, call).any(&[Class::Unknown]), "{call}");
    }
    assert!(facts(&super::law(""), "acme -v lint src").any(&[Class::Unknown]), "nobody taught it");
}

#[test]
fn what_ships_keeps_what_it_says() {
    let law = law(r#"
        [programs.cat]
        operands = ["any*"]
        does = ["reads"]
        [programs.git]
        options = { "-C" = "text" }
        [programs.git.words.push]
        options = { "--force" = "flag", "--frob" = "flag" }
        operands = ["any*"]
        does = ["vcs-query"]
    "#);
    assert_eq!(classes(&law, "cat ~/.ssh/id_rsa"), "reads credentials");
    for call in
        ["git push --force origin main", "git -C /etc status", "git push origin main", "cat ../../../etc/shadow"]
    {
        assert_eq!(classes(&law, call), classes(&super::law(""), call), "{call}");
    }
}

#[test]
fn options_words_and_forms_are_added_to_what_ships() {
    let law = law(r#"
        [programs.cargo.words.build]
        options = { "--frob" = "flag", "--send" = { value = "text", does = ["upload"] } }
        [programs.jj.words.git.words.frob]
        does = ["network"]
        [programs.wc]
        options = { "--frob" = "write" }
    "#);
    assert_eq!(classes(&law, "cargo build --frob --release"), "builds");
    assert_eq!(classes(&law, "cargo build --send x"), "builds upload");
    assert_eq!(classes(&law, "jj git frob"), "network");
    assert_eq!(classes(&law, "wc --frob=out.txt a.rs"), "reads writes");
    for call in ["cargo test --frob", "jj frob", "cargo build --frob --config x=y"] {
        assert!(facts(&law, call).any(&[Class::Unknown]), "{call}");
    }
}

#[test]
fn in_the_place_of_what_ships_paths_are_what_they_are() {
    let law = law(r#"
        [programs.cat]
        replace = true
        options = { "--to" = "any" }
        operands = ["any*"]
        does = ["reads"]
    "#);
    assert_eq!(classes(&law, "cat a b"), "reads");
    assert!(facts(&law, "cat -n a").any(&[Class::Unknown]), "what ships does not count");
    for call in [
        "cat ~/.ssh/id_rsa", "cat --to ~/.aws/credentials", "cat --to=/home/dev/.netrc x",
        "cd .. && cat ../.ssh/id_rsa",
    ] {
        assert!(facts(&law, call).any(&[Class::Credentials]), "{call}");
    }
    assert!(facts(&law, "cat --to .git/hooks/pre-commit").any(&[Class::Persistence]));
    assert!(facts(&law, "cat --to .claude/settings.json").any(&[Class::HookSettings]));
}

#[test]
fn what_cannot_be_taught_is_refused_where_it_stands_with_what_to_write() {
    for (config, says) in [
        ("[programs.x]\nfrob = 1", "unknown key `frob`"),
        ("[programs.x]", "program `x`: says nothing"),
        ("[programs.x]\ndoes = []", "`does` is empty: say what the call does"),
        ("[programs.x]\nforms = [{ does = [] }]", "`does` is empty"),
        ("[programs.x]\ndoes = [\"read\"]", "`read` is no class: write one of reads,"),
        (
            "[programs.x]\ndoes = [\"reads\"]\noptions = { \"n\" = \"flag\" }",
            "`n` is no option: options begin with `-`",
        ),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"\" = \"flag\" }", "a key of `options` has no name in it"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"-n\" = \"path\" }", "`path` is no kind of value"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"-n\" = \"text??\" }", "`text??` is no kind of value"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"-n\" = 1 }", "an option's value is `flag`"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"-n\" = [] }", "may be none of no words"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"-n\" = { does = [] } }", "the `does` of `-n` is empty"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"-n -n\" = \"flag\" }", "the option `-n` is listed twice"),
        ("[programs.x]\noperands = [\"read*\", \"text+\"]\ndoes = [\"reads\"]", "more than one operand takes several"),
        ("[programs.x]\noperands = [\"command\", \"text\"]\ndoes = [\"reads\"]", "nothing follows a command"),
        ("[programs.x]\noperands = [\"a||b\"]\ndoes = [\"reads\"]", "`a||b` is no kind of operand"),
        ("[programs.x]\noperands = [\"read\"]", "operands without `does`"),
        (
            "[programs.x.words.\"a b\"]\ndoes = [\"reads\"]\n[programs.x.words.b]\ndoes = [\"reads\"]",
            "the word `b` is listed twice",
        ),
        ("[programs.x.words.a]\nfrob = true", "unknown key `frob`"),
        ("[programs.x]\ndoes = [\"reads\"]\nhandler = \"git\"", "`handler` is for shipped files"),
        ("[programs.x]\ndoes = [\"reads\"]\nnames = [\"y\"]", "write a table for each name"),
        ("[programs.\"/bin/x\"]\ndoes = [\"reads\"]", "without its directory"),
        ("[programs.\"\"]\ndoes = [\"reads\"]", "no program is called so"),
        ("[programs.\"a\\u0007b\"]\ndoes = [\"reads\"]", "program `a\\u{7}b`"),
        ("[programs.x]\ndoes = [\"\\u001b[2J\"]", "\\u{1b}[2J"),
        ("[programs.sudo]\noperands = [\"any*\"]\ndoes = [\"reads\"]", "it runs what its arguments say"),
        ("[programs.bash]\noperands = [\"any*\"]\ndoes = [\"reads\"]", "it runs what its arguments say"),
        ("[programs.xargs]\noperands = [\"any*\"]\ndoes = [\"reads\"]", "it runs what its arguments say"),
        ("[programs.go]\nstyle = \"none\"\ndoes = [\"reads\"]", "`style` is what ships for it"),
        ("[programs.x]\nstyle = \"posix\"\ndoes = [\"reads\"]", "unknown variant `posix`"),
    ] {
        let said = refusal(config);
        assert!(said.contains(says), "{config}\n{said}");
        assert!(said.starts_with("line "), "{said}");
        assert!(!said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
    }
}

#[test]
fn tables_have_an_end() {
    let mut options = String::from("[programs.x]\ndoes = [\"reads\"]\n[programs.x.options]\n");
    for nth in 0..10_001 {
        writeln!(options, "\"--o{nth}\" = \"flag\"").unwrap();
    }
    assert!(refusal(&options).contains("more than 10000 options"));
    let programs: String =
        (0..1_001).fold(String::new(), |text, nth| text + &format!("[programs.p{nth}]\ndoes = [\"reads\"]\n"));
    assert!(refusal(&programs).contains("more than 1000 programs"));
    let nested = |levels: usize| format!("[programs.x{}]\ndoes = [\"reads\"]", ".words.a".repeat(levels));
    assert!(read(&nested(8)).is_ok());
    assert!(refusal(&nested(9)).contains("more than 8 levels deep"));
    assert!(!refusal(&nested(20_000)).is_empty());
}

#[test]
fn rows_that_never_count_are_told() {
    let idle = |config: &str| {
        let law = law(config);
        law.programs.iter().flat_map(Taught::idle).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(idle("[programs.x]\ndoes = [\"reads\"]"), "");
    assert_eq!(idle("[programs.cargo.words.build]\noptions = { \"--frob\" = \"flag\" }"), "");
    for (config, says) in [
        ("[programs.jj.words.status]\noperands = [\"read*\"]\ndoes = [\"vcs-query\"]", "it adds nothing"),
        (
            "[programs.jj.words.log]\noptions = { \"-n\" = \"flag\", \"-z\" = \"flag\" }",
            "`-n` ships with another value",
        ),
        ("[programs.jj.words.frob]\noptions = { \"-n\" = \"flag\" }", "`frob`: it has no form"),
        (
            "[programs.x]\nstyle = \"none\"\ndoes = [\"reads\"]\noptions = { \"-n\" = \"flag\" }",
            "the style has no options",
        ),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"--a=b\" = \"flag\" }", "what stands behind `=` is its value"),
        ("[programs.x]\ndoes = [\"reads\"]\noptions = { \"--\" = \"flag\" }", "it ends the options"),
        (
            "[programs.x]\nforms = [{ operands = [\"read*\"], does = [\"reads\"] }]\noperands = [\"read\"]\ndoes = [\"writes\"]",
            "behind one that takes all",
        ),
        (
            "[programs.x]\nforms = [{ with = [\"-d\"], does = [\"reads\"] }]",
            "a form needs `-d`, which is no option here",
        ),
        ("[programs.x.words.\"-a\"]\ndoes = [\"reads\"]", "the word `-a` is read as an option"),
        (
            "[programs.x]\noperands = [\"a|b\"]\ndoes = [\"reads\"]\n[programs.x.words.a]\ndoes = [\"reads\"]",
            "the operand `a` is a word here",
        ),
    ] {
        assert!(idle(config).contains(says), "{config}\n{}", idle(config));
    }
}

#[test]
fn a_suggestion_is_refused_until_a_person_says_what_it_does() {
    for (call, table) in [
        ("acme lint --fast -o out.txt src/a.rs", "[programs.acme.words.lint]"),
        ("acme", "[programs.acme]"),
        ("acme --url=https://x.example/y 5 'a b'", "[programs.acme]"),
        ("jj log -r @ --frob", "[programs.jj.words.log]"),
        ("jj frob -x 'a \"b\" \\ c'", "[programs.jj.words.frob]"),
        ("cargo build --frob x", "[programs.cargo.words.build]"),
        ("sudo acme lint", "[programs.acme.words.lint]"),
        ("acme.sh run", "[programs.\"acme.sh\".words.run]"),
        ("acme --say \"$x\"", "[programs.acme]"),
    ] {
        let lines = suggest(call, &law("").knowledge());
        assert!(lines.contains(table), "{call}\n{lines}");
        let said = refusal(&lines);
        assert!(said.contains("is empty: say what"), "{call}\n{lines}\n{said}");
        let filled = law(&lines.replace("does = []", "does = [\"vcs-query\"]"));
        let found = facts(&filled, call);
        assert!(found.any(&[Class::VcsQuery]) && !found.any(&[Class::Unknown]), "{call}\n{lines}\n{:?}", found.classes);
        assert!(facts(&filled, &format!("{call} --other")).any(&[Class::Unknown]), "{call}: nothing but this form");
    }
}

#[test]
fn what_is_known_or_cannot_be_taught_is_said_so() {
    let knowledge = law("").knowledge();
    assert_eq!(suggest("jj log -r @", &knowledge), "# `jj log -r @` is known\n");
    for call in ["$x y", "acme \"$x\"", "bash -c \"$x\"", "./acme lint", "xargs -a list rm", "if"] {
        let said = suggest(call, &knowledge);
        assert!(said.lines().all(|line| line.is_empty() || line.starts_with("# ")), "{call}\n{said}");
    }
    let hostile = suggest("acme 'a\u{202e}b\u{1b}[2J\nc' --x=\"\u{7}\"", &knowledge);
    assert!(!hostile.contains(['\u{202e}', '\u{1b}', '\u{7}']), "{hostile:?}");
}

#[test]
fn what_is_known_is_printed_with_where_it_comes_from() {
    let law = law(
        "[programs.acme]\nsource = \"https://acme.example/\"\ndoes = [\"reads\"]\n[programs.jj.words.frob]\ndoes = [\"vcs-query\"]",
    );
    let list = show::list(&law.programs);
    let row = |name: &str, from: &str| list.lines().any(|line| line.split_whitespace().take(2).eq([name, from]));
    assert!(row("acme", "config") && row("jj", "shipped") && row("jj", "config") && row("cat", "shipped"), "{list}");
    let page = show::page("jj", &law.programs).unwrap();
    for part in [
        "jj: shipped, written for", "jj: from the config; beside what ships", "jj log (or l)",
        "vcs-query (asks version control)", "jj frob",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(show::page("no-such-program", &law.programs), None);
}
