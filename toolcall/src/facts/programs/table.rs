//! Programs that treat their operands alike: read them, write them, remove them, or only print.

use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class};

/// What a program's operands are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    /// Not paths.
    Text,
    /// Paths that are read.
    Read,
    /// A text or pattern first, then paths that are read.
    TextThenRead,
    /// Paths that are made or changed.
    Write,
    /// A mode or owner first, then paths that are changed.
    TextThenWrite,
    /// A path that is read, then one that is written.
    ReadThenWrite,
    /// Paths that are removed.
    Delete,
}

/// One row: programs and their options that matter. What is not listed is a flag.
///
/// INVARIANT: an option is in `values` only if every system's version of the program demands a value for it. A flag there would
/// hide the operand behind it; a value missing there only counts as one operand more.
struct Row {
    names: &'static [&'static str],
    operands: Operands,
    /// Options with a value that is no path.
    values: &'static [&'static str],
    /// Options whose value is a path that is read.
    reads: &'static [&'static str],
    /// Options whose value is a path that is written.
    writes: &'static [&'static str],
    /// Options that run another program, or are not followed here.
    escapes: &'static [&'static str],
    /// Options with which directories are read whole; `*` for always.
    whole: &'static [&'static str],
    /// Options that give the first text, so that all operands are paths.
    texts: &'static [&'static str],
    /// How its options are written.
    style: Style,
}

const fn row(names: &'static [&'static str], operands: Operands) -> Row {
    Row {
        names,
        operands,
        values: &[],
        reads: &[],
        writes: &[],
        escapes: &[],
        whole: &[],
        texts: &[],
        style: Style::Letters,
    }
}

use Operands::{Delete, Read, ReadThenWrite, Text, TextThenRead, TextThenWrite, Write};

