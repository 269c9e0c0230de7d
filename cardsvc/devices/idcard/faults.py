"""What can go wrong at a resident-ID reader, beyond the faults every device shares."""

from cardsvc.errors import DeviceFault


class NoCard(DeviceFault, code="idcard.no_card"):
    """No card was found in time; facts: seconds."""


class CardLifted(DeviceFault, code="idcard.lifted"):
    """The card moved, was lifted or lies half on the plate; facts: sw3 where the reader gave one."""


class WrongCard(DeviceFault, code="idcard.wrong_card"):
    """What lies on the plate is not an ID card."""


class CardSuspect(DeviceFault, code="idcard.suspect"):
    """The reader's security module does not accept the card or what is on it; facts: sw3."""


class ReaderFault(DeviceFault, code="idcard.reader_fault"):
    """The reader's security module refuses to work; facts: sw3, module (number to tell the vendor)."""


class ReplyGarbled(DeviceFault, code="idcard.garbled"):
    """Bytes arrived damaged or made no sense, again after asking again; facts: reader."""


class PortForbidden(DeviceFault, code="idcard.forbidden"):
    """The port exists, but this program may not open it; facts: reader."""
