#!/usr/bin/env bash
# Make the locks anew. No index or registry address goes into a file.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
for name in run pcsc test; do
    ../.venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" --output-file "$name.txt" "$name.in"
done
