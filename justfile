# Bare `just` is what to run before a commit. The commands themselves are in .ci/recipe, which CI calls too.

# Format, lint, test.
default: fmt lint test

# Format all Rust.
fmt:
    .ci/recipe fmt

# Run clippy over everything, warnings denied.
lint:
    .ci/recipe lint

# Build the documentation of our crates, warnings denied.
doc:
    .ci/recipe doc

# Run all tests, or those whose names contain ARGS: `just test replay`.
test *ARGS:
    .ci/recipe test {{ARGS}}

# Run the benches.
bench *ARGS:
    .ci/recipe bench {{ARGS}}

# Fuzz each decoder of what strangers send for so many seconds (stable toolchain).
fuzz SECONDS *TARGETS:
    .ci/recipe fuzz {{SECONDS}} {{TARGETS}}

# Check licences, bans and sources of all dependencies.
deny:
    .ci/recipe deny

# Check for known vulnerabilities (fetches the advisory database).
advisories:
    .ci/recipe advisories

# Run README's first command.
first-run:
    .ci/recipe first-run

# Set up the real network that tests run against (Node.js 20, about 100 s).
network:
    .ci/recipe network

# Run what every change is judged by.
ci:
    .ci/recipe ci
