"""Write docs/errors.md and docs/states.md from the tables in the code; ``--check`` only says whether they are true."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import cardsvc
from cardsvc.api.problems import status_of
from cardsvc.cli.exits import exit_status
from cardsvc.domain.cards import CARD_MOVES
from cardsvc.domain.making import STEPS
from cardsvc.domain.orders import ENDED, MOVES, OrderState
from cardsvc.domain.words import catalogue
from cardsvc.errors import BankFault, CardsvcError, Conflict, DeviceFault, Rejected

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = (Rejected, Conflict, DeviceFault, BankFault, CardsvcError)


def main() -> int:
    """Write the pages, or compare them; return 1 where one is not true."""
    pages = {"errors.md": errors_page(), "states.md": states_page()}
    stale = [name for name, text in pages.items() if not _same(ROOT / "docs" / name, text)]
    if "--check" not in sys.argv:
        for name in stale:
            (ROOT / "docs" / name).write_text(pages[name], encoding="utf-8")
        return 0
    for name in stale:
        print(f"docs/{name} is not what the code says; run tools/reference.py")
    return 1 if stale else 0


def errors_page() -> str:
    """Return the table of every failure the service can name."""
    lines = [
        "# Every failure that has a name",
        "",
        "Made by `tools/reference.py`. The code is stable and is what logs, the API (`code` of an RFC 9457 problem",
        "document) and the pages show; HTTP is the API's status, exit the command line's. Sentences are in",
        "`cardsvc/domain/words/`; names in braces are facts of the error. Findings about photographs are not",
        "failures and are listed in [photo.md](photo.md).",
        "",
        "| code | family | HTTP | exit | what is said |",
        "|---|---|---|---|---|",
    ]
    for error in _every_error():
        family = next(kind.__name__ for kind in FAMILIES if issubclass(error, kind))
        blank = error()
        said = catalogue()[error.code]
        words = f"{said['zh']}<br>{said['en']}".replace("|", "\\|")
        lines.append(f"| `{error.code}` | {family} | {status_of(blank)} | {exit_status(blank)} | {words} |")
    return "\n".join(lines) + "\n"


def states_page() -> str:
    """Return the lives of an order, of a making and of a card."""
    lines = [
        "# States",
        "",
        "Made by `tools/reference.py` from `cardsvc/domain/orders.py`, `cards.py` and `making.py`.",
        "",
        "## Orders (申领单)",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {OrderState.DRAFT}",
        *(f"    {move.source} --> {move.target}: {move.action}" for move in MOVES),
        *(f"    {state} --> [*]" for state in OrderState if state in ENDED),
        "```",
        "",
        "| from | action | to | who | tells the bank |",
        "|---|---|---|---|---|",
    ]
    for move in MOVES:
        who = ", ".join(sorted(move.roles)) or "the bank's word"
        lines.append(f"| {move.source} | {move.action} | {move.target} | {who} | {move.tells_bank or ''} |")
    lines += ["", "## Making one card at a branch (制卡)", "", "Each step is saved before the next: "]
    lines[-1] += " → ".join(f"`{step}`" for step in STEPS) + "."
    lines += [
        "",
        "## Cards (卡)",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    {move.source} --> {move.target}: {move.action}" for move in CARD_MOVES),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _every_error() -> Iterator[type[CardsvcError]]:
    for module in pkgutil.walk_packages(cardsvc.__path__, "cardsvc."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for _, error in sorted(CardsvcError.known.items()):
        yield error


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
