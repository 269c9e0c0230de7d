"""A card reader for the service: one connection an operation, a deadline on each, one operation at a time."""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from cardsvc.devices.base import ChipData, ChipIdentity, DeviceState, ReaderBusy
from cardsvc.devices.smartcard.faults import CardPulled, MuteCard, NoCard, ReaderHung
from cardsvc.devices.smartcard.sscard import SocialSecurityCard
from cardsvc.errors import DeviceFault

_Result = TypeVar("_Result")
DEADLINE: Final = 20.0
_WAIT_FOR_LOCK: Final = 3.0
_SETTLE_TRIES: Final = 3
_SETTLE_SECONDS: Final = 0.25


class ConnectedReader(ABC):
    """Implements ``CardReader`` for any way of connecting to a card."""

    name: str = ""

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._lock = threading.Lock()
        self._last_error = ""
        self._pause = threading.Event()

    @abstractmethod
    def connection(self) -> contextlib.AbstractContextManager[SocialSecurityCard]:
        """Open a connection of its own to the card, and always close it; raise DeviceFault."""

    @abstractmethod
    def probe(self) -> str:
        """Return the reader's name where it is there; raise DeviceFault."""

    def state(self) -> DeviceState:
        """Return whether the reader is there; never raises."""
        try:
            return DeviceState(ready=True, name=self.probe(), error=self._last_error)
        except DeviceFault as error:
            return DeviceState(ready=False, name=self.name, error=error.code)

    def identify(self) -> ChipIdentity:
        """Return the card in the reader; see ``CardReader``.

        A card being put in at this moment is not seen yet, breaks the first commands or seems mute; nothing is
        written here, so it is simply asked again a little later.
        """
        for _ in range(_SETTLE_TRIES):
            try:
                return self._do(lambda card: card.identify())
            except (NoCard, CardPulled, MuteCard):
                self._pause.wait(_SETTLE_SECONDS)
        return self._do(lambda card: card.identify())

    def personalise(self, data: ChipData, *, identification_code: str) -> None:
        """Write the card with that code; see ``CardReader``."""
        self._do(lambda card: card.personalise(data, identification_code=identification_code))

    def read_back(self, *, identification_code: str) -> ChipData:
        """Return what the chip with that code holds; see ``CardReader``."""
        return self._do(lambda card: card.read_back(identification_code=identification_code))

    def _do(self, work: Callable[[SocialSecurityCard], _Result]) -> _Result:
        if not self._lock.acquire(timeout=_WAIT_FOR_LOCK):
            raise ReaderBusy(reader=self.name)
        results: list[_Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                with self.connection() as card:
                    results.append(work(card))
            except BaseException as error:  # noqa: BLE001 - carried to the caller's thread and raised there
                errors.append(error)
            finally:
                self._lock.release()

        # PC/SC has no time-out: a card that never answers keeps its thread, and the reader stays taken until
        # the card is pulled. The caller gets an answer all the same.
        thread = threading.Thread(target=run, name=f"card-{self.name}", daemon=True)
        thread.start()
        thread.join(self._deadline)
        if thread.is_alive():
            self._last_error = ReaderHung.code
            raise ReaderHung(seconds=int(self._deadline))
        if errors:
            self._last_error = errors[0].code if isinstance(errors[0], DeviceFault) else "error"
            raise errors[0]
        self._last_error = ""
        return results[0]


@contextlib.contextmanager
def closing_quietly(close: Callable[[], object]) -> Iterator[None]:
    """Run the block and then ``close``, whose own failure says nothing about the card."""
    try:
        yield
    finally:
        with contextlib.suppress(DeviceFault, OSError):
            close()
