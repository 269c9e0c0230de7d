#!/usr/bin/env bash
# Every test, in parallel.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python -m pytest -q -n 2 "$@"
