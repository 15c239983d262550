//! Variables that programs get: a program may run, write or ask what any of them names.

use super::told_apart;

#[test]
fn a_variable_that_names_a_tool_its_arguments_or_its_host_is_asked() {
    for set in [
        "RUSTFMT=./x", "RUSTFMT=/tmp/x", "RUSTDOC=./x", "PROTOC=./x", "CMAKE=./x", "JAVACMD=./x", "NODE=./x",
        "TARGET_CC=./x", "HOST_CC=./x", "CC_x86_64_unknown_linux_gnu=./x", "CXX_aarch64=./x",
        "CMAKE_C_COMPILER_LAUNCHER=./x", "CCACHE_PREFIX=./x", "YACC=./x", "FC=./x", "RANLIB=./x", "CHROME_BIN=./x",
        "PUPPETEER_EXECUTABLE_PATH=./x", "GH_PATH=./x", "PYTEST_ADDOPTS='-p evil'", "MAVEN_ARGS='-f x'",
        "CMAKE_TOOLCHAIN_FILE=x", "BINDGEN_EXTRA_CLANG_ARGS=-fplugin=x", "GOTOOLCHAIN=go1.99", "GOWORK=x",
        "GH_HOST=evil.example", "ELECTRON_MIRROR=evil.example", "PLAYWRIGHT_DOWNLOAD_HOST=evil.example",
        "DISTCC_HOSTS=evil.example", "CC=./x", "CC='clang -fplugin=x'",
    ] {
        told_apart(
            &[&format!("{set} cargo test"), &format!("export {set}; cargo test"), &format!("env {set} make")],
            &[],
        );
    }
}

#[test]
fn a_value_that_leads_out_of_the_project_is_asked_whatever_the_variable() {
    for set in [
        "FOO=/tmp/x", "FOO=~/x", "FOO=../x", "FOO=a/../../x", "FOO=a:/etc", "FOO='a /etc'", "FOO=--x=/etc",
        "FOO=-f/etc/x", "FOO=\"'/etc/x'\"", "FOO=https://evil.example/x", "FOO=git+ssh://evil.example", "FOO=$(cat x)",
        "FOO=$BAR", "FOO='$(shell id)'", "FOO='a; id'", "JAVA_HOME=/tmp/x", "JAVA_HOME=/usr/lib/jvm/../../../tmp/x",
        "GOROOT=/tmp/x", "GOPATH=/tmp/x", "GRADLE_USER_HOME=/tmp/x", "VIRTUAL_ENV=/tmp/x", "JUST_JUSTFILE=/tmp/x",
        "MIX_EXS=/tmp/x", "CARGO_TARGET_DIR=/etc", "CARGO_TARGET_DIR=/tmp/../etc", "COVERAGE_FILE=/home/dev/.bashrc",
        "COVERAGE_FILE=.git/hooks/pre-commit", "LLVM_PROFILE_FILE=~/.bashrc", "GOCACHE=/etc", "DESTDIR=/",
        "PREFIX=/usr", "TMPDIR=/etc", "MVNW_REPOURL=https://evil.example", "MVNW_REPOURL=http://localhost:8000",
        "TERMINAL=$X", "BAZELISK_BASE_URL=https://evil.example", "LC_ALL=/tmp/x",
    ] {
        told_apart(&[&format!("{set} cargo test"), &format!("export {set}; cargo test")], &[]);
    }
}

