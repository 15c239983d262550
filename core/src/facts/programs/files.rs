//! Programs that copy, move, link, pack and change files, and those that change the machine.

use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class};

/// Adds what the program does; false where it is none of these.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    match call.name {
        "cp" | "gcp" | "ditto" => copy(call, Access::Read, gather),
        "mv" | "gmv" => copy(call, Access::Delete, gather),
        "install" => copy(call, Access::Read, gather),
        "ln" => link(call, gather),
        "dd" => dd(call, gather),
        "tar" | "gtar" | "bsdtar" => tar(call, gather),
        "zip" => zip(call, gather),
        "unzip" => unzip(call, gather),
        "chmod" => chmod(call, gather),
        "patch" => patch(call, gather),
        "mktemp" => mktemp(call, gather),
        "split" | "csplit" => split(call, gather),
        "crontab" => crontab(call, gather),
        "kill"
            if call.args.iter().all(|arg| arg.text.starts_with(['%', '-']) && arg.exact) && !call.args.is_empty() =>
        {
            gather.class(Class::Reads, "ends a job of its own shell");
        }
        "at" | "batch" | "launchctl" | "loginctl" | "update-rc.d" | "chkconfig" => {
            gather.class(Class::Persistence, format!("`{}` has something run later", call.name));
        }
        "systemctl" | "service" => services(call, gather),
        name if SECRET_KEEPERS.contains(&name) => gather.class(Class::Credentials, format!("`{name}` keeps secrets")),
        name if MACHINE.contains(&name) => {
            gather.class(Class::System, format!("`{name}` changes the machine or what runs on it"));
        }
        _ => return false,
    }
    true
}

const SECRET_KEEPERS: &[&str] = &[
    "gpg",
    "gpg2",
    "pass",
    "op",
    "vault",
    "security",
    "secret-tool",
    "keyring",
    "ssh-add",
    "ssh-keygen",
    "ssh-copy-id",
    "aws-vault",
    "chamber",
    "sops",
    "age",
    "bw",
];

const MACHINE: &[&str] = &[
    "kill",
    "pkill",
    "killall",
    "skill",
    "renice",
    "mount",
    "umount",
    "shutdown",
    "reboot",
    "halt",
    "poweroff",
    "init",
    "telinit",
    "useradd",
    "userdel",
    "usermod",
    "groupadd",
    "passwd",
    "chpasswd",
    "visudo",
    "chsh",
    "chfn",
    "iptables",
    "ip6tables",
    "nft",
    "ufw",
    "firewall-cmd",
    "sysctl",
    "insmod",
    "modprobe",
    "rmmod",
    "mkfs",
    "mkswap",
    "swapon",
    "swapoff",
    "fdisk",
    "parted",
    "losetup",
    "cryptsetup",
    "lvm",
    "mdadm",
    "fsck",
    "wipefs",
    "blkdiscard",
    "chroot",
    "unshare",
    "nsenter",
    "hostnamectl",
    "timedatectl",
    "localectl",
    "setenforce",
    "open",
    "xdg-open",
    "start",
    "defaults",
    "diskutil",
    "hdiutil",
    "csrutil",
    "spctl",
    "scutil",
    "networksetup",
    "pmset",
    "nmcli",
    "ip",
    "ifconfig",
    "route",
    "tc",
    "dmesg",
    "journalctl",
    "xdotool",
    "pbcopy",
    "pbpaste",
    "xclip",
    "xsel",
    "ptrace",
    "strace",
    "ltrace",
    "perf",
    "bpftrace",
    "tcpdump",
    "tshark",
    "nmap",
    "setfacl",
    "chattr",
    "chcon",
    "logger",
    "wall",
    "mail",
    "sendmail",
    "mailx",
    "mutt",
];

