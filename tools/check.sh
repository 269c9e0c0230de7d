#!/usr/bin/env bash
# Every check that is not a test. A tool that finds something prints it and ends the script.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$PWD/.venv/bin"
quiet() { # print a tool's output only if it fails
    local out
    out="$("$@" 2>&1)" || { printf '%s\n' "$out" >&2; return 1; }
}
quiet "$bin/ruff" format --check --cache-dir var/ruff .
quiet "$bin/ruff" check --cache-dir var/ruff .
quiet "$bin/mypy" --cache-dir var/mypy
quiet "$bin/lint-imports" --no-cache
quiet "$bin/deptry" .
"$bin/python" tools/reference.py --check
