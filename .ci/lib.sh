# What the scripts beside share. Sourced, never run.
#
# Each script makes a virtual environment of its own in a temporary folder and stops at
# the first failure. A script that another one calls works in that one's environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
checkout=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PRE_COMMIT_HOME="$scratch/pre-commit"

# Takes long enough on one backend; what the oldest and the newest releases, other
# systems and other versions of Python have to pass.
# shellcheck disable=SC2034
cross_section=(
    tests/activations/test_golden.py
    tests/export/trace/test_hooks.py
    tests/export/test_dtypes.py
    tests/parity/test_verdict.py
    tests/cli/test_model_commands.py
)

title() { echo "== $*"; }

# Make a fresh environment in $1 and enter it.
fresh_environment() {
    "${PYTHON:-python3}" -m venv "$1"
    local scripts="$1/bin"
    if [ -d "$1/Scripts" ]; then scripts="$1/Scripts"; fi # Windows
    # shellcheck disable=SC1091
    source "$scripts/activate"
}

# Enter the script's environment: the caller's, or a fresh one.
environment() {
    if [ -z "${CI_ENVIRONMENT:-}" ]; then
        fresh_environment "$scratch/venv"
        export CI_ENVIRONMENT="$scratch/venv"
    fi
}

# Print the requirements of some packages as pyproject.toml states them.
requirements() { python .ci/requirements.py "$@"; }

# Install some packages as pyproject.toml states them.
install() {
    requirements "$@" >"$scratch/requirements.txt"
    pip install -q -r "$scratch/requirements.txt"
}
