"""Documents that say what is so: links lead somewhere, and what the code refers to is there."""

import re
import subprocess
from pathlib import Path

from cardsvc.config import Settings
from cardsvc.domain.staff import ALLOWED, Permission

ROOT = Path(__file__).resolve().parents[2]


def pages():
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_link_leads_somewhere():
    dead = [
        (str(page.relative_to(ROOT)), target)
        for page in pages()
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_file_a_document_names_is_there():
    names = re.compile(r"`((?:cardsvc|counter_ui|tests|tools|docs|requirements)/[\w./-]+\.(?:py|toml|md|txt|sh))`")
    gone = [
        (str(page.relative_to(ROOT)), name)
        for page in pages()
        for name in names.findall(page.read_text())
        if not (ROOT / name).exists()
    ]
    assert gone == []


def test_every_document_the_code_refers_to_is_there():
    found = subprocess.run(
        ["git", "grep", "-hoE", r"docs/[a-z/]+[0-9a-z-]*(\.md)?", "--", "cardsvc", "counter_ui", "tools"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    dead = [
        name for name in found if not (ROOT / name).exists() and not list(ROOT.glob(f"{name.removesuffix('.md')}*"))
    ]
    assert dead == []


def test_every_setting_is_described():
    text = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name}`" not in text] == []


def test_every_permission_is_given_to_somebody():
    assert [permission for permission in Permission if not ALLOWED.get(permission)] == []


def test_the_readme_is_short_and_shows_the_two_commands():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) < 80
    assert "make run" in text
    assert "make test" in text
