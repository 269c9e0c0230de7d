"""The sentences behind the codes: Chinese and English, one TOML file a subject in ``words/``.

Codes are what machines log; words are what a clerk reads. A file holds tables named by code::

    ["id.check_digit"]
    zh = "证件号码校验位不对，请核对后重输。"
    en = "The ID number's check digit is wrong; compare and type it again."

Facts of an error may be named in braces: ``{state}``.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Final

LANGUAGES: Final = ("zh", "en")
# Facts that are codes themselves, and where their words stand.
_FACTS_IN_WORDS: Final = {
    "state": "state.",
    "action": "action.",
    "next": "step.",
    "wanted": "step.",
    "done": "step.",
    "reason": "reason.",
    "field": "field.",
}


class _Blank(dict[str, object]):
    """Facts that were not given read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return code → language → sentence of every file; a code defined twice is an error."""
    found: dict[str, dict[str, str]] = {}
    for entry in sorted((resources.files("cardsvc.domain") / "words").iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml"):
            continue
        for code, words in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if code in found:
                raise ValueError(f"words for {code!r} are defined twice")
            found[code] = words
    return found


def say(code: str, language: str, /, **facts: object) -> str:
    """Return the sentence for ``code`` in ``language`` with facts filled in; the code itself where none exists."""
    words = catalogue().get(code)
    if words is None:
        return code
    named = {name: _word(name, value, language) for name, value in facts.items()}
    return words[language].format_map(_Blank(named))


def _word(name: str, value: object, language: str) -> object:
    """Return a fact that is itself a code (a state, an action, a field) in words."""
    if not isinstance(value, str):
        return value
    words = catalogue().get(f"{_FACTS_IN_WORDS.get(name, '')}{value}") or catalogue().get(value)
    return words[language] if words else value
