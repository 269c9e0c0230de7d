"""What an auditor reads."""

import re
from pathlib import Path

import pytest

from cardsvc.domain.words import catalogue

ROOT = Path(__file__).resolve().parents[2]


def test_every_action_that_is_audited_has_words():
    sources = "".join(path.read_text() for path in (ROOT / "cardsvc").rglob("*.py"))
    calls = re.findall(r"audit\.record\((.*?)\)\n", sources, re.DOTALL)
    actions = {found for call in calls for found in re.findall(r'action="([\w.]+)"', call)}
    assert len(actions) > 8
    assert [action for action in sorted(actions) if f"audit.{action}" not in catalogue()] == []


@pytest.mark.parametrize(("language", "words"), [("zh", ("受理登记", "登录")), ("en", ("opened", "signed in"))])
def test_the_trail_is_read_in_words_and_leads_to_the_order(window, language, words):
    window.sign_in()
    typed = {"id_number": "11010519491231002X", "name": "王", "address": "路", "long_term": "1"}
    number = window.post("/orders", **typed).location.split("/")[2]
    window.sign_in("auditor")
    if language == "en":
        window.post("/language", back="/audit")
    page = window.get("/audit").text
    assert f'href="/orders/{number}"' in page
    for sentence in words:
        assert sentence in page
    assert "audit.access" not in page
    assert "fact." not in page
    assert window.get("/audit?subject=nobody").text.count("<td") == 1
