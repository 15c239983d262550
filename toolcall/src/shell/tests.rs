//! The reader against what a shell does.

use super::{Opaque, RedirectOp, Script, SimpleCommand, parse};
use proptest::prelude::*;

/// Each command as `program arg arg`, with `?` for what is not literal.
fn lines(text: &str) -> Vec<String> {
    parse(text).commands.iter().map(line).collect()
}

fn line(command: &SimpleCommand) -> String {
    let words = command.program.iter().chain(&command.args);
    words.map(|word| word.literal().unwrap_or_else(|| "?".into())).collect::<Vec<_>>().join(" ")
}

fn clear(text: &str) -> Script {
    let script = parse(text);
    assert_eq!(script.opaque, [], "{text}");
    script
}

#[test]
fn quoting_is_taken_off_as_the_shell_does() {
    for text in [
        "rm -rf /", "r''m -rf /", "\\rm -rf /", "\"rm\" -rf '/'", "'r'\"m\" -r\\f /", "$'rm' $'\\x2drf' /",
        "r\\\nm -rf /", "$'\\162m' -rf /",
    ] {
        assert_eq!(lines(text), ["rm -rf /"], "{text}");
    }
}

#[test]
fn operators_separate_commands() {
    assert_eq!(lines("a;b&&c||d|e|&f&g\nh"), ["a", "b", "c", "d", "e", "f", "g", "h"]);
    assert_eq!(lines("(a; b) && { c; d; }"), ["a", "b", "c", "d"]);
    assert_eq!(lines("! a | b # c; d\ne"), ["a", "b", "e"]);
}

#[test]
fn compound_commands_give_all_their_commands() {
    assert_eq!(lines("if a; then b; elif c; then d; else e; fi"), ["a", "b", "c", "d", "e"]);
    assert_eq!(lines("while a; do b; done; until c; do d; done"), ["a", "b", "c", "d"]);
    assert_eq!(lines("for x in 1 2; do a; done"), ["", "a"]);
    assert_eq!(lines("for ((i=0; i<3; i++)); do a; done"), ["a"]);
    assert_eq!(lines("case $x in a|b) c;; (d) e ;& *) f; esac; g"), ["c", "e", "f", "g"]);
    assert_eq!(lines("[[ -f a && ! -d b ]] && d"), ["[[ -f a ! -d b", "d"]);
    assert_eq!(lines("[[ $x =~ ^(a|b)$ ]] || d"), ["[[ ? =~ ^ a b $", "d"]);
    assert_eq!(lines("((x = 1 + (2)))\na"), ["a"]);
}

#[test]
fn reserved_words_count_at_the_start_only() {
    assert_eq!(lines("echo if then done }"), ["echo if then done }"]);
    assert_eq!(lines("'if' x"), ["if x"]);
}

#[test]
fn commands_in_substitutions_come_before_their_user() {
    assert_eq!(lines("echo $(a $(b)) `c \\`d\\`` \"$(e)\""), ["b", "a ?", "d", "c ?", "e", "echo ? ? ?"]);
    assert_eq!(lines("diff <(a) <(b) > >(c)"), ["a", "b", "c", "diff ? ?"]);
    assert_eq!(lines("x=$(a) y=${z:-$(b)} w=$((1 + $(c)))"), ["a", "b", "c", ""]);
    assert_eq!(lines("echo \"${x:-`a`}\""), ["a", "echo ?"]);
}

#[test]
fn single_quotes_hide_substitutions_and_double_quotes_do_not() {
    assert_eq!(lines("echo '$(a)'"), ["echo $(a)"]);
    assert_eq!(lines("echo \"\\$(a)\""), ["echo $(a)"]);
}

#[test]
fn what_is_not_literal_is_said_so() {
    let script = clear("cat $x ~/a *.rs {a,b} \"$y\"z");
    let command = &script.commands[0];
    assert!(command.args.iter().all(|word| word.literal().is_none()));
    assert!(command.args[3].brace);
    assert_eq!(lines("echo {} HEAD@{1} {a}"), ["echo {} HEAD@{1} {a}"]);
}

#[test]
fn redirections_name_their_targets() {
    let script = clear("a < in > out 2>> err &> both 3>&1 2>&- >| clob <> rw >&file");
    let seen: Vec<_> =
        script.commands[0].redirects.iter().map(|r| (r.op, r.target.literal().unwrap_or_default())).collect();
    let expected = [
        (RedirectOp::Read, "in"),
        (RedirectOp::Write, "out"),
        (RedirectOp::Write, "err"),
        (RedirectOp::Write, "both"),
        (RedirectOp::Duplicate, "1"),
        (RedirectOp::Duplicate, "-"),
        (RedirectOp::Write, "clob"),
        (RedirectOp::ReadWrite, "rw"),
        (RedirectOp::Write, "file"),
    ];
    assert_eq!(seen, expected.map(|(op, target)| (op, target.to_owned())));
}

