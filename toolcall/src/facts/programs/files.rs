//! Programs that copy, move, link, pack and change files, and those that change the machine.

mod archives;
mod copies;

use self::archives::{compressed, tar, unzip, zip};
use self::copies::{copy, link};
use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Style};
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
        "split" => split(call, gather),
        "csplit" => csplit(call, gather),
        name if archives::COMPRESSORS.contains(&name) => compressed(call, gather),
        "crontab" => crontab(call, gather),
        "kill" if ends_own_jobs(call.args) => {
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

/// True for `kill %1`, whatever the signal. A number, also one behind a signal, is a process or a whole group of them.
fn ends_own_jobs(args: &[Arg]) -> bool {
    let targets = match args {
        [option, _, targets @ ..] if matches!(option.text.as_str(), "-s" | "-n") => targets,
        [option, targets @ ..] if option.is_option() => targets,
        targets => targets,
    };
    !targets.is_empty() && args.iter().all(|arg| arg.exact) && targets.iter().all(|arg| arg.text.starts_with('%'))
}

const SECRET_KEEPERS: &[&str] = &[
    "gpg", "gpg2", "pass", "op", "vault", "security", "secret-tool", "keyring", "ssh-add", "ssh-keygen", "ssh-copy-id",
    "aws-vault", "chamber", "sops", "age", "bw",
];

const MACHINE: &[&str] = &[
    "kill", "pkill", "killall", "skill", "renice", "mount", "umount", "shutdown", "reboot", "halt", "poweroff", "init",
    "telinit", "useradd", "userdel", "usermod", "groupadd", "passwd", "chpasswd", "visudo", "chsh", "chfn", "iptables",
    "ip6tables", "nft", "ufw", "firewall-cmd", "sysctl", "insmod", "modprobe", "rmmod", "mkfs", "mkswap", "swapon",
    "swapoff", "fdisk", "parted", "losetup", "cryptsetup", "lvm", "mdadm", "fsck", "wipefs", "blkdiscard", "chroot",
    "unshare", "nsenter", "hostnamectl", "timedatectl", "localectl", "setenforce", "open", "xdg-open", "start",
    "defaults", "diskutil", "hdiutil", "csrutil", "spctl", "scutil", "networksetup", "pmset", "nmcli", "ip",
    "ifconfig", "route", "tc", "dmesg", "journalctl", "xdotool", "pbcopy", "pbpaste", "xclip", "xsel", "ptrace",
    "strace", "ltrace", "perf", "bpftrace", "tcpdump", "tshark", "nmap", "setfacl", "chattr", "chcon", "logger",
    "wall", "mail", "sendmail", "mailx", "mutt",
];

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

fn chmod(call: &Call<'_>, gather: &mut Gather) {
    // A mode may begin with `-`: what is no long option and no known letter is the mode.
    let is_flag =
        |arg: &&Arg| arg.text.starts_with("--") || matches!(arg.text.as_str(), "-R" | "-v" | "-c" | "-f" | "-h");
    if call.args.iter().any(|arg| arg.text.starts_with("--ref")) {
        gather.opaque("`chmod` gives files the mode of another");
        return call.paths(call.args.iter().filter(|arg| !is_flag(arg)), Access::Write, gather);
    }
    let mut rest = call.args.iter().filter(|arg| !is_flag(arg));
    let mode = rest.next();
    if mode.is_none_or(raises_rights) {
        gather.class(Class::Privilege, "lets a program run with its owner's rights");
    }
    call.paths(rest, Access::Write, gather);
}

/// True for a mode that may let a program run with its owner's rights: `4755`, `u+s`, `=6755`.
fn raises_rights(mode: &Arg) -> bool {
    let octal = |bits: &str| u32::from_str_radix(bits, 8).is_ok_and(|bits| bits & 0o6000 != 0);
    let text = mode.text.as_str();
    !mode.exact || text.split(['+', '-', '=', ',']).any(octal) || text.contains('s') && text.contains(['+', '='])
}

fn patch(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(
        call.args,
        &[&[
            "-i", "--input", "-d", "--directory", "-o", "--output", "-p", "--strip", "-r", "--reject-file", "-B",
            "--prefix", "-Y", "--basename-prefix", "-F", "--fuzz", "-V", "--version-control", "-z", "--suffix", "-D",
            "--ifdef", "-g", "--get",
        ]],
        Style::Letters,
    );
    if parsed.has(&["-B", "--prefix", "-Y", "--basename-prefix", "-z", "--suffix"]) {
        gather.opaque("`patch` keeps the old text under a name that is not followed here");
    }
    call.paths(&parsed.values(&["-i", "--input"]), Access::Read, gather);
    let written = ["-o", "--output", "-d", "--directory", "-r", "--reject-file"];
    call.paths(parsed.values(&written).iter().filter(|arg| arg.text != "-"), Access::Write, gather);
    call.paths(&parsed.operands, Access::Write, gather);
    call.path(&Arg::known("."), Access::Write, gather);
    if parsed.operands.is_empty() && !parsed.has(&["--dry-run"]) {
        gather.opaque("changes files whose names only the patch knows");
    }
}

fn mktemp(call: &Call<'_>, gather: &mut Gather) {
    // `-t` and `--tmpdir` take no value on every system: what follows counts as the template that it may be.
    let parsed = options::read(call.args, &[&["-p", "--suffix"]], Style::Letters);
    gather.class(Class::Writes, "makes a temporary file");
    call.paths(&parsed.values(&["-p", "--tmpdir"]), Access::Write, gather);
    let here = !parsed.has(&["-t", "--tmpdir", "-p"]);
    let leaves = |arg: &&Arg| here || !arg.exact || arg.text.starts_with(['/', '~']) || arg.text.contains("..");
    call.paths(parsed.operands.iter().filter(leaves), Access::Write, gather);
}

fn split(call: &Call<'_>, gather: &mut Gather) {
    const VALUES: &[&str] = &[
        "-b", "--bytes", "-l", "--lines", "-n", "--number", "-a", "--suffix-length", "-C", "--line-bytes", "-t",
        "--separator", "--filter", "--additional-suffix",
    ];
    let parsed = options::read(call.args, &[VALUES], Style::Letters);
    if parsed.has(&["--filter"]) {
        call.runs_other("--filter", gather);
    }
    call.paths(parsed.operands.iter().take(1), Access::Read, gather);
    if parsed.operands.len() > 2 {
        gather.opaque("`split` gets an option that is not known here");
    }
    parts(call, &parsed.operands.get(1).cloned().unwrap_or_else(|| Arg::known("x")), gather);
}

fn csplit(call: &Call<'_>, gather: &mut Gather) {
    const PREFIX: &[&str] = &["-f", "--prefix"];
    const FORMAT: &[&str] = &["-b", "--suffix-format"];
    let parsed = options::read(call.args, &[PREFIX, FORMAT, &["-n", "--digits"]], Style::Letters);
    if parsed.has(FORMAT) {
        gather.opaque("`csplit` makes the names of its files by a format");
    }
    call.paths(parsed.operands.iter().take(1), Access::Read, gather);
    let prefix = parsed.values(PREFIX);
    parts(call, prefix.last().unwrap_or(&Arg::known("xx")), gather);
}

/// Files of which `prefix` is the beginning of the name.
fn parts(call: &Call<'_>, prefix: &Arg, gather: &mut Gather) {
    call.path(&prefix.with_text(&format!("{}*", prefix.text)), Access::Write, gather);
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
