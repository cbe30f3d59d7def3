# Short names for the commands of CONTRIBUTING.md. `just` lists them.

_default:
    @just --list

# Build the program
build:
    cargo build --release

# Run the quickstart: ten small models and their report
quickstart:
    cargo run --release -- run sweeps/quickstart.toml

# Run all tests, or those whose name contains FILTER
test *FILTER:
    cargo test --release {{FILTER}}

# Everything that a change must pass
check:
    .ci/run

# Formatting and lints only
lint:
    cargo fmt --all --check
    cargo clippy --release --workspace --all-targets -- -D warnings

# Rewrite the snapshots of messages and figures; read the diff before you commit it
snapshots:
    INSTA_UPDATE=always cargo test --release

# Timings on this machine: train, encode, layers, data or scale
bench *ARGS:
    cargo run --release -p unravel-bench -- {{ARGS}}

# Advisories, licences and sources of the dependencies
deny:
    cargo deny check
