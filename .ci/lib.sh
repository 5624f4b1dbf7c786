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
    pip install -q uv
}

# Install packages with uv, in seconds where pip takes minutes. It is told where pip has
# been told to look: torch's CPU builds are there.
packages() {
    UV_FIND_LINKS=$(setting find-links) UV_EXTRA_INDEX_URL=$(setting extra-index-url) \
        UV_INDEX_STRATEGY=unsafe-best-match UV_LINK_MODE=copy uv pip install -q "$@"
}

# Print what pip's configuration says, in a file or in the environment.
setting() { pip config list | sed -n "s/.*\.$1='\(.*\)'$/\1/p" | tail -1; }

# Run what writes into the checkout, as builds do, while no other job does.
alone() (
    if command -v flock >/dev/null; then
        exec 9<"$checkout/.git"
        flock 9
    fi
    "$@"
)

cores() { getconf _NPROCESSORS_ONLN; }

# Enter an environment of the script's own, for what must not change the caller's.
own_environment() {
    unset CI_ENVIRONMENT CI_INSTALLED
    environment
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

# Install the package with some of its extras, unless the caller has.
extras() {
    if [ -z "${CI_INSTALLED:-}" ]; then alone packages -e ".[$1]"; fi
}

# Install some packages as pyproject.toml states them, unless the caller has.
install() {
    if [ -n "${CI_INSTALLED:-}" ]; then return; fi
    requirements "$@" >"$scratch/requirements.txt"
    packages -r "$scratch/requirements.txt"
}

# Find npm and Chromium, or install them where apt-get does; sets CHROMIUM.
browser() {
    local name packages=()
    command -v npm >/dev/null || packages+=(nodejs npm)
    for name in "${CHROMIUM:-}" chromium google-chrome; do
        if CHROMIUM=$(command -v "$name"); then break; fi
    done
    if [ -z "$CHROMIUM" ]; then packages+=(chromium); fi
    if [ ${#packages[@]} -gt 0 ]; then
        title "Installing ${packages[*]}"
        as_root apt-get update -qq
        as_root apt-get install -y -qq "${packages[@]}" >/dev/null
    fi
    export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
