"""How things are shown: words in the reader's language, times in Shanghai, states as coloured tags."""

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Flask, g

from cardsvc.api.guard import parts
from cardsvc.domain.making import STEPS, MakingStep
from cardsvc.domain.people import LongTerm
from cardsvc.domain.words import catalogue, say
from counter_ui import asking

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_TAGS: Final = {
    "draft": "secondary",
    "confirmed": "warning",
    "refused": "danger",
    "accepted": "primary",
    "making": "primary",
    "returned": "info",
    "enabled": "info",
    "handed_over": "success",
    "cancelling": "warning",
    "cancelled": "dark",
}


def text(chinese: str, english: str) -> str:
    """Return the sentence in the reader's language; both stand where they are used."""
    return english if g.get("language") == "en" else chinese


def word(code: str, /, **facts: object) -> str:
    """Return a code's sentence in the reader's language."""
    return say(code, str(g.get("language") or "zh"), **facts)


def fault(code: str, facts: dict[str, Any]) -> str:
    """Return an error's sentence in the reader's language."""
    return word(code, **facts)


def audited(action: str) -> str:
    """Return an audit row's action in words: of an order the timeline's, else its own."""
    own = action.removeprefix("order.")
    return word(own if own in catalogue() else f"audit.{action}")


def told(facts: dict[str, Any]) -> str:
    """Return an audit row's facts in words: the states as a move, the rest by name."""
    source, target = (facts.get(name, "") for name in ("source", "target"))
    rest = {name: value for name, value in facts.items() if name not in {"source", "target"}}
    moved = [f"{word(f'state.{source}')} → {word(f'state.{target}')}"] if source and source != target else []
    return " · ".join([*moved, *(f"{word(f'fact.{name}')} {word(str(value))}" for name, value in rest.items())])


def wrong_field() -> str:
    """Return which field of the form the error is about, "" where it is about none."""
    error = g.get("error")
    if error is None:
        return ""
    if error.code.startswith("id."):
        return "id_number"
    return "valid_to" if error.code == "intake.expired" else str(error.facts.get("field", ""))


def moment(value: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a moment in Shanghai time."""
    return value.astimezone(_ZONE).strftime(form) if value else ""


def day(value: date | LongTerm | None) -> str:
    """Return a day, or the word for a document without end."""
    if isinstance(value, LongTerm):
        return text("长期", "long-term")
    return value.isoformat() if value else ""


def tag(state: str) -> str:
    """Return the colour of a state."""
    return _TAGS.get(str(state), "secondary")


def names() -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "L": text,
        "word": word,
        "fault": fault,
        "audited": audited,
        "told": told,
        "actor": g.get("actor"),
        "language": g.get("language") or "zh",
        "lang_code": "en" if g.get("language") == "en" else "zh-CN",
        "demo": parts().demo,
        "profile": parts().profile,
        "this_page": asking.page(),
        "wrong_field": wrong_field(),
        "making_steps": [MakingStep(step) for step in STEPS],
    }


def filters(app: Flask) -> None:
    """Give templates the filters above."""
    app.jinja_env.filters.update(moment=moment, day=day, tag=tag)
    app.jinja_env.finalize = drawable


def drawable(value: Any) -> Any:
    r"""Return what a page can send: half a character (a chip's field was too short) becomes the mark for one lost.

    >>> drawable("王\ud840")
    '王\ufffd'
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return type(value)(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value
