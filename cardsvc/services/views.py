"""What screens and the API get to see: frozen records, personal data masked unless a function says otherwise."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from cardsvc.devices.base import Warned
from cardsvc.domain.cards import CardState
from cardsvc.domain.making import MakingStep
from cardsvc.domain.orders import Action, OrderKind, OrderState
from cardsvc.domain.people import DocumentKind, LongTerm, Sex
from cardsvc.domain.staff import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person, or (role None) the bank or the service itself."""

    name: str  # user name, "bank:ICBC", "service"
    role: Role | None
    title: str = ""  # the person's name as shown and printed
    branch: str = ""  # bank branch code, tellers only
    window: str = ""  # agency window, clerks only
    desk: str = "1"  # whose readers this session uses


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One row of a work list."""

    number: str
    kind: OrderKind
    state: OrderState
    name: str
    id_number_masked: str
    bank_name: str
    branch_name: str
    opened_at: datetime
    state_since: datetime
    opened_by: str
    held: bool  # the bank link needs a human


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of a work list; ``after`` asks for the next one, "" at the end."""

    lines: tuple[OrderLine, ...]
    after: str
    counts: dict[OrderState, int]


@dataclass(frozen=True, slots=True)
class EventLine:
    """One entry of an order's timeline, oldest first."""

    seq: int
    at: datetime
    action: str  # words exist as "action.<value>" or "step.<value>"
    source: OrderState | None
    target: OrderState
    actor: str
    role: str
    reason: str
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class PhotoNote:
    """One finding about a photo."""

    code: str
    severity: str  # "refuse" | "warn"
    value: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class PhotoVerdict:
    """What became of a photo handed in."""

    accepted: bool
    notes: tuple[PhotoNote, ...]
    background_replaced: bool
    size: int  # bytes of the stored portrait, 0 when refused


@dataclass(frozen=True, slots=True)
class SlipView:
    """The stored slip."""

    sha256: str
    code: str  # content of the QR
    printed_at: datetime
    prints: int
    missing: tuple[str, ...]  # characters no font could draw


@dataclass(frozen=True, slots=True)
class BankWait:
    """Why the bank has not answered yet."""

    since: datetime
    attempts: int
    next_at: datetime | None
    last_error: str  # stable code
    held: bool


@dataclass(frozen=True, slots=True)
class CardView:
    """The card this order made or is making."""

    card_number: str
    state: CardState
    identification_code: str
    version: str
    issued_on: date
    expires_on: date
    social_enabled: bool
    financial_active: bool


@dataclass(frozen=True, slots=True)
class HolderView:
    """The holder, masked."""

    name: str
    id_number_masked: str
    document_kind: DocumentKind
    sex: Sex
    nation: str
    birth: date
    address_masked: str
    valid_from: date | None
    valid_to: date | LongTerm | None
    authority: str
    suspect_characters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order, whole, masked."""

    number: str
    kind: OrderKind
    state: OrderState
    version: int
    revision: int
    holder: HolderView
    mobile_masked: str
    bank_code: str
    bank_name: str
    branch_code: str
    branch_name: str
    branch_address: str
    agent_name: str
    opened_by: str
    window: str
    opened_at: datetime
    state_since: datetime
    photo: PhotoVerdict | None
    slip: SlipView | None
    slip_current: bool  # nothing changed since it was rendered
    account_masked: str
    refusal: str  # code of the bank's reason, "" if none
    wait: BankWait | None
    card: CardView | None
    making: MakingStep | None
    spoiled: int  # blanks spoiled on this order
    allowed: tuple[Action, ...]
    events: tuple[EventLine, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class AnswersView:
    """What was taken in, unmasked, for the clerk who compares it with the applicant; each look is audited."""

    id_number: str = field(repr=False)
    address: str = field(repr=False)
    mobile: str = field(repr=False)
    agent_name: str = field(repr=False)
    agent_id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A reading of an ID card, kept server-side for a few minutes under ``id``; shown unmasked to who read it."""

    id: UUID
    document_kind: DocumentKind
    id_number: str
    name: str
    sex: Sex
    nation: str
    nation_name: str
    birth: date | None
    address: str
    authority: str
    valid_from: date | None
    valid_to: date | LongTerm | None
    warnings: tuple[Warned, ...]
    suspect_characters: tuple[str, ...]
    has_photo: bool
    open_order: str  # number of an open order of this person, "" if none
    live_card: bool


@dataclass(frozen=True, slots=True)
class BankChoice:
    """A branch that can issue instantly."""

    bank_code: str
    bank_name: str
    branch_code: str
    branch_name: str
    branch_address: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One audit row."""

    chain: str
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    facts: dict[str, str]

    @property
    def mark(self) -> str:
        """Where the page that follows this row begins."""
        return f"{self.at.isoformat()}|{self.seq}|{self.chain}"
