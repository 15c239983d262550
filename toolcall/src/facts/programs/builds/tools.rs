//! The build tools that are known: their verbs, and the options that matter.

use crate::facts::Class;
use crate::facts::options::Style;

/// A tool whose first operand says what it does, or that does one thing only.
pub(super) struct Tool {
    pub(super) names: &'static [&'static str],
    pub(super) style: Style,
    /// First operands and what they come to; empty for a tool that does one thing.
    pub(super) verbs: &'static [(&'static [&'static str], Class)],
    /// Its operands are targets that the project defines.
    pub(super) targets: bool,
    /// Options with a value of no interest. As in the table of other programs, only what demands a value everywhere.
    pub(super) values: &'static [&'static str],
    /// Options whose value names a file or directory that decides what runs.
    pub(super) decides: &'static [&'static str],
    /// Options whose value is a path that is written.
    pub(super) writes: &'static [&'static str],
    /// Options that run another program or load settings from the command line.
    pub(super) escapes: &'static [&'static str],
}

pub(super) const fn tool(names: &'static [&'static str]) -> Tool {
    Tool {
        names,
        style: Style::Letters,
        verbs: &[],
        targets: false,
        values: &[],
        decides: &[],
        writes: &[],
        escapes: &[],
    }
}

use Class::{Builds, Deletes, Installs, Reads, Runs, Upload, Writes};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        verbs: &[
            (
                &[
                    "check", "c", "build", "b", "test", "t", "clippy", "fmt", "doc", "d", "bench", "nextest", "fix",
                    "expand", "miri", "llvm-cov", "tarpaulin", "hack", "udeps", "machete", "deny", "audit", "outdated",
                    "insta", "semver-checks", "criterion", "bloat", "generate-lockfile", "update", "fetch", "vendor",
                    "careful", "sort", "msrv", "about", "rustdoc", "verify-project",
                ],
                Builds,
            ),
            (&["tree", "metadata", "pkgid", "locate-project", "version", "search", "help", "info", "config"], Reads),
            (&["new", "init", "remove", "rm"], Writes),
            (&["clean"], Deletes),
            (&["run", "r", "xtask"], Runs),
            (&["install", "add", "binstall", "uninstall"], Installs),
            (&["publish", "yank", "owner", "login", "logout"], Upload),
        ],
        values: &[
            "-p", "--package", "--features", "-F", "--test", "--bin", "--example", "--bench", "--profile", "--target",
            "-j", "--jobs", "--exclude", "--message-format", "--color", "--format", "--depth", "-e", "-i",
        ],
        decides: &["--manifest-path", "-C", "--path", "--lockfile-path"],
        writes: &["--target-dir", "--artifact-dir", "--out-dir"],
        escapes: &["--config", "-Z", "--registry", "--index", "--git", "--open"],
        ..tool(&["cargo"])
    },
    Tool {
        style: Style::Words,
        verbs: &[
            (&["build", "vet", "test", "fmt", "mod", "work", "clean", "fix", "tool"], Builds),
            (&["list", "version", "env", "doc", "help"], Reads),
            (&["run", "generate"], Runs),
            (&["install", "get"], Installs),
        ],
        values: &[
            "-run", "-bench", "-count", "-timeout", "-tags", "-p", "-parallel", "-cpu", "-coverpkg", "-covermode",
            "-mod", "-buildmode", "-gcflags", "-asmflags", "-f", "-fuzz", "-fuzztime", "-skip",
        ],
        decides: &["-C", "-modfile", "-pkgdir"],
        writes: &[
            "-o", "-coverprofile", "-cpuprofile", "-memprofile", "-mutexprofile", "-outputdir", "-blockprofile",
            "-trace",
        ],
        // Everything that was ever fetched goes with `-modcache`, of other projects too.
        escapes: &[
            "-modcache", "-exec", "-toolexec", "-overlay", "-vettool", "-ldflags", "-gccgoflags", "-compiler", "-w",
            "-u",
        ],
        ..tool(&["go"])
    },
    Tool {
        targets: true,
        // `-j` and `-l` may go without a value, so the word behind them may be a target.
        values: &["-o", "--old-file", "--assume-old", "-W", "--what-if", "--new-file", "--assume-new"],
        decides: &["-f", "--file", "--makefile", "-C", "--directory", "-I", "--include-dir"],
        escapes: &["--eval", "-E", "-e"],
        ..tool(&["make", "gmake"])
    },
    Tool {
        targets: true,
        values: &["-j", "-l", "-k", "-d", "-w"],
        decides: &["-f", "-C"],
        escapes: &["-t"],
        ..tool(&["ninja", "samu"])
    },
    Tool {
        targets: true,
        decides: &["-f", "--justfile", "-d", "--working-directory", "--dotenv-path", "--dotenv-filename"],
        escapes: &["--shell", "--shell-arg", "-c", "--command", "--set", "--chooser", "--choose", "-e", "--edit"],
        ..tool(&["just"])
    },
    Tool {
        targets: true,
        decides: &["-t", "--taskfile", "-d", "--dir"],
        escapes: &["-g", "--global"],
        ..tool(&["task"])
    },
    Tool {
        targets: true,
        decides: &["-f", "--rakefile", "-I", "--libdir", "-R", "--rakelibdir"],
        escapes: &["-e", "--execute", "-E", "--execute-continue", "-p", "--execute-print", "-r", "--require"],
        ..tool(&["rake"])
    },
    Tool {
        targets: true,
        escapes: &["--eval", "--shell", "--command", "--require"],
        ..tool(&[
            "mage", "invoke", "inv", "doit", "scons", "waf", "tup", "buck", "pants", "nx", "turbo", "lerna", "gulp",
            "grunt",
        ])
    },
    Tool {
        values: &[
            "-k", "-m", "-n", "--maxfail", "--tb", "--durations", "--timeout", "--cov-report", "-W", "-r",
            "--numprocesses", "--dist",
        ],
        decides: &["-c", "--config-file", "--rootdir", "--confcutdir", "--basetemp", "--cov-config", "--ignore"],
        writes: &["--junitxml", "--junit-xml", "--result-log", "--html", "--log-file", "--report-log"],
        escapes: &["-p", "-o", "--override-ini", "--pdbcls", "--pdb"],
        ..tool(&["pytest", "py.test"])
    },
    Tool {
        values: &["-e"],
        decides: &["-c", "--conf", "--workdir", "--root"],
        writes: &["--result-json"],
        escapes: &["-x", "--override"],
        ..tool(&["tox"])
    },
    Tool {
        values: &["-s", "--session", "--sessions", "-e", "-k", "--keywords", "-t", "--tags", "-p", "--pythons"],
        decides: &["-f", "--noxfile", "--envdir"],
        writes: &["--report"],
        ..tool(&["nox"])
    },
    Tool {
        values: &["-k"],
        decides: &["-c", "--config-file", "--rcfile", "--custom-typeshed-dir", "--conf", "--project"],
        writes: &["--junit-xml", "--junitxml", "--output-file", "--html-report", "--txt-report", "--cache-dir"],
        escapes: &[
            "-o", "--pdb", "--install-types", "--load-plugins", "--init-hook", "--pythonexecutable",
            "--python-executable", "--pythonpath",
        ],
        ..tool(&["mypy", "pylint", "pyright", "basedpyright", "unittest", "ward", "hypothesis", "behave"])
    },
    Tool {
        values: &[
            "-l", "--line-length", "--select", "--ignore", "--extend-select", "--target-version", "--output-format",
            "-t", "--profile", "-r", "--severity-level",
        ],
        decides: &["--config", "--config-file", "-c", "--settings-path", "--cache-dir"],
        writes: &["--output-file", "-o"],
        ..tool(&[
            "ruff", "black", "isort", "flake8", "autopep8", "yapf", "pyflakes", "pycodestyle", "pydocstyle", "bandit",
            "vulture", "djlint", "pyupgrade", "autoflake",
        ])
    },
    Tool {
        values: &[
            "-t", "--testNamePattern", "--testPathPattern", "--maxWorkers", "--max-warnings", "--ext", "--grep",
            "--workers", "--timeout", "--target", "--mode",
        ],
        decides: &[
            "-c", "--config", "-p", "--project", "--rootDir", "--root", "--cwd", "--rulesdir",
            "--resolve-plugins-relative-to", "--ignore-path", "--tsconfig", "--build", "-r", "--require", "--import",
            "--globalSetup", "--setupFiles", "--plugin", "--loader", "--runner", "--transform", "--testRunner",
            "--resolver", // A name of one that is built in, or a file that is loaded.
            "--format", "--parser", "--reporter", "--reporters", "--environment", "--browser",
        ],
        writes: &["-o", "--output-file", "--outDir", "--outputFile", "--outfile", "--outdir", "--out-dir"],
        escapes: &["--exec"],
        ..tool(&[
            "tsc", "vue-tsc", "svelte-check", "eslint", "prettier", "jest", "vitest", "mocha", "ava", "tap", "nyc",
            "c8", "webpack", "vite", "rollup", "esbuild", "parcel", "next", "nuxt", "astro", "stylelint", "biome",
            "playwright", "cypress", "karma", "ng", "tsup", "swc", "babel", "oxlint", "knip", "depcheck", "madge",
            "standard", "xo", "htmlhint", "markdownlint", "markdownlint-cli2", "remark", "cspell", "react-scripts",
            "storybook", "svelte-kit", "size-limit",
        ])
    },
];