const ROWS: &[Row] = &[
    row(
        &[
            "echo", "true", "command", "time", "exec", "false", ":", "pwd", "whoami", "id", "groups", "uname", "arch",
            "nproc", "uptime", "free", "w", "who", "tty", "seq", "expr", "sleep", "test", "[", "[[", "basename",
            "dirname", "which", "type", "whereis", "getconf", "locale", "ps", "pgrep", "cal", "factor", "yes",
            "logname", "users", "lscpu", "lsblk", "vmstat", "jobs", "wait", "exit", "return", "break", "continue",
            "shift", "umask", "ulimit", "times", "tput", "clear", "sw_vers", "apropos", "whatis", "unset", "let",
            "getopts", "fg", "bg", "disown",
        ],
        Text,
    ),
    Row { escapes: &["-v"], ..row(&["printf"], Text) },
    Row { escapes: &["-s", "--set", "-f", "--file"], ..row(&["date"], Text) },
    Row { values: &["-t", "-n", "-p", "-d", "-u", "-i", "-a", "-N"], ..row(&["read"], Text) },
    Row { escapes: &["-C"], ..row(&["mapfile", "readarray"], Text) },
    row(
        &[
            "cat", "tac", "nl", "rev", "wc", "md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum",
            "b2sum", "cksum", "sum", "md5", "shasum", "strings", "od", "hexdump", "hd", "readelf", "bc", "comm", "cmp",
            "paste", "join", "expand", "unexpand", "fold", "fmt", "column", "colrm", "stat", "ls", "dir", "vdir", "df",
            "readlink", "realpath", "namei", "lsattr", "zcat", "bzcat", "xzcat", "zstdcat", "gzcat", "tokei", "exa",
            "eza", "lsd", "pathchk", "sha3sum", "otool", "xxhsum", "crc32", "colordiff",
        ],
        Read,
    ),
    Row { escapes: &["-O", "--file-output"], writes: &["-o", "--out-file"], ..row(&["dwarfdump", "diffstat"], Read) },
    row(&["lsof", "netstat"], Text),
    Row { escapes: &["-K", "--kill", "-D", "--diag", "-F", "--filter"], ..row(&["ss"], Text) },
    Row { values: &["-n", "-c", "--lines", "--bytes", "-s", "--pid"], ..row(&["head", "tail"], Read) },
    Row { values: &["-d", "-f", "-c", "-b", "--delimiter", "--fields"], ..row(&["cut"], Read) },
    Row {
        values: &["-d", "--max-depth", "--threshold", "-t", "--exclude"],
        reads: &["--files0-from", "-X", "--exclude-from"],
        ..row(&["du"], Read)
    },
    Row { values: &["-L", "-P", "-I"], writes: &["-o"], whole: &[], ..row(&["tree"], Read) },
    Row {
        values: &["-k", "--key", "-t", "--field-separator", "-S", "--buffer-size", "--parallel", "--batch-size"],
        reads: &["--files0-from", "--random-source"],
        writes: &["-o", "--output", "-T", "--temporary-directory"],
        escapes: &["--compress-program"],
        ..row(&["sort"], Read)
    },
    Row {
        values: &["-f", "-s", "-w", "--skip-fields", "--skip-chars", "--check-chars"],
        ..row(&["uniq"], ReadThenWrite)
    },
    // `-ps` is one option here, not `-p` and an `-s` that would hide the file to be read.
    Row { values: &["-c", "-l", "-s", "-o"], style: Style::Words, ..row(&["xxd"], ReadThenWrite) },
    Row {
        values: &["-U", "-C", "-W", "-I", "-x", "--exclude"],
        reads: &["-X", "--exclude-from", "--from-file", "--to-file"],
        whole: &["-r", "--recursive"],
        ..row(&["diff", "diff3"], Read)
    },
    Row {
        values: &["-F", "-P"],
        reads: &["-m", "-f", "--files-from"],
        escapes: &["-C", "--compile"],
        ..row(&["file"], Read)
    },
    Row { values: &["-j", "-M", "-m", "-b"], escapes: &["--plugin"], ..row(&["objdump", "nm", "size"], Read) },
    row(&["tr"], Text),
    Row {
        values: &["-w", "--wrap", "-i", "-o", "-b"],
        reads: &["-i"],
        writes: &["-o"],
        ..row(&["base64", "base32", "basenc"], Read)
    },
    Row { values: &["-n", "-i"], reads: &["--random-source"], writes: &["-o", "--output"], ..row(&["shuf"], Read) },
    Row {
        values: &[
            "-A", "-B", "-m", "-d", "-D", "--include", "--exclude", "--exclude-dir", "--max-count", "--label",
            "--binary-files",
        ],
        reads: &["-f", "--file", "--exclude-from"],
        whole: &["-r", "-R", "--recursive", "--dereference-recursive"],
        texts: &["-e", "--regexp", "-f", "--file"],
        ..row(&["grep", "egrep", "fgrep", "zgrep", "bzgrep", "xzgrep"], TextThenRead)
    },
    Row {
        values: &[
            "-A", "-B", "-C", "-m", "-g", "-t", "-T", "-j", "-M", "-r", "-E", "-d", "--glob", "--iglob", "--type",
            "--type-not", "--max-count", "--max-depth", "--context", "--replace", "--sort", "--sortr", "--threads",
            "--color", "--colors", "--encoding", "--max-columns", "--max-filesize", "--type-add", "--engine",
            "--context-separator",
        ],
        reads: &["-f", "--file", "--ignore-file"],
        escapes: &["--pre", "--hostname-bin"],
        whole: &["*"],
        texts: &["-e", "--regexp", "-f", "--file", "--files", "--type-list"],
        ..row(&["rg"], TextThenRead)
    },
    Row {
        values: &["-m", "-G", "--depth", "--ignore", "--ignore-dir"],
        reads: &["-p", "--path-to-ignore"],
        escapes: &["--pager"],
        whole: &["*"],
        ..row(&["ag"], TextThenRead)
    },
    Row {
        values: &[
            "-d", "-e", "-t", "-E", "-c", "-j", "--max-depth", "--min-depth", "--extension", "--type", "--exclude",
            "--color", "--size", "--changed-within", "--threads", "--glob",
        ],
        escapes: &["-x", "-X", "--exec", "--exec-batch"],
        ..row(&["fd", "fdfind"], TextThenRead)
    },
    Row {
        values: &["--indent", "--arg", "--argjson"],
        reads: &["-f", "--from-file", "-L"],
        texts: &["-f", "--from-file"],
        escapes: &["--slurpfile", "--rawfile", "--argfile"],
        ..row(&["jq", "gojq", "jaq"], TextThenRead)
    },
    Row {
        escapes: &["-i", "--inplace", "-s", "--split-exp"],
        values: &["-o", "-p", "-I"],
        ..row(&["yq"], TextThenRead)
    },
    Row {
        values: &["-l", "-r", "-H", "--language", "--line-range", "--style", "--theme", "--wrap", "--color"],
        escapes: &["--pager", "--paging"],
        ..row(&["bat", "batcat"], Read)
    },
    Row {
        values: &["-d", "-r", "-t", "--date", "--time", "-A"],
        reads: &["-r", "--reference"],
        ..row(&["touch"], Write)
    },
    Row { values: &["-m", "--mode"], ..row(&["mkdir"], Write) },
    Row { values: &["-s", "--size"], reads: &["-r", "--reference"], ..row(&["truncate"], Write) },
    row(&["dos2unix", "unix2dos"], Write),
    row(&["tee", "sponge"], Write),
    row(&["rm", "unlink", "rmdir"], Delete),
    Row { values: &["-n", "-s"], ..row(&["shred", "srm"], Delete) },
    Row { reads: &["--reference"], texts: &["--reference"], ..row(&["chgrp", "chown"], TextThenWrite) },
    row(&["mkfifo", "mknod"], Write),
];

