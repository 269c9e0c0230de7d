"""What the service expects of a device: records and Protocols. Drivers are chosen in ``cardsvc.wiring``."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol, runtime_checkable

from cardsvc.domain.people import DocumentKind, LongTerm, Sex
from cardsvc.errors import DeviceFault


class ReaderMissing(DeviceFault, code="device.missing"):
    """No reader is configured at this desk, or its port does not exist; facts: reader."""


class ReaderLost(DeviceFault, code="device.lost"):
    """The reader was unplugged or its service stopped; facts: reader."""


class ReaderBusy(DeviceFault, code="device.busy"):
    """Another program or desk holds the reader; facts: reader."""


class ReaderSilent(DeviceFault, code="device.silent"):
    """The reader did not answer in time; facts: reader, seconds."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something odd about a reading that does not stop it: a stable code and facts."""

    code: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdRecord:
    """One reading of an ID document, as on the chip; text is never normalised."""

    kind: DocumentKind
    number: str
    name: str
    english_name: str
    sex: Sex
    nation: str  # GB/T 3304 code as on the chip, "" where the kind has none
    birth: date | None
    address: str
    authority: str
    valid_from: date | None
    valid_to: date | LongTerm | None
    pass_number: str = ""  # residence permits (J)
    issue_count: str = ""
    nationality: str = ""  # foreigners
    photo: bytes | None = field(default=None, repr=False)  # decoded BMP 102x126, None without a decoder
    photo_raw: bytes = field(default=b"", repr=False)  # 1024 bytes WLT as read
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a devices page or a status chip shows."""

    ready: bool
    name: str
    detail: str = ""  # module or firmware number
    error: str = ""  # stable code of the last fault


@runtime_checkable
class IdReader(Protocol):
    """A resident-ID reader; one owner at a time."""

    def state(self) -> DeviceState:
        """Return whether the reader answers; never raises."""
        ...

    def read(self, *, timeout: float) -> IdRecord:
        """Wait up to ``timeout`` seconds for a card and read it; raise DeviceFault."""
        ...


class ChipStatus(StrEnum):
    """What lies on the smart-card reader."""

    BLANK = "blank"
    PERSONALISED = "personalised"


@dataclass(frozen=True, slots=True)
class ChipIdentity:
    """A card as it presents itself before anything is written."""

    identification_code: str  # 卡识别码, 32 hex digits
    status: ChipStatus
    version: str  # 规范版本 "1.00" / "2.00" / "3.00"
    atr: str  # whole ATR, hex
    atr_history: str  # historical bytes, 26 hex digits: what business systems carry
    card_number: str = ""  # 卡号, "" while blank
    bank_account: str = ""


@dataclass(frozen=True, slots=True)
class ChipData:
    """What is written to and read back from SSSE/EF05 and EF06 (LD/T 32)."""

    social_security_number: str = field(repr=False)
    name: str = field(repr=False)
    sex: Sex
    nation: str  # two digits, "" as 00
    birth: date
    card_number: str  # 卡号, 9 characters
    issue_date: date
    expiry: date
    issuer: str  # 初始化机构编号, 24 digits
    card_class: str = "1"  # 卡的类别
    version: str = "3.00"
    birth_place: str = ""  # 6 digits GB/T 2260


@runtime_checkable
class CardReader(Protocol):
    """A smart-card reader with at most one social-security card in it."""

    def state(self) -> DeviceState:
        """Return whether the reader is there; never raises."""
        ...

    def identify(self) -> ChipIdentity:
        """Return the card in the reader; raise DeviceFault (no card, mute card, wrong card, reader gone)."""
        ...

    def personalise(self, data: ChipData, *, identification_code: str) -> None:
        """Authenticate and write every record to the blank with that code; raise DeviceFault.

        After a fault the outcome is unknown: read back. Writing the same data again is safe.
        """
        ...

    def read_back(self, *, identification_code: str) -> ChipData:
        """Return what the chip with that code holds; raise DeviceFault."""
        ...