/// `cp`, `mv` and `install`: the last word is where to, unless `-t` says it.
fn copy(call: &Call<'_>, sources: Access, gather: &mut Gather) {
    let parsed = options::read(
        call.args,
        &[&["-t", "--target-directory", "-S", "--suffix", "-m", "--mode", "-o", "--owner", "-g", "--group"]],
        Style::Letters,
    );
    if parsed.has(&["--strip-program"]) {
        call.runs_other("--strip-program", gather);
    }
    if call.name == "install" && parsed.has(&["-d", "--directory"]) {
        return call.paths(&parsed.operands, Access::Write, gather);
    }
    let to = parsed.values(&["-t", "--target-directory"]);
    let (from, to) = if to.is_empty() { last_word(&parsed) } else { (parsed.operands.clone(), to) };
    for source in &from {
        // What is moved out of a temporary directory is not missed there.
        let temporary = call.directories.iter().all(|directory| gather.is_temporary(directory, &source.text));
        call.path(source, if temporary && sources == Access::Delete { Access::Write } else { sources }, gather);
    }
    call.paths(&to, Access::Write, gather);
    if parsed.has(&["-r", "-R", "-a", "--recursive", "--archive"]) || sources == Access::Delete {
        call.wholes(&from, gather);
    }
    // What lies in a directory goes by names that are not in the call: over the project's own they may be hooks or settings.
    let contents = from
        .iter()
        .any(|arg| arg.text.ends_with("/.") || arg.text == "." || parsed.has(&["-T", "--no-target-directory"]));
    let over_project = to.iter().any(|arg| {
        arg.text.trim_end_matches('/') == "."
            || call.directories.iter().any(|directory| gather.is_project(directory, &arg.text))
    });
    if contents && over_project {
        gather.opaque("copies files whose names are not in the call over the project's");
    }
    beneath_target(call, &from, &to, gather);
}

/// What a copy becomes if the target is a directory.
fn beneath_target(call: &Call<'_>, from: &[Arg], to: &[Arg], gather: &mut Gather) {
    for target in to.iter().filter(|target| target.exact) {
        for source in from.iter().filter(|source| source.exact) {
            let name = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            for directory in call.directories {
                gather.implied(directory, &format!("{}/{name}", target.text), Access::Write);
            }
        }
    }
}

/// The operands before the last word, and those of the last word.
fn last_word(parsed: &Parsed) -> (Vec<Arg>, Vec<Arg>) {
    let last = parsed.operands.last().map_or(0, |arg| arg.word);
    parsed.operands.iter().cloned().partition(|arg| arg.word != last)
}

/// A link makes its target reachable under another name, which no later call shows.
fn link(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-t", "--target-directory", "-S", "--suffix"]], Style::Letters);
    let named = parsed.values(&["-t", "--target-directory"]);
    let (targets, mut links) = if !named.is_empty() {
        (parsed.operands.clone(), named)
    } else if let [only] = parsed.operands.as_slice() {
        (vec![only.clone()], Vec::new())
    } else {
        last_word(&parsed)
    };
    if links.is_empty() {
        links.push(Arg::known("."));
    }
    call.paths(&targets, Access::Read, gather);
    call.paths(&links, Access::Write, gather);
    let symbolic = parsed.has(&["-s", "--symbolic"]);
    let inside = |text: &str| call.directories.iter().all(|directory| gather.in_project(directory, text));
    let reached = |target: &Arg| {
        target.exact && links.iter().all(|link| link.exact && inside(&seen_from(&target.text, &link.text, symbolic)))
    };
    if !targets.iter().all(reached) {
        gather.opaque("links to something outside of the project");
    }
}

/// A symbolic link's target counts from where the link lies.
fn seen_from(target: &str, link: &str, symbolic: bool) -> String {
    match link.rsplit_once('/') {
        Some((parent, _)) if symbolic && !target.starts_with(['/', '~']) => format!("{parent}/{target}"),
        _ => target.to_owned(),
    }
}

fn dd(call: &Call<'_>, gather: &mut Gather) {
    gather.class(Class::Reads, "`dd` copies");
    for arg in call.args {
        match arg.text.split_once('=') {
            Some(("if", file)) => call.path(&arg.with_text(file), Access::Read, gather),
            Some(("of", file)) => call.path(&arg.with_text(file), Access::Write, gather),
            Some(_) => {}
            None => gather.opaque("`dd` gets an argument that is known only when it runs"),
        }
    }
}

