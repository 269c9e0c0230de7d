#!/usr/bin/env bash
# Install what is missing: tools/setup.sh run|test. Quick when nothing is.
set -euo pipefail
cd "$(dirname "$0")/.."
what="${1:-run}"
venv=.venv
mkdir -p var

exec 9>var/setup.lock
flock 9 # two at once would trip over each other's half-made environment

stamp="$venv/.ready-$what"
digest="$(cat requirements/*.txt pyproject.toml tools/setup.sh tools/fetch_assets.py tools/fallback_font.py | sha256sum | cut -d' ' -f1)"
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ] &&
    [ -f cardsvc/assets/models/face_landmark.tflite ] && [ -f counter_ui/static/vendor/htmx.min.js ]; then
    exit 0
fi

# --- system packages: name, a file that shows it is there, what happens without it ---
packages=(
    "python3-venv|/usr/lib/python3.11/ensurepip/__init__.py|"
    "python3-dev|/usr/include/python3.11/Python.h|pyscard cannot be built: cards are simulated without PC/SC"
    "gcc|/usr/bin/gcc|pyscard cannot be built: cards are simulated without PC/SC"
    "libpcsclite-dev|/usr/include/PCSC/winscard.h|pyscard cannot be built: cards are simulated without PC/SC"
    "pcscd|/usr/sbin/pcscd|cards are simulated without PC/SC"
    "vsmartcard-vpcd|/usr/lib/pcsc/drivers/serial/libifdvpcd.so|cards are simulated without PC/SC"
    "fonts-wqy-zenhei|/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc|a font from a pinned package is used instead"
    "fonts-hanazono|/usr/share/fonts/truetype/hanazono/HanaMinB.ttf|rare characters cannot be printed"
)
if [ "$what" = test ]; then
    packages+=(
        "chromium|/usr/bin/chromium|browser tests fail"
        "poppler-utils|/usr/bin/pdftotext|paper tests fail"
        "postgresql|/usr/lib/postgresql/15/bin/initdb|PostgreSQL tests fail"
    )
fi
missing=()
effects=()
for row in "${packages[@]}"; do
    IFS='|' read -r name file effect <<<"$row"
    if [ ! -e "$file" ]; then
        missing+=("$name")
        effects+=("  $name${effect:+: $effect}")
    fi
done
if [ "${#missing[@]}" -gt 0 ] && command -v apt-get >/dev/null; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
        echo "installing system packages: ${missing[*]}"
        install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
        if ! "${install[@]}" >var/apt.log 2>&1; then
            "${as_root[@]}" apt-get update -qq >>var/apt.log 2>&1 || true
            "${install[@]}" >>var/apt.log 2>&1 || echo "apt-get failed, see var/apt.log; going on without"
        fi
    else
        echo "these system packages are missing and need root to install:"
        printf '%s\n' "${effects[@]}"
    fi
elif [ "${#missing[@]}" -gt 0 ]; then
    echo "these are missing:"
    printf '%s\n' "${effects[@]}"
fi

# --- Python ---
python=""
for candidate in python3.11 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python="$candidate"
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3 python3-venv)" >&2
    exit 1
fi
if ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
echo "installing Python packages (a minute or two the first time) ..."
"${pip[@]}" install --require-hashes -r requirements/run.txt
if [ -e /usr/include/PCSC/winscard.h ] && command -v gcc >/dev/null; then
    "${pip[@]}" install --require-hashes --no-deps -r requirements/pcsc.txt || echo "pyscard was not built; cards are simulated without PC/SC"
fi
[ "$what" != test ] || "${pip[@]}" install --require-hashes -r requirements/test.txt

# The project itself, as it lies here; its build needs setuptools only, which needs no hash to be thrown away after.
"${pip[@]}" install --no-deps --editable . >var/editable.log 2>&1 || { cat var/editable.log >&2; exit 1; }
echo "fetching photo models and front-end files ..."
portraits=(); [ "$what" != test ] || portraits=(--portraits)
"$venv/bin/python" tools/fetch_assets.py "${portraits[@]}"
"$venv/bin/python" tools/fallback_font.py || echo "no Chinese font: papers are refused until there is one"
echo "$digest" >"$stamp"
echo "ready"
