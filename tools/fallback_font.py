"""Make sure that papers can be printed: a Chinese TrueType font, from a pinned package if Debian's are missing.

Nothing is done where fonts-wqy-zenhei is installed or the font was made before. Otherwise the variable font
Noto Sans SC (SIL Open Font License 1.1) is taken out of a wheel that pip downloads against the hash in
requirements/fonts.txt and never installs, and set to its regular weight once (about 15 s). It holds all of
通用规范汉字表; for rarer names install fonts-hanazono. ``--from DIR`` takes the wheel from a folder (closed networks).
"""

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
FOLDER = ROOT / "cardsvc" / "assets" / "fonts"
TARGET = FOLDER / "NotoSansSC-Regular.ttf"
LOCK = ROOT / "requirements" / "fonts.txt"
WHEEL = "justmytype_intl_cjk-0.1.0-*.whl"
MEMBER = "justmytype_intl_cjk/fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
LICENCE = "justmytype_intl_cjk/fonts/ofl/notosanssc/OFL.txt"
SHA256 = "a3041811a78c361b1de50f953c805e0244951c21c5bd412f7232ef0d899af0da"
REGULAR = 400


def main(arguments: list[str] | None = None) -> int:
    """Make the font if it is needed; return 0, or 1 with one sentence where that is not possible."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="folder", type=Path, help="folder that holds the wheel already")
    parser.add_argument("--force", action="store_true", help="make it although Debian's font is installed")
    options = parser.parse_args(arguments)
    if TARGET.exists() or (DEBIAN.exists() and not options.force):
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if options.folder is None and not download(folder):
            return 1
        found = sorted(folder.glob(WHEEL))
        if not found:
            print(f"error: {WHEEL} is not in {folder}", file=sys.stderr)
            return 1
        with zipfile.ZipFile(found[0]) as wheel:
            variable, licence = wheel.read(MEMBER), wheel.read(LICENCE)
    if hashlib.sha256(variable).hexdigest() != SHA256:
        print(f"error: {MEMBER} has another digest than the one written down", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "OFL.txt").write_bytes(licence)
    part = TARGET.with_suffix(".part")
    part.write_bytes(instance(variable))
    part.replace(TARGET)
    print(f"{TARGET.relative_to(ROOT)}  {TARGET.stat().st_size:,} bytes")
    return 0


def download(folder: Path) -> bool:
    """Let pip fetch the wheel that the lock names; return whether it did."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--dest", str(folder), "-r", str(LOCK)]
    if subprocess.run(command, check=False).returncode == 0:
        return True
    print("error: the font could not be fetched; install fonts-wqy-zenhei, or give --from DIR", file=sys.stderr)
    return False


def instance(variable: bytes) -> bytes:
    """Return the static font of regular weight; reportlab would draw a variable one at its thinnest."""
    # The time of change would otherwise be written into the file: same wheel, same font.
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    font = instancer.instantiateVariableFont(TTFont(io.BytesIO(variable)), {"wght": REGULAR}, updateFontNames=True)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