fn tar(call: &Call<'_>, gather: &mut Gather) {
    let Some(args) = dashed(call.args) else { return gather.opaque("`tar` is called in a way that is not read here") };
    const FILE: &[&str] = &["-f", "--file"];
    const INTO: &[&str] = &["-C", "--directory", "--cd"];
    const ESCAPES: &[&str] = &[
        "-I",
        "--use-compress-program",
        "--to-command",
        "--checkpoint-action",
        "--rsh-command",
        "--rmt-command",
        "-F",
        "--info-script",
        "--new-volume-script",
        "--remove-files",
        "-P",
        "--absolute-names",
        "--transform",
        "--xform",
    ];
    let values: &[&str] = &[
        "-T",
        "--files-from",
        "-X",
        "--exclude-from",
        "--exclude",
        "-b",
        "-g",
        "--strip-components",
        "--owner",
        "--group",
        "--mode",
        "--mtime",
        "--format",
    ];
    let parsed = options::read(
        &args,
        &[FILE, INTO, values, &["-I", "-F", "--use-compress-program", "--to-command", "--checkpoint-action"]],
        Style::Letters,
    );
    if let Some(option) = parsed.first(ESCAPES) {
        call.runs_other(option, gather);
    }
    let archives: Vec<Arg> = parsed.values(FILE).into_iter().filter(|arg| arg.text != "-").collect();
    if archives.iter().any(|arg| arg.text.split('/').next().is_some_and(|first| first.contains(':'))) {
        gather.opaque("`tar` reads or writes on another machine");
    }
    call.paths(&parsed.values(&["-T", "--files-from", "-X", "--exclude-from"]), Access::Read, gather);
    let into = parsed.values(INTO);
    if parsed.has(&["-x", "--extract", "--get"]) {
        call.paths(&archives, Access::Read, gather);
        unpack(call, into, gather);
    } else if parsed.has(&["-t", "--list", "-d", "--diff"]) {
        call.paths(&archives, Access::Read, gather);
    } else {
        call.paths(&archives, Access::Write, gather);
        call.paths(into.iter().chain(&parsed.operands), Access::Read, gather);
        call.wholes(into.iter().chain(&parsed.operands), gather);
        gather.class(Class::Reads, "`tar` packs files");
    }
}

/// `tar xzf a` as `tar -xzf a`. Old letters take their values in order, which differs as soon as two of them take one.
fn dashed(args: &[Arg]) -> Option<Vec<Arg>> {
    let (first, rest) = args.split_first()?;
    if first.text.starts_with('-') {
        return Some(args.to_vec());
    }
    let with_value = first.text.chars().filter(|c| "fCTXbgNVLHIFK".contains(*c)).count();
    let ends_with_value = first.text.ends_with('f') || with_value == 0;
    let all = || std::iter::once(first.with_text(&format!("-{}", first.text))).chain(rest.iter().cloned()).collect();
    // `tar fx a` holds the value-taking letter inside: moved to the end it means the same.
    let moved = || {
        let letters: String = first.text.chars().filter(|c| *c != 'f').collect();
        std::iter::once(first.with_text(&format!("-{letters}f"))).chain(rest.iter().cloned()).collect()
    };
    match with_value {
        0 | 1 if ends_with_value => Some(all()),
        1 if first.text.contains('f') => Some(moved()),
        _ => None,
    }
}

fn zip(call: &Call<'_>, gather: &mut Gather) {
    let parsed =
        options::read(call.args, &[&["-x", "-i", "-n", "-t", "-b", "-P", "-TT", "--unzip-command"]], Style::Letters);
    if let Some(option) = parsed.first(&["-T", "-m", "--move", "--unzip-command", "-TT", "--test"]) {
        call.runs_other(option, gather);
    }
    call.paths(parsed.operands.iter().take(1), Access::Write, gather);
    call.paths(parsed.operands.iter().skip(1), Access::Read, gather);
    call.wholes(parsed.operands.iter().skip(1), gather);
}

