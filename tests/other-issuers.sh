#!/usr/bin/env bash
# What the tests need of other people's token code, besides our own dependencies:
#   .venv-cwt                              python-cwt, apart because it wants an older cbor2 (requirements/second-opinion.txt)
#   docs/examples/javascript/node_modules  the JavaScript example's one package (package-lock.json)
#   tests/axe/node_modules                 axe-core, the accessibility rules of the browser tests (package-lock.json)
# Makes what is missing or older than its lock file; every hash is checked. Never fails: the tests that need it are
# skipped and named at the end of the run, or fail where LOCKER_NO_SKIP=1. PYTHON says which Python to use.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python="${PYTHON:-.venv/bin/python}"
[[ -x "$python" ]] || python=python3

log="$(mktemp)"
trap 'rm -f "$log"' EXIT

sorry() {
  tail -n 5 "$log" >&2
  echo "could not prepare $1; some tests will be skipped. To try again: bash tests/other-issuers.sh" >&2
}

python_cwt() {
  local lock=requirements/second-opinion.txt venv=.venv-cwt
  [[ "$venv/.ready" -nt "$lock" ]] && return
  echo "preparing python-cwt in $venv for the tests"
  "$python" -m venv --clear "$venv" >"$log" 2>&1 \
    && "$venv/bin/python" -m pip install -qq --disable-pip-version-check --retries 1 --require-hashes -r "$lock" >>"$log" 2>&1 \
    && touch "$venv/.ready" \
    || sorry python-cwt
}

# node_packages FOLDER NAME: what a folder's package-lock.json pins, each by its integrity.
node_packages() {
  local folder="$1" name="$2"
  [[ "$folder/node_modules/.ready" -nt "$folder/package-lock.json" ]] && return
  command -v node npm >/dev/null || { echo "no node and npm here, so no $name in the tests" >&2; return; }
  node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || {
    echo "node is $(node --version); $name wants 18 or later" >&2
    return
  }
  echo "preparing $name for the tests"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --fetch-retries=1 >"$log" 2>&1 </dev/null \
    && touch "$folder/node_modules/.ready" \
    || sorry "$name"
}

python_cwt
node_packages docs/examples/javascript "the JavaScript example"
node_packages tests/axe axe-core
exit 0
