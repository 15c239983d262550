//! `find`: its tests, and what it does with what it finds. Its `-exec` is taken off before.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::Call;
use crate::facts::{Access, Class};
use crate::programs::form::Program;

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    let is_test = |arg: &&Arg| arg.text.starts_with(['-', '(', '!']) && !is_leading_flag(&arg.text);
    if call.args.iter().any(|arg| matches!(arg.text.as_str(), "-D" | "-f")) {
        gather.opaque("`find` gets an option that is not known here");
    }
    let roots: Vec<Arg> =
        call.args.iter().take_while(|arg| !is_test(arg)).filter(|arg| !arg.is_option()).cloned().collect();
    let roots = if roots.is_empty() { vec![Arg::known(".")] } else { roots };
    let tests: Vec<&Arg> = call.args.iter().skip_while(|arg| !is_test(arg)).collect();
    call.paths(&roots, Access::Read, gather);
    gather.class(Class::Reads, "`find` lists files");
    for (at, test) in tests.iter().enumerate() {
        let next = tests.get(at + 1);
        match test.text.as_str() {
            "-delete" => removed(call, &roots, &tests, gather),
            "-fprint" | "-fprint0" | "-fprintf" | "-fls" => call.paths(next.copied(), Access::Write, gather),
            "-files0-from" | "-exec" | "-execdir" | "-ok" | "-okdir" => call.runs_other(&test.text, gather),
            _ if !test.exact && test.text.is_empty() => {
                gather.opaque("`find` gets a test that is known only when it runs");
            }
            text if text.starts_with('-') && !is_value(&tests, at) && !is_known(text) => {
                gather.opaque(format!("`find` has no test `{text}` that is known here"));
            }
            _ => {}
        }
    }
}

/// Flags that stand before the roots, on any system.
fn is_leading_flag(text: &str) -> bool {
    text.starts_with("-O") || matches!(text, "-H" | "-L" | "-P" | "-E" | "-X" | "-d" | "-s" | "-x")
}

/// True where the test before takes this as its value.
fn is_value(tests: &[&Arg], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tests.get(before));
    before.is_some_and(|before| VALUES.contains(&before.text.as_str()) || before.text.starts_with("-newer"))
}

fn is_known(test: &str) -> bool {
    VALUES.contains(&test) || FLAGS.contains(&test) || test.starts_with("-newer")
}

/// Tests with a value that only choose, and `-printf`.
const VALUES: &[&str] = &[
    "-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex", "-regextype", "-type",
    "-xtype", "-size", "-mtime", "-atime", "-ctime", "-mmin", "-amin", "-cmin", "-perm", "-user", "-group", "-uid",
    "-gid", "-links", "-inum", "-samefile", "-lname", "-ilname", "-fstype", "-used", "-maxdepth", "-mindepth",
    "-depth", "-context", "-printf", "-D", "-flags", "-Bmin", "-Btime",
];

const FLAGS: &[&str] = &[
    "-not", "-o", "-or", "-a", "-and", "-print", "-print0", "-ls", "-prune", "-quit", "-empty", "-executable",
    "-readable", "-writable", "-true", "-false", "-depth", "-d", "-mount", "-xdev", "-x", "-follow", "-daystart",
    "-noleaf", "-nouser", "-nogroup", "-ignore_readdir_race", "-noignore_readdir_race", "-warn", "-nowarn", "-nowarn",
    "-H", "-L", "-P", "-E", "-X", "-s",
];

/// `-delete` removes what fits the tests; without one, everything.
fn removed(call: &Call<'_>, roots: &[Arg], tests: &[&Arg], gather: &mut Gather) {
    let either = |test: &&Arg| matches!(test.text.as_str(), "!" | "-not" | "-o" | "-or" | ",") || !test.exact;
    let name =
        tests.iter().position(|test| matches!(test.text.as_str(), "-name" | "-iname")).and_then(|at| tests.get(at + 1));
    let name = name.filter(|_| !tests.iter().any(either));
    for root in roots {
        let top = root.text.trim_end_matches('/');
        let text = match name {
            Some(name) => format!("{top}/**/{}", name.text),
            None if tests.len() > 1 => format!("{top}/**"),
            None => root.text.clone(),
        };
        call.path(&root.with_text(&text), Access::Delete, gather);
    }
}
