//! Names that a listing prints, wherever the shell puts them: files beneath the working directory, whose names may look like options.

use super::{Access, Class, bash, only, touched};

fn unknown(commands: &[&str]) {
    commands
        .iter()
        .for_each(|command| assert!(bash(command).any(&[Class::Unknown]), "{command}: {:?}", bash(command).classes));
}

fn pass(commands: &[&str]) {
    let harmless = &[Class::Reads, Class::VcsQuery, Class::Writes];
    commands.iter().for_each(|command| only(command, harmless));
}

#[test]
fn a_program_that_tells_its_options_reads_what_was_listed() {
    pass(&[
        "wc -l $(git ls-files '*.rs')",
        "wc -l $(git ls-files '*.rs' 2>/dev/null | grep -v test | head -20)",
        "cat `rg -l foo`",
        "cat $(ls src)",
        "grep -n foo $(git grep -l bar)",
        "for f in $(git diff --name-only); do head -5 \"$f\"; done",
        "for f in $(git ls-files); do echo \"== $f\"; wc -l $f; done",
        "git ls-files | while read f; do wc -l \"$f\"; done",
        "git ls-files | grep '\\.rs$' | while IFS= read -r file; do head -5 \"$file\"; done",
        "git ls-files | { read -r f; cat \"$f\"; }",
        // `find` writes where it began in front of each name, so none can be an option.
        "for f in $(find . -name '*.c'); do sed -n 1p \"$f\"; done",
        "find src -name '*.c' | while read -r f; do sed -n 1p \"$f\"; done",
        "for f in $(find src -name '*.c'); do sed -i s/a/b/ \"$f\"; done",
    ]);
    let facts = bash("for f in $(git diff --name-only); do head -5 \"$f\"; done");
    assert_eq!(touched(&facts, Access::Read), ["/home/dev/project/**"]);
}

#[test]
fn a_name_that_may_look_like_an_option_is_asked_elsewhere() {
    unknown(&[
        "sort $(git ls-files)",
        "sed -i s/a/b/ $(git ls-files)",
        "sed -n 1p $(ls)",
        "awk '{ print }' $(rg --files)",
        "for f in $(git ls-files); do sed -n 1p \"$f\"; done",
        "git ls-files | while read -r f; do python3 \"$f\"; done",
        "tar cf x.tar $(git ls-files)",
        "$(git ls-files)",
        "timeout 5 $(git ls-files)",
    ]);
}

#[test]
fn what_prints_anything_else_is_no_listing() {
    unknown(&[
        "cat $(cat list)",
        "wc -l $(git ls-files; echo /etc/passwd)",
        "wc -l $(git ls-files | sort < list)",
        "wc -l $(git ls-files | head << x\n/etc/passwd\nx\n)",
        "cat $(find . -ls)",
        "find . -ls | xargs cat",
        "cat $(find . -exec echo /etc/passwd ';')",
        "cat $(git ls-files -s)",
        "cat \"$(git ls-files)\"",
        "cat $(sudo git ls-files)",
        "X=$(git ls-files); wc -l $X",
        // What it says of an error names files elsewhere.
        "cat $(git ls-files --exclude-from='x /home/dev/.netrc y' 2>&1)",
        "git ls-files --exclude-from='x /home/dev/.netrc y' 2>&1 | xargs cat",
        "git ls-files --exclude-from='x /home/dev/.netrc y' |& xargs cat",
        "git ls-files '*.rs' |& while read -r f; do cat \"$f\"; done",
        "cat $(find 'x ' -type f)",
        "cat list | while read -r f; do wc -l \"$f\"; done",
        "git ls-files | while read -r f; do wc -l \"$f\"; done < list",
        "git ls-files | { exec < list; read -r f; cat \"$f\"; }",
        "git ls-files | while read -r f; do read -r f < list; cat \"$f\"; done",
        "git ls-files | while read -r f g; do cat \"$g\"; done",
        "git ls-files | while read -r -d x f; do cat \"$f\"; done",
        "cat list | { git ls-files | head -1; while read -r f; do cat \"$f\"; done; }",
        "git ls-files | while read -r f; do cat list | while read -r f; do cat \"$f\"; done; done",
        // A backslash in a name goes where `read` is not told to leave it.
        "find . -name '*.c' | while read f; do cat \"$f\"; done",
    ]);
}

#[test]
fn names_are_taken_apart_at_blanks_alone() {
    unknown(&[
        "IFS=:; wc -l $(git ls-files)",
        "IFS=,; for f in $(git ls-files); do cat $f; done",
        "read IFS; cat $(git ls-files)",
        "for f in 'x /home/dev/.ssh/id'*; do cat $f; done",
        "f='x /home/dev/notes'*; cat $f",
    ]);
    pass(&["for f in 'My Documents'/*.txt; do cat \"$f\"; done"]);
}

#[test]
fn what_is_listed_elsewhere_is_read_there() {
    for (command, class) in [
        ("cat $(ls /etc)", Class::Credentials),
        ("cd /etc && cat $(ls)", Class::Credentials),
        ("for f in $(ls ~/.ssh); do cat ~/.ssh/$f; done", Class::Credentials),
        ("cd ~ && git ls-files | while read -r f; do cat \"$f\"; done", Class::Credentials),
        ("rm $(git ls-files)", Class::Persistence),
        ("git ls-files | while read -r f; do rm \"$f\"; done", Class::Persistence),
    ] {
        assert!(bash(command).any(&[class]), "{command}: {:?}", bash(command).classes);
    }
}
