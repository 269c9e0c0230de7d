"""Every failure the service can name: one class, one stable code, facts as keywords.

::

    CardsvcError
    ├── Rejected      the input or a rule says no; the person in front can act
    ├── Conflict      somebody or something else was first; reload and look again
    ├── DeviceFault   this desk: a reader, a card on it, a printer
    └── BankFault     the partner bank or the line to it; the service retries by itself

No prose and no HTTP status lives here: the sentences are in ``cardsvc/domain/words/*.toml``
(Chinese and English), the statuses in ``cardsvc.api.problems``, the exit codes in ``cardsvc.cli``.
Classes used by one package only are defined in that package; the catalogue is complete once all
packages are imported.
"""

from typing import Any, ClassVar


class CardsvcError(Exception):
    """Base: a stable machine code plus the facts that explain it."""

    code: ClassVar[str] = ""
    known: ClassVar[dict[str, type["CardsvcError"]]] = {}

    def __init_subclass__(cls, *, code: str | None = None, **kwargs: Any) -> None:
        """Claim ``code`` for this class; a code claimed twice is an import error."""
        super().__init_subclass__(**kwargs)
        if code is not None:
            if code in CardsvcError.known:
                raise TypeError(f"error code {code!r} is already taken")
            cls.code = code
            CardsvcError.known[code] = cls

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code, facts)
        self.facts = facts


class Rejected(CardsvcError):
    """The input or a rule says no; the person in front can fix it."""


class Conflict(CardsvcError):
    """Somebody or something was first; reload and look again."""


class DeviceFault(CardsvcError):
    """Something at this desk: a reader, the card on it, a printer."""


class BankFault(CardsvcError):
    """The partner bank or the line to it."""


class InvalidInput(Rejected, code="input.invalid"):
    """A field is missing or malformed; facts: field, reason."""


class NotFound(Rejected, code="input.not_found"):
    """Nothing of that kind and name is visible to this user; facts: kind, ref."""


class NotAllowed(Rejected, code="access.not_allowed"):
    """The role has no permission for this; facts: permission."""


class StaleRecord(Conflict, code="record.stale"):
    """The record was changed by somebody else since it was read; facts: kind, ref."""


class Busy(Conflict, code="record.busy"):
    """The database could not give the lock in time."""
