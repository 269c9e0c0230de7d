#!/usr/bin/env bash
# Every test, in parallel, with branch coverage. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
workers="$(nproc)"
export COVERAGE_FILE=var/.coverage
exec .venv/bin/python -m pytest -q -n "$((workers < 2 ? 2 : workers))" --dist loadgroup \
    --cov --cov-branch --cov-report=term:skip-covered --cov-fail-under=82 "$@"