fn unzip(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-d", "-x", "-P"]], Style::Letters);
    call.paths(parsed.operands.iter().take(1), Access::Read, gather);
    if parsed.has(&["-l", "-t", "-p", "-v", "-Z", "-z"]) {
        return;
    }
    unpack(call, parsed.values(&["-d"]), gather);
}

/// What is unpacked over the project itself may be its hooks or settings: only the archive knows the names.
fn unpack(call: &Call<'_>, into: Vec<Arg>, gather: &mut Gather) {
    let into = if into.is_empty() { vec![Arg::known(".")] } else { into };
    if into.iter().any(|arg| call.directories.iter().any(|directory| gather.is_project(directory, &arg.text))) {
        gather.opaque("unpacks files whose names only the archive knows over the project's");
    }
    call.paths(&into, Access::Write, gather);
}

fn chmod(call: &Call<'_>, gather: &mut Gather) {
    // A mode may begin with `-`: what is no long option and no known letter is the mode.
    let is_flag =
        |arg: &&Arg| arg.text.starts_with("--") || matches!(arg.text.as_str(), "-R" | "-v" | "-c" | "-f" | "-h");
    let mut rest = call.args.iter().filter(|arg| !is_flag(arg));
    let mode = rest.next();
    let raises = mode.is_none_or(|mode| !mode.exact || is_setuid(&mode.text));
    if raises {
        gather.class(Class::Privilege, "lets a program run with its owner's rights");
    }
    call.paths(rest, Access::Write, gather);
}

fn is_setuid(mode: &str) -> bool {
    let bits = u32::from_str_radix(mode, 8).unwrap_or(0);
    bits & 0o6000 != 0 || mode.contains('s') && mode.contains(['+', '='])
}

fn patch(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(
        call.args,
        &[&[
            "-i",
            "--input",
            "-d",
            "--directory",
            "-o",
            "--output",
            "-p",
            "--strip",
            "-r",
            "-B",
            "-F",
            "-V",
            "-z",
            "-D",
            "-g",
        ]],
        Style::Letters,
    );
    call.paths(&parsed.values(&["-i", "--input"]), Access::Read, gather);
    call.paths(&parsed.values(&["-o", "--output", "-d", "--directory", "-r"]), Access::Write, gather);
    call.paths(&parsed.operands, Access::Write, gather);
    call.path(&Arg::known("."), Access::Write, gather);
    if parsed.operands.is_empty() && !parsed.has(&["--dry-run"]) {
        gather.opaque("changes files whose names only the patch knows");
    }
}

fn mktemp(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-p", "--tmpdir", "--suffix", "-t"]], Style::Letters);
    gather.class(Class::Writes, "makes a temporary file");
    call.paths(&parsed.values(&["-p"]), Access::Write, gather);
    let here = !parsed.has(&["-t", "--tmpdir", "-p"]);
    call.paths(parsed.operands.iter().filter(|_| here), Access::Write, gather);
}

fn split(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(
        call.args,
        &[&["-b", "-l", "-n", "-a", "-C", "-t", "-f", "--filter", "--additional-suffix"]],
        Style::Letters,
    );
    if parsed.has(&["--filter"]) {
        call.runs_other("--filter", gather);
    }
    call.paths(parsed.operands.iter().take(1), Access::Read, gather);
    let prefix = parsed.operands.get(1).cloned().unwrap_or_else(|| Arg::known("x"));
    call.path(&prefix, Access::Write, gather);
}

fn crontab(call: &Call<'_>, gather: &mut Gather) {
    if matches!(call.args, [only] if only.text == "-l") {
        gather.class(Class::Reads, "lists the timers");
    } else {
        gather.class(Class::Persistence, "`crontab` has something run later");
    }
}

fn services(call: &Call<'_>, gather: &mut Gather) {
    let asks = ["status", "list-units", "list-unit-files", "list-timers", "is-active", "is-enabled", "show", "cat"];
    match call.first() {
        Some(verb) if asks.contains(&verb) => gather.class(Class::Reads, "asks about services"),
        Some("enable" | "link" | "edit" | "set-default" | "set-environment" | "import-environment") => {
            gather.class(Class::Persistence, "has a service run later");
        }
        _ => gather.class(Class::System, "starts or stops services"),
    }
}
