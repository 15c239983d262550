# README's commands by name: `just --list`. A test holds the two equal (tests/tests/documents.rs).

# Build, and open the console with a bridge for the directory that the agent may work in: `just start ~/your-project`.
start directory:
    cargo build --release && PATH="$PWD/target/release:$PATH" && cd {{ quote(directory) }} && ccc-queue --local

# Run all tests.
test:
    cargo build --workspace --bins && cargo test --workspace

# Build the agent's program: one static file.
client:
    rustup target add x86_64-unknown-linux-musl
    cargo build --profile edge --target x86_64-unknown-linux-musl -p ccc-client