#[test]
fn here_documents_are_text_until_their_delimiter() {
    let script = clear("cat <<'E' > f; b\nrm -rf /\nE\nc <<-X <<Y\n\tone\n\tX\ntwo\nY\nd");
    assert_eq!(script.commands.iter().map(line).collect::<Vec<_>>(), ["cat", "b", "c", "d"]);
    assert_eq!(script.commands[0].redirects[0].target.literal().as_deref(), Some("rm -rf /\n"));
    assert_eq!(script.commands[2].redirects[0].target.literal().as_deref(), Some("\tone\n"));
    assert_eq!(script.commands[2].redirects[1].target.literal().as_deref(), Some("two\n"));
    assert_eq!(lines("cat <<E\n$(a) `b`\nE\nc"), ["cat", "a", "b", "c"]);
    assert_eq!(lines("git commit -m \"$(cat <<'E'\nit's (a) message\nE\n)\" && b"), ["cat", "git commit -m ?", "b"]);
}

#[test]
fn text_that_two_shells_read_differently_is_refused() {
    for text in [
        "echo \"${x:-'}\"; rm -rf / #'}\"", "cat <<E\nE\\\nE\nE\nrm x\n", "echo 'a", "echo \"a", "echo $(a", "echo `a",
        "a |", "| a", "a ;; b", "if a; then b", "a (b)", "((a) b)", "${ a; }", "case x in", ")", "a && )", "coproc a",
        "[[ a > ~/.bashrc ]]", "[[ a && rm -rf / ]]", "[[ a\nrm -rf / ]]", "((rm -rf /))", "((x>/etc/passwd))",
        "echo $[ a; rm -rf / ]", "echo $'\\'; rm -rf / #'", "echo x >! ~/.bashrc", "cat <<$x\n",
    ] {
        assert!(!parse(text).opaque.is_empty(), "{text}");
    }
}

#[test]
fn an_unquoted_document_for_a_shell_keeps_its_backslashes() {
    let script = parse("sh <<E\necho \\\"; rm -rf / #\"\nE");
    assert!(script.commands.iter().any(|command| line(command) == "rm -rf /"));
}

#[test]
fn functions_are_unknown_and_their_bodies_are_read() {
    for text in ["f() { rm -rf /; }; f", "function f { rm -rf /; }", "f () (rm -rf /)"] {
        let script = parse(text);
        assert_eq!(script.opaque, [Opaque::Function], "{text}");
        assert_eq!(line(&script.commands[0]), "rm -rf /", "{text}");
    }
}

#[test]
fn a_program_known_only_at_run_time_is_opaque() {
    for text in [
        "$x -rf /", "\"$x\"", "$(a) b", "r$IFS", "{rm,-rf,/}", "/bin/r? x", "~/bin/x", "cat$IFS/etc/passwd", "sudo $x",
        "<(a)",
    ] {
        assert!(parse(text).opaque.contains(&Opaque::Program), "{text}");
    }
}

#[test]
fn wrappers_are_taken_off() {
    for text in [
        "sudo rm -rf /", "sudo -u root -E rm -rf /", "sudo -nu root -- rm -rf /", "doas rm -rf /",
        "env -u X A=b rm -rf /", "env -i -- A=b rm -rf /", "nice -n 5 nohup time -p rm -rf /",
        "timeout -k 3 --signal=KILL 5 rm -rf /", "stdbuf -oL rm -rf /", "exec -a x rm -rf /", "command -p rm -rf /",
        "busybox rm -rf /", "/usr/bin/env rm -rf /", "sh -c 'rm -rf /'", "bash -lc \"rm -rf /\"",
        "bash -euxo pipefail -c 'rm -rf /' x y", "sudo sh -c 'env rm -rf /'", "eval rm -rf '/'", "eval 'rm -rf /'",
        "bash <<< 'rm -rf /'", "sh -s <<'E'\nrm -rf /\nE", "poetry run rm -rf /",
    ] {
        let script = parse(text);
        assert!(
            script.commands.iter().any(|command| line(command) == "rm -rf /" && !command.via.is_empty()),
            "{text}: {script:?}"
        );
        assert_eq!(script.opaque, [], "{text}");
    }
    assert_eq!(lines("trap 'rm -rf /' EXIT"), ["rm -rf /"]);
}

