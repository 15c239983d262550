//! More build tools: compilers, the tools of the compiled languages, formatters and linters.

use super::tools::{Tool, tool};
use crate::facts::Class::{Builds, Installs, Runs, Upload};
use crate::facts::options::Style;

pub(super) const COMPILERS: &[Tool] = &[
    Tool {
        style: Style::Words,
        decides: &["-S", "-B", "--build", "-H", "-C", "--preset", "--test-dir", "-f"],
        writes: &["-O", "--output-log", "--output-junit"],
        escapes: &["--install", "-P", "-E", "-C", "-D", "-S", "--toolchain", "--build-generator", "--script"],
        values: &["-G", "-j", "--parallel", "--target", "--config", "-R", "-L", "-E"],
        ..tool(&["ctest"])
    },
    Tool {
        values: &["-G", "-j", "--parallel", "--target", "--config"],
        decides: &["-S", "-B", "--build", "--preset"],
        escapes: &["-P", "-E", "-C", "--toolchain", "--install"],
        style: Style::Words,
        ..tool(&["cmake"])
    },
    Tool {
        style: Style::Words,
        values: &["-std", "-march", "-x", "-arch", "-target", "-MT", "-MQ", "--emit", "--print"],
        decides: &["-I", "-L", "-include", "-isystem", "-cp", "-classpath", "-sourcepath"],
        writes: &["-o", "-d", "--out-dir", "-MF", "-MJ", "-dumpdir", "-dumpbase", "-aux-info"],
        escapes: &[
            "-wrapper", "-plugin", "-Wp,", "-Wa,", "-Xpreprocessor", "-Xassembler", "--extern", "-fplugin", "-B",
            "-specs", "-fuse-ld", "-Xclang", "-load", "-C", "-Z", "-T", "-processor", "-processorpath",
            "-fpass-plugin", "--config", "-Wl,", "-Xlinker", "--codegen", "-J-agentpath",
        ],
        ..tool(&[
            "gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "javac", "kotlinc", "ld", "ar", "as", "nasm",
            "ghc", "ocamlc", "fpc", "nim", "dmd", "ldc2", "gfortran", "emcc",
        ])
    },
    Tool {
        style: Style::Words,
        decides: &[
            "-p", "-b", "-c", "-f", "-I", "--init-script", "--project-dir", "--build-file", "--settings-file", "-s",
            "-gs", "-t", "--file", "--include-build",
        ],
        escapes: &[
            "-Dexec.executable", "-Dmaven.ext.class.path", "--define", "--run_under", "--override_repository",
            "--script_path", "--bazelrc",
        ],
        values: &[
            "-pl", "-x", "-j", "-T", "-P", "--tests", "--filter", "--configuration", "--framework", "-v", "--verbosity",
        ],
        ..tool(&[
            "gradle", "gradlew", "mvn", "mvnw", "ant", "sbt", "mill", "bazel", "bazelisk", "buildifier", "xcodebuild",
            "msbuild", "lein", "clj",
        ])
    },
    Tool {
        verbs: &[
            (&["build", "test", "restore", "format", "clean", "list", "sln", "msbuild", "vstest"], Builds),
            (&["run", "watch", "exec"], Runs),
            (&["add", "tool", "workload", "new"], Installs),
            (&["nuget", "publish"], Upload),
        ],
        escapes: &["--source", "-s", "--interactive"],
        ..tool(&["dotnet"])
    },
    Tool {
        verbs: &[(&["build", "test", "package"], Builds), (&["run"], Runs)],
        escapes: &["-Xlinker", "-Xcc", "-Xswiftc"],
        decides: &["--package-path", "-C"],
        ..tool(&["swift"])
    },
    Tool {
        verbs: &[
            (&["test", "compile", "format", "credo", "dialyzer", "deps", "deps.get", "ecto.migrate"], Builds),
            (&["run", "phx.server"], Runs),
            (&["archive.install", "escript.install", "local.hex", "hex.publish"], Installs),
        ],
        escapes: &["-e", "--eval", "-r", "--require"],
        ..tool(&["mix", "rebar3"])
    },
    Tool {
        verbs: &[
            (&["build", "test", "check", "bench", "haddock", "freeze", "update"], Builds),
            (&["run", "exec", "repl", "ghci"], Runs),
            (&["install"], Installs),
            (&["upload"], Upload),
        ],
        escapes: &["--with-compiler", "--with-ghc"],
        ..tool(&["stack", "cabal"])
    },
    Tool {
        verbs: &[(&["build", "test", "fmt", "ast-check"], Builds), (&["run"], Runs), (&["fetch"], Installs)],
        ..tool(&["zig"])
    },
    Tool {
        verbs: &[
            (&["analyze", "test", "format", "build", "compile", "doctor", "fix"], Builds),
            (&["run"], Runs),
            (&["pub"], Installs),
        ],
        ..tool(&["flutter", "dart"])
    },
    Tool {
        verbs: &[
            (&["check", "lint", "fmt", "test", "bench", "info", "doc"], Builds),
            (&["run", "task"], Runs),
            (&["install", "add"], Installs),
        ],
        escapes: &["--config", "--import-map", "--location", "-A", "--allow-all"],
        ..tool(&["deno"])
    },
    Tool {
        verbs: &[(&["fmt", "validate", "version", "providers", "graph"], Builds)],
        decides: &["-chdir"],
        style: Style::Words,
        ..tool(&["terraform", "tofu"])
    },
    Tool {
        verbs: &[(&["run", "report", "html", "xml", "json", "combine", "erase", "lcov"], Builds)],
        decides: &["--rcfile", "--data-file"],
        values: &["-m", "--source", "--omit", "--include"],
        writes: &["-o", "-d"],
        ..tool(&["coverage"])
    },
    Tool {
        verbs: &[(&["run", "validate-config", "sample-config"], Builds)],
        decides: &["-c", "--config"],
        ..tool(&["pre-commit"])
    },
    Tool {
        verbs: &[(&["lint", "template", "show", "dependency"], Builds)],
        escapes: &["--post-renderer"],
        ..tool(&["helm"])
    },
    Tool {
        verbs: &[(&["compile", "setup", "test", "configure", "introspect"], Builds)],
        decides: &["-C"],
        escapes: &["--wrapper", "--native-file", "--cross-file", "--wrap"],
        ..tool(&["meson"])
    },
    Tool {
        decides: &[
            "-c", "--config", "--configuration", "--bootstrap", "-P", "--rcfile", "--style", "--config-path", "--opts",
            "-f", "--format",
        ],
        writes: &["-o", "--output", "--out", "--cpp_out", "--java_out", "--python_out", "--go_out"],
        escapes: &["-r", "--require", "--plugin", "--load", "--plugins", "-load", "--exec"],
        values: &["-e", "--severity", "-s", "--shell", "--edition", "-E", "--enable", "-D", "--disable", "-i"],
        ..tool(&[
            "rustfmt", "gofmt", "goimports", "gofumpt", "golangci-lint", "staticcheck", "govulncheck", "gotestsum",
            "phpunit", "pest", "phpstan", "psalm", "php-cs-fixer", "rspec", "rubocop", "standardrb", "minitest",
            "shellcheck", "shfmt", "hadolint", "yamllint", "actionlint", "taplo", "clang-format", "clang-tidy",
            "cppcheck", "cpplint", "ktlint", "detekt", "swiftlint", "swiftformat", "scalafmt", "buf", "protoc",
            "tflint", "checkov", "ansible-lint", "sqlfluff", "sphinx-build", "mkdocs", "mdbook", "asciidoctor",
            "pandoc", "doxygen", "typos", "codespell", "vale", "lychee", "trunk", "wasm-pack", "wasm-bindgen",
            "bindgen", "cbindgen", "cucumber", "bats", "busted", "luacheck", "stylua", "elm", "elm-test", "elm-format",
            "dune", "ocamlformat", "hlint", "ormolu", "fourmolu", "crystal", "ameba", "jsonschema", "xmllint", "tidy",
            "djhtml", "cargo-nextest",
        ])
    },
];
