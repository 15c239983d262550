//! Build tools, compilers, test runners, linters: they run what the project holds, and so count only inside it.

use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class, environment};

/// A tool whose first operand says what it does, or that does one thing only.
struct Tool {
    names: &'static [&'static str],
    style: Style,
    /// First operands and what they come to; empty for a tool that does one thing.
    verbs: &'static [(&'static [&'static str], Class)],
    /// Options with a value of no interest.
    values: &'static [&'static str],
    /// Options whose value names a file or directory that decides what runs.
    decides: &'static [&'static str],
    /// Options whose value is a path that is written.
    writes: &'static [&'static str],
    /// Options that run another program or load settings from the command line.
    escapes: &'static [&'static str],
}

const fn tool(names: &'static [&'static str]) -> Tool {
    Tool { names, style: Style::Letters, verbs: &[], values: &[], decides: &[], writes: &[], escapes: &[] }
}

use Class::{Builds, Deletes, Installs, Reads, Runs, Upload, Writes};

const TOOLS: &[Tool] = &[
    Tool {
        verbs: &[
            (
                &[
                    "check", "c", "build", "b", "test", "t", "clippy", "fmt", "doc", "d", "bench", "nextest", "fix", "expand", "miri", "llvm-cov", "tarpaulin", "hack", "udeps", "machete", "deny",
                    "audit", "outdated", "insta", "semver-checks", "criterion", "bloat", "generate-lockfile", "update", "fetch", "vendor", "careful", "sort", "msrv", "about", "rustdoc", "verify-project",
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
        values: &["-p", "--package", "--features", "-F", "--test", "--bin", "--example", "--bench", "--profile", "--target", "-j", "--jobs", "--exclude", "--message-format", "--color", "--format", "--depth", "-e", "-i"],
        decides: &["--manifest-path", "-C", "--path", "--lockfile-path"],
        writes: &["--target-dir", "--artifact-dir", "--out-dir"],
        escapes: &["--config", "-Z", "--registry", "--index", "--git"],
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
        values: &["-run", "-bench", "-count", "-timeout", "-tags", "-p", "-parallel", "-cpu", "-coverpkg", "-covermode", "-mod", "-buildmode", "-gcflags", "-asmflags", "-f", "-fuzz", "-fuzztime", "-skip"],
        decides: &["-C", "-modfile", "-pkgdir", "-modcacherw"],
        writes: &["-o", "-coverprofile", "-cpuprofile", "-memprofile", "-outputdir", "-blockprofile", "-trace"],
        escapes: &["-exec", "-toolexec", "-overlay", "-vettool", "-ldflags", "-gccgoflags", "-compiler", "-w", "-u"],
        ..tool(&["go"])
    },
    Tool {
        values: &["-j", "-l", "-o", "-W"],
        decides: &["-f", "--file", "--makefile", "-C", "--directory", "-I", "--include-dir", "--justfile", "-d", "--working-directory", "-t", "--taskfile", "--rakefile", "--dir"],
        escapes: &["--eval", "-E", "--shell", "--shell-arg", "-c", "--command", "-e", "--execute"],
        ..tool(&["make", "gmake", "just", "task", "rake", "ninja", "samu", "mage", "invoke", "inv", "doit", "scons", "waf", "tup", "buck", "pants", "nx", "turbo", "lerna", "gulp", "grunt"])
    },
    Tool {
        values: &["-k", "-m", "-n", "--maxfail", "--tb", "--durations", "--timeout", "--cov", "--cov-report", "-W", "-r", "--numprocesses", "--dist", "-e", "-s", "--session", "-x"],
        decides: &["-c", "--config-file", "--rootdir", "--confcutdir", "--basetemp", "-f", "--noxfile", "--conf", "--rcfile", "--ignore"],
        writes: &["--junitxml", "--junit-xml", "--result-log", "--html", "--output-file"],
        escapes: &["-p", "-o", "--override-ini", "--pdbcls", "--pdb", "--install-types", "--load-plugins", "--init-hook", "--pythonexecutable", "--python-executable"],
        ..tool(&["pytest", "py.test", "tox", "nox", "mypy", "pylint", "pyright", "basedpyright", "unittest", "ward", "hypothesis", "behave"])
    },
    Tool {
        values: &["-l", "--line-length", "--select", "--ignore", "--extend-select", "--target-version", "--output-format", "-t", "--profile", "-r", "--severity-level"],
        decides: &["--config", "--config-file", "-c", "--settings-path", "--cache-dir"],
        writes: &["--output-file", "-o"],
        ..tool(&["ruff", "black", "isort", "flake8", "autopep8", "yapf", "pyflakes", "pycodestyle", "pydocstyle", "bandit", "vulture", "djlint", "pyupgrade", "autoflake"])
    },
    Tool {
        values: &["-t", "--testNamePattern", "--testPathPattern", "-w", "--maxWorkers", "--reporter", "--coverage", "--max-warnings", "--ext", "-g", "--grep", "--project", "--browser", "--workers", "--timeout", "--format", "--parser", "--target", "--mode", "--environment"],
        decides: &["-c", "--config", "-p", "--project", "--rootDir", "--root", "--cwd", "--rulesdir", "--resolve-plugins-relative-to", "--ignore-path", "--tsconfig", "--build"],
        writes: &["-o", "--output-file", "--outDir", "--outputFile", "--outfile", "--outdir", "--out-dir"],
        escapes: &["-r", "--require", "--import", "--globalSetup", "--setupFiles", "--plugin", "--plugins", "--loader", "--runner", "--transform", "--testRunner", "--reporters", "--resolver", "--exec"],
        ..tool(&[
            "tsc", "vue-tsc", "svelte-check", "eslint", "prettier", "jest", "vitest", "mocha", "ava", "tap", "nyc", "c8", "webpack", "vite", "rollup", "esbuild", "parcel", "next", "nuxt", "astro", "stylelint",
            "biome", "playwright", "cypress", "karma", "ng", "tsup", "swc", "babel", "oxlint", "knip", "depcheck", "madge", "standard", "xo", "htmlhint", "markdownlint", "markdownlint-cli2", "remark", "cspell", "react-scripts", "storybook", "svelte-kit", "size-limit",
        ])
    },
    Tool {
        style: Style::Words,
        decides: &["-S", "-B", "--build", "-H", "-C", "--preset", "--test-dir", "-f"],
        writes: &["--install"],
        escapes: &["-P", "-E", "-C", "-D", "-S", "--toolchain", "--build-generator", "--script"],
        values: &["-G", "-j", "--parallel", "--target", "--config", "-R", "-L", "-E"],
        ..tool(&["ctest"])
    },
    Tool { values: &["-G", "-j", "--parallel", "--target", "--config"], decides: &["-S", "-B", "--build", "--preset"], escapes: &["-P", "-E", "-C", "--toolchain", "--install"], style: Style::Words, ..tool(&["cmake"]) },
    Tool {
        style: Style::Words,
        values: &["-std", "-march", "-x", "-arch", "-target", "-MF", "-MT"],
        decides: &["-I", "-L", "-include", "-isystem", "-cp", "-classpath", "-sourcepath"],
        writes: &["-o", "-d", "--out-dir"],
        escapes: &["-wrapper", "-fplugin", "-B", "-specs", "-fuse-ld", "-Xclang", "-load", "-C", "-Z", "-T", "-processor", "-processorpath", "-fpass-plugin", "--config", "-Wl", "-Xlinker", "--codegen", "-J-agentpath"],
        ..tool(&["gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "javac", "kotlinc", "ld", "ar", "as", "nasm", "ghc", "ocamlc", "fpc", "nim", "dmd", "ldc2", "gfortran", "emcc"])
    },
    Tool {
        style: Style::Words,
        decides: &["-p", "-b", "-c", "-f", "-I", "--init-script", "--project-dir", "--build-file", "--settings-file", "-s", "-gs", "-t", "--file", "--include-build"],
        escapes: &["-Dexec.executable", "-Dmaven.ext.class.path", "--define", "--run_under", "--override_repository", "--script_path", "--bazelrc"],
        values: &["-pl", "-x", "-j", "-T", "-P", "--tests", "--filter", "--configuration", "--framework", "-v", "--verbosity"],
        ..tool(&["gradle", "gradlew", "mvn", "mvnw", "ant", "sbt", "mill", "bazel", "bazelisk", "buildifier", "xcodebuild", "msbuild", "lein", "clj"])
    },
    Tool {
        verbs: &[(&["build", "test", "restore", "format", "clean", "list", "sln", "msbuild", "vstest"], Builds), (&["run", "watch", "exec"], Runs), (&["add", "tool", "workload", "new"], Installs), (&["nuget", "publish"], Upload)],
        escapes: &["--source", "-s", "--interactive"],
        ..tool(&["dotnet"])
    },
    Tool { verbs: &[(&["build", "test", "package"], Builds), (&["run"], Runs)], escapes: &["-Xlinker", "-Xcc", "-Xswiftc"], decides: &["--package-path", "-C"], ..tool(&["swift"]) },
    Tool {
        verbs: &[(&["test", "compile", "format", "credo", "dialyzer", "deps", "deps.get", "ecto.migrate"], Builds), (&["run", "phx.server"], Runs), (&["archive.install", "escript.install", "local.hex", "hex.publish"], Installs)],
        escapes: &["-e", "--eval", "-r", "--require"],
        ..tool(&["mix", "rebar3"])
    },
    Tool { verbs: &[(&["build", "test", "check", "bench", "haddock", "freeze", "update"], Builds), (&["run", "exec", "repl", "ghci"], Runs), (&["install"], Installs), (&["upload"], Upload)], escapes: &["--with-compiler", "--with-ghc"], ..tool(&["stack", "cabal"]) },
    Tool { verbs: &[(&["build", "test", "fmt", "ast-check"], Builds), (&["run"], Runs), (&["fetch"], Installs)], ..tool(&["zig"]) },
    Tool { verbs: &[(&["analyze", "test", "format", "build", "compile", "doctor", "fix"], Builds), (&["run"], Runs), (&["pub"], Installs)], ..tool(&["flutter", "dart"]) },
    Tool { verbs: &[(&["check", "lint", "fmt", "test", "bench", "info", "doc"], Builds), (&["run", "task"], Runs), (&["install", "add"], Installs)], escapes: &["--config", "--import-map", "--location", "-A", "--allow-all"], ..tool(&["deno"]) },
    Tool { verbs: &[(&["fmt", "validate", "version", "providers", "graph"], Builds)], decides: &["-chdir"], style: Style::Words, ..tool(&["terraform", "tofu"]) },
    Tool { verbs: &[(&["run", "report", "html", "xml", "json", "combine", "erase", "lcov"], Builds)], decides: &["--rcfile", "--data-file"], values: &["-m", "--source", "--omit", "--include"], writes: &["-o", "-d"], ..tool(&["coverage"]) },
    Tool { verbs: &[(&["run", "validate-config", "sample-config"], Builds)], decides: &["-c", "--config"], ..tool(&["pre-commit"]) },
    Tool { verbs: &[(&["lint", "template", "show", "dependency"], Builds)], escapes: &["--post-renderer"], ..tool(&["helm"]) },
    Tool { verbs: &[(&["compile", "setup", "test", "configure", "introspect"], Builds)], decides: &["-C"], escapes: &["--wrapper", "--native-file", "--cross-file", "--wrap"], ..tool(&["meson"]) },
    Tool {
        decides: &["-c", "--config", "--configuration", "--bootstrap", "-P", "--rcfile", "--style", "--config-path", "--opts", "-f", "--format"],
        writes: &["-o", "--output", "--out", "--cpp_out", "--java_out", "--python_out", "--go_out"],
        escapes: &["-r", "--require", "--plugin", "--load", "--plugins", "-load", "--exec"],
        values: &["-e", "--severity", "-s", "--shell", "--edition", "-E", "--enable", "-D", "--disable", "-i"],
        ..tool(&[
            "rustfmt", "gofmt", "goimports", "gofumpt", "golangci-lint", "staticcheck", "govulncheck", "gotestsum", "phpunit", "pest", "phpstan", "psalm", "php-cs-fixer", "rspec", "rubocop", "standardrb", "minitest",
            "shellcheck", "shfmt", "hadolint", "yamllint", "actionlint", "taplo", "clang-format", "clang-tidy", "cppcheck", "cpplint", "ktlint", "detekt", "swiftlint", "swiftformat", "scalafmt", "buf", "protoc", "tflint", "checkov",
            "ansible-lint", "sqlfluff", "sphinx-build", "mkdocs", "mdbook", "asciidoctor", "pandoc", "doxygen", "typos", "codespell", "vale", "lychee", "trunk", "wasm-pack", "wasm-bindgen", "bindgen", "cbindgen", "cucumber", "bats",
            "busted", "luacheck", "stylua", "elm", "elm-test", "elm-format", "dune", "ocamlformat", "hlint", "ormolu", "fourmolu", "crystal", "ameba", "jsonschema", "xmllint", "tidy", "djhtml", "cargo-nextest",
        ])
    },
];

/// Names of targets and scripts that leave the project.
const LEAVES: &[&str] = &["deploy", "publish", "release", "upload", "push", "ship", "promote", "provision"];

/// Adds what a build tool does; false where the program is none.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    let Some(tool) = TOOLS.iter().find(|tool| tool.names.contains(&call.name)) else { return false };
    let own: Vec<Arg> = call.args.iter().filter(|arg| !arg.text.starts_with('+')).cloned().collect();
    let parsed = options::read(&own, &[tool.values, tool.decides, tool.writes, tool.escapes], tool.style);
    tool.options(call, &parsed, gather);
    match tool.class(&parsed) {
        Some(class @ (Builds | Runs)) => call.in_project(class, &format!("`{}` builds, checks or runs the project", call.name), gather),
        Some(class) => gather.class(class, format!("`{}` {}", call.name, parsed.operands.first().map_or("", |arg| arg.text.as_str()))),
        None => gather.opaque(format!("this call of `{}` is not known here", call.name)),
    }
    if tool.verbs.is_empty() {
        targets(call, &parsed, gather);
    }
    stays_inside(call, &parsed, gather);
    true
}

impl Tool {
    fn options(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let before_program = |(name, _): &&(String, Option<Arg>)| self.escapes.iter().any(|escape| escapes(escape, name, self.style));
        if let Some((option, _)) = parsed.options.iter().find(before_program) {
            call.runs_other(option, gather);
        }
        parsed.values(self.decides).iter().for_each(|value| call.decides(value, gather));
        call.paths(&parsed.values(self.writes), Access::Write, gather);
    }

    fn class(&self, parsed: &Parsed) -> Option<Class> {
        if self.verbs.is_empty() {
            return Some(Builds);
        }
        let verb = parsed.operands.first().filter(|arg| arg.exact)?;
        let found = self.verbs.iter().find(|(verbs, _)| verbs.contains(&verb.text.as_str()))?;
        Some(found.1)
    }
}

/// True where `name` is the option, or carries its value joined to it as compilers and `go` allow.
fn escapes(option: &str, name: &str, style: Style) -> bool {
    let joined = style == Style::Words && name.starts_with(option) && (option.len() > 2 || !option.starts_with("--"));
    options::matches(option, name) || joined || name.strip_prefix("--").is_some_and(|long| style == Style::Words && option.strip_prefix('-') == Some(long))
}

/// Targets of `make` and its kin: names that leave the project, and settings.
fn targets(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    for operand in &parsed.operands {
        if leaves(&operand.text) || call.name.ends_with("make") && operand.text.contains("install") {
            gather.opaque(format!("`{} {}` may change what lies outside of the project", call.name, operand.shown()));
        }
        let setting = operand.text.split_once('=').filter(|(name, _)| name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()));
        if let Some(reason) = setting.and_then(|(name, value)| environment::changes(name, &operand.with_text(value))) {
            gather.opaque(reason);
        }
    }
}

/// True for a target or script whose name says that it sends something out.
pub(super) fn leaves(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| LEAVES.contains(&part))
}

/// Files that are built or run from elsewhere are not the project's.
fn stays_inside(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    for operand in &parsed.operands {
        let path = operand.text.split("::").next().unwrap_or_default();
        let elsewhere = path.starts_with(['/', '~']) || path.contains("..");
        if elsewhere && !path.contains("...") {
            call.decides(&operand.with_text(path), gather);
        } else if operand.text.starts_with('@') && call.name.ends_with(['c', '+']) {
            gather.opaque(format!("`{}` takes its options from a file", call.name));
        }
    }
}