#[test]
fn a_wrapper_keeps_redirections_and_assignments() {
    let script = clear("A=1 sudo B=2 env C=3 tee x > y");
    let command = &script.commands[0];
    assert_eq!(command.assignments.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!(command.redirects.len(), 1);
    assert_eq!(command.via, ["sudo", "env"]);
    assert_eq!(clear("sh -c 'a; b' > y").commands[0].redirects.len(), 1);
}

#[test]
fn a_wrapper_called_in_an_unknown_way_is_opaque() {
    for text in [
        "sudo --new-option rm x", "env -S 'rm -rf /'", "xargs -a names rm", "eval $x", "sh -c \"$x\"", "bash -c", "sh",
        "bash -i", "a | sh", "trap \"$x\" EXIT",
    ] {
        assert!(!parse(text).opaque.is_empty(), "{text}");
    }
}

#[test]
fn find_runs_its_command_on_what_lies_beneath_its_roots() {
    let script = clear("find src tests -name '*.rs' -exec grep -l {} \\; -print");
    assert_eq!(line(&script.commands[0]), "find src tests -name *.rs -print");
    assert_eq!(script.commands[1].via, ["find"]);
    assert_eq!(script.commands[1].args[1].leading(), "src/");
    assert_eq!(script.commands[2].args[1].leading(), "tests/", "each name has a run of its own");
    assert_eq!(clear("find a b -name x -exec rm {} +").commands[1].args.len(), 2);
    assert_eq!(line(&clear("find a -name x -exec rm + y \\; -print").commands[1]), "rm + y");
    assert_eq!(
        clear("find src -type f -exec rm {} +").commands[1].args.len(),
        2,
        "what no test chooses may be the root itself"
    );
}

#[test]
fn xargs_gets_names_only_from_programs_that_list_them() {
    let beneath =
        |text: &str| parse(text).commands.last().and_then(|c| c.args.last()).map(|word| word.leading().to_owned());
    assert_eq!(beneath("git ls-files | grep x | head -5 | xargs -0 wc -l").as_deref(), Some("./"));
    assert_eq!(beneath("find /etc -type f -newer x | xargs cat").as_deref(), Some("/etc/"));
    assert_eq!(beneath("find a | xargs -I{} cp {} b").as_deref(), Some("b"));
    assert_eq!(beneath("curl x | xargs cat").as_deref(), Some(""));
    assert_eq!(beneath("find a | sed s,a,/etc, | xargs cat").as_deref(), Some(""));
}

#[test]
fn ssh_keeps_its_host_and_marks_what_runs_there() {
    let script = clear("ssh -p 22 me@host 'cat x'");
    assert_eq!(line(&script.commands[0]), "ssh -p 22 me@host cat x");
    assert_eq!(line(&script.commands[1]), "cat x");
    assert!(script.commands[1].context.remote);
}

#[test]
fn nesting_and_numbers_are_bounded() {
    assert!(parse(&"( ".repeat(30_000)).opaque.contains(&Opaque::TooDeep));
    assert!(parse(&"$(".repeat(30_000)).opaque.contains(&Opaque::TooDeep));
    assert!(parse(&"${x:-".repeat(13_000)).opaque.contains(&Opaque::TooDeep));
    assert!(parse(&"sudo ".repeat(13_000)).opaque.contains(&Opaque::TooDeep));
    assert!(parse(&"a;".repeat(30_000)).opaque.contains(&Opaque::TooMany));
    assert!(parse(&"if a; then ".repeat(5_000)).opaque.contains(&Opaque::TooDeep));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_soup_of_shell_makes_it_panic(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60)) {
        let _ = parse(&pieces.concat());
    }

    #[test]
    fn a_quoted_word_is_that_word(text in "[^'\\x00]{1,40}") {
        let script = parse(&format!("echo '{text}'"));
        prop_assert_eq!(script.commands[0].args[0].literal(), Some(text));
    }
}

const PIECES: &[&str] = &[
    "a", " ", "\n", ";", "&", "&&", "|", "||", "(", ")", "{", "}", "$(", "`", "${", "$((", "))", "\"", "'", "\\",
    "<<E\n", "E\n", "<", ">", "<(", "if ", "then ", "fi", "for x in ", "do ", "done", "case x in ", "esac", ";;",
    "[[ ", " ]]", "x=", "x=(", "sh -c ", "xargs ", "find . -exec ", "{}", "eval ", "sudo ", "~", "*", "#", "$'", "\\x",
    "$x", "function ", "time ", "<<<", "2>&1", "-", "ssh h ", "é",
];