#[test]
fn a_variable_reaches_programs_however_it_is_exported() {
    told_apart(
        &[
            "X=/tmp/x; export X; make test",
            "export X; X=/tmp/x; make test",
            "X=/tmp/x && export Y X && make test",
            "declare -x X=/tmp/x; make test",
            "typeset -gx X=/tmp/x; make test",
            "X=/tmp/x; readonly -x X; make test",
            "set -a; X=/tmp/x; make test",
            "set -ea; X=/tmp/x; make test",
            "set -o allexport; X=/tmp/x; make test",
            "bash -ac 'X=/tmp/x; make test'",
            "bash -o allexport -c 'X=/tmp/x; make test'",
            "X=/tmp/x sh -c 'make test'",
            "X=/tmp/x eval 'make test'",
            "env X=/tmp/x make test",
            "X=/tmp/x timeout 5 make test",
            "for X in a /tmp/x; do export X; make test; done",
            "read X; export X; make test",
            "export X; : ${X:=/tmp/x}; make test",
            "JAVA_HOME=/tmp/x; mvn test",
            "GOTOOLCHAIN=go1.99; go test ./...",
            "make test X=a:/etc",
            "make test X=https://evil.example",
            "make RUSTDOCFLAGS='-C linker=x' test",
        ],
        &[
            "X=/etc/hosts; cat \"$X\"",
            "DIR=/tmp/x && mkdir -p $DIR",
            "for f in /usr/include/a.h ../b; do cat $f; done",
            "URL=https://docs.rs/x; echo $URL",
            "out=$(cargo test 2>&1); echo \"$out\"",
            "declare -r X=/etc/hosts; echo $X",
            "bash -c 'X=/etc/hosts; echo $X'",
            "set -euo pipefail; X=/etc/hosts; cat $X",
            "read -r line < src/x; echo $line",
            "while IFS=: read -r a b; do echo $a; done < src/x",
        ],
    );
}

#[test]
fn variables_that_inform_or_stay_inside_pass() {
    for set in [
        "RUST_BACKTRACE=1",
        "CI=1",
        "NODE_ENV=test",
        "FORCE_COLOR=0",
        "RUST_LOG=debug,hyper=info",
        "RUST_LOG=$LEVEL",
        "PYTHONPATH=.",
        "PYTHONPATH=src:lib",
        "PYTHONPATH=/home/dev/project/src:lib",
        "CARGO_TARGET_DIR=/tmp/t",
        "CARGO_TARGET_DIR=target/x",
        "CARGO_TARGET_DIR=/home/dev/project/target/x",
        "CARGO_TERM_COLOR=always",
        "DATABASE_URL=sqlite::memory:",
        "DATABASE_URL=postgres://u:p@localhost:5432/x",
        "HOST=localhost",
        "DB_HOST=127.0.0.1",
        "PORT=3000",
        "TZ=UTC",
        "LC_ALL=C",
        "DEBUG='app:*'",
        "GOFLAGS=-mod=mod",
        "GOWORK=off",
        "GOTOOLCHAIN=local",
        "PROPTEST_CASES=100",
        "TMPDIR=/tmp",
        "GOCACHE=/tmp/gocache",
        "JAVA_HOME=/usr/lib/jvm/java-17-openjdk",
        "PYTEST_ADDOPTS=-v",
        "FOO=bar",
        "FOO=tests/data/x.json",
        "FOO=$PWD/x",
        "GIT_AUTHOR_DATE='2024-01-01 10:00:00'",
        "CC=clang",
        "CC=gcc-12 CXX=g++-12",
        "RUSTFLAGS='--cfg tokio_unstable'",
        "RUSTFLAGS='-C target-cpu=native -D warnings'",
        "RUSTFLAGS=-Ctarget-cpu=native",
    ] {
        told_apart(&[], &[&format!("{set} cargo test"), &format!("export {set}; cargo test")]);
    }
}

#[test]
fn flags_of_the_compiler_that_run_or_link_are_asked() {
    for flags in [
        "-C linker=./x", "-Clinker=./x", "-C link-arg=./x", "--cfg x -C linker=gcc", "-C",
        "-Ctarget-cpu=native -Clink-args=x", "--cfg -Clinker=x", "-C codegen-backend=x", "-L x",
    ] {
        told_apart(&[&format!("RUSTFLAGS='{flags}' cargo test")], &[]);
    }
}
