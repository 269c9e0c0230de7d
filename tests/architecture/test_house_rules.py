"""The house's rules as failing checks; each rule is tried on a planted violation as well."""

import importlib
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

import cardsvc
from cardsvc.domain.words import LANGUAGES, catalogue
from cardsvc.errors import CardsvcError

ROOT = Path(__file__).resolve().parents[2]
SLEEPS_ALLOWED = {f"cardsvc/devices/idcard/{name}.py" for name in ("port", "reader", "sam")}
COMMITS_ALLOWED = {"cardsvc/store/uow.py"}


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split() if listed.returncode == 0 and listed.stdout else []
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def own(*endings):
    found = [path for path in tracked() if path.suffix in endings]
    return [path for path in found if path.relative_to(ROOT).parts[0] in {"cardsvc", "counter_ui", "tests", "tools"}]


def too_long(text):
    return len(text.splitlines()) > 400


def commits(text):
    return bool(re.search(r"\b(?:tx|session)\.(?:commit|rollback)\(", text))


def sleeps(text):
    return bool(re.search(r"\btime\.sleep\(", text))


def naked_now(text):
    return bool(re.search(r"datetime\.(?:now\(\)|utcnow\()", text))


def wordless_suppression(text):
    return bool(
        re.search(r"# noqa(?:: [A-Z0-9, ]+)?$", text, re.MULTILINE)
        or re.search(r"# type: ignore\S*$", text, re.MULTILINE)
    )


def foreign_address(text):
    return bool(re.search(r"https?://(?!127\.0\.0\.1|localhost|\{|\[|www\.w3\.org)[a-z0-9]", text))


def machine_path(text):
    return bool(re.search(r"(?<![\w.])/(?:root|home/\w+|work)/", text))


RULES = {
    "too_long": (too_long, "x\n" * 401),
    "commits": (commits, "tx.commit()"),
    "sleeps": (sleeps, "time.sleep(1)"),
    "naked_now": (naked_now, "datetime.now()"),
    "wordless_suppression": (wordless_suppression, "x = 1  # noqa: E501"),
    "foreign_address": (foreign_address, "see https://cdn.example.org/x.js"),
    "machine_path": (machine_path, "open('/" + "work/x')"),
}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_planted_violation_is_found(name):
    rule, planted = RULES[name]
    assert rule(planted)
    assert not rule("nothing to see")


def breaking(rule, paths, allowed=frozenset()):
    return [str(p.relative_to(ROOT)) for p in paths if str(p.relative_to(ROOT)) not in allowed and rule(p.read_text())]


def product():
    return [p for p in own(".py") if p.relative_to(ROOT).parts[0] in {"cardsvc", "counter_ui"}]


def test_files_are_small_rooms():
    generated = {str(p.relative_to(ROOT)) for p in own(".py") if "migrations/versions" in str(p)}
    assert breaking(too_long, own(".py", ".js", ".css", ".html"), generated) == []


def test_only_the_unit_of_work_commits():
    assert breaking(commits, product(), COMMITS_ALLOWED) == []


def test_nobody_sleeps_and_nobody_asks_a_clock_without_zone():
    assert breaking(sleeps, product(), SLEEPS_ALLOWED) == []
    assert breaking(naked_now, product()) == []


def test_every_suppression_says_why():
    assert breaking(wordless_suppression, own(".py")) == []


def test_no_room_has_a_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handlers"}
    assert [p for p in own(".py") if p.stem in empty or empty & set(p.relative_to(ROOT).parts)] == []


def test_pages_and_locks_name_no_other_host():
    files = [*own(".html", ".js", ".css"), *sorted((ROOT / "requirements").glob("*.txt"))]
    assert breaking(foreign_address, files) == []


def test_no_tracked_file_holds_a_path_of_one_machine_or_somebody_elses_asset():
    text = [p for p in tracked() if p.suffix in {".py", ".sh", ".md", ".toml", ".txt", ".html", ".js", ".css", ""}]
    assert breaking(machine_path, text, {"tests/architecture/test_house_rules.py"}) == []
    foreign = (".min.js", ".min.css", ".onnx", ".tflite", ".ttf", ".ttc", ".woff", ".woff2")
    assert [p for p in tracked() if p.name.endswith(foreign)] == []


def test_every_error_has_words_in_both_languages():
    for module in pkgutil.walk_packages(cardsvc.__path__, "cardsvc."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    wordless = sorted(code for code in CardsvcError.known if code not in catalogue())
    assert wordless == []
    assert [
        code for code, words in catalogue().items() if set(words) != set(LANGUAGES) or not all(words.values())
    ] == []


def test_every_test_file_tests_something():
    files = [p for p in own(".py") if p.name.startswith("test_")]
    assert [p for p in files if "def test_" not in p.read_text()] == []