/// Adds what the program does, if it is in the table.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    let Some(row) = ROWS.iter().find(|row| row.names.contains(&call.name)) else { return false };
    let parsed = options::read(call.args, &[row.values, row.reads, row.writes, row.escapes], row.style);
    if let Some(option) = parsed.first_beside(row.escapes, row.values) {
        call.runs_other(option, gather);
    }
    if row.operands != Text
        && !row.escapes.is_empty()
        && parsed.operands.iter().any(|arg| !arg.exact && arg.text.is_empty())
    {
        gather.opaque(format!("`{}` gets an argument that is known only when it runs", call.name));
    }
    call.paths(&parsed.values(row.reads), Access::Read, gather);
    call.paths(&parsed.values(row.writes), Access::Write, gather);
    for (_, value) in parsed
        .options
        .iter()
        .filter(|(_, value)| value.as_ref().is_some_and(|value| value.text.contains(['/', '~', '.'])))
    {
        let text = value.as_ref().map_or("", |value| value.text.as_str());
        call.directories.iter().for_each(|directory| gather.implied(directory, text, Access::Read));
    }
    row.operands(call, &parsed, gather);
    true
}

impl Row {
    fn operands(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let skip = usize::from(!parsed.has(self.texts));
        let after = |skip: usize| parsed.operands.iter().skip(skip);
        match self.operands {
            Text => {}
            Read => call.paths(after(0), Access::Read, gather),
            TextThenRead => call.paths(after(skip), Access::Read, gather),
            Write => call.paths(after(0), Access::Write, gather),
            TextThenWrite => call.paths(after(skip), Access::Write, gather),
            Delete => call.paths(after(0), Access::Delete, gather),
            ReadThenWrite => {
                call.paths(after(0).take(1), Access::Read, gather);
                call.paths(after(1), Access::Write, gather);
            }
        }
        if self.whole.contains(&"*") || parsed.has(self.whole) {
            let default = Arg::known(".");
            let skip = if self.operands == TextThenRead { skip } else { 0 };
            let roots: Vec<&Arg> = after(skip).collect();
            call.wholes(if roots.is_empty() { vec![&default] } else { roots }, gather);
        }
        if matches!(self.operands, Text | Read | TextThenRead | ReadThenWrite) {
            gather.class(Class::Reads, format!("`{}` reads or prints", call.name));
        }
    }
}
