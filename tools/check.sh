#!/usr/bin/env bash
# Every check that is not a test. Stops at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy --no-error-summary
$bin/lint-imports --no-cache >/dev/null || $bin/lint-imports --no-cache
$bin/deptry . 2>&1 | grep -v '^Success' || true
$bin/deptry . >/dev/null 2>&1
