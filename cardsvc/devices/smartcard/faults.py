"""What can be wrong with a card or its reader, each named for the teller."""

from cardsvc.errors import DeviceFault


class NoCard(DeviceFault, code="smartcard.no_card"):
    """No card lies in the reader."""


class MuteCard(DeviceFault, code="smartcard.mute"):
    """The card does not answer to power: upside down, dirty, or dead."""


class CardPulled(DeviceFault, code="smartcard.pulled"):
    """The card was moved in the middle of an operation; what the last command did is unknown: read back."""


class WrongCard(DeviceFault, code="smartcard.wrong_card"):
    """The card has no social-security application."""


class BankCard(DeviceFault, code="smartcard.bank_card"):
    """The card is a bank card without social-security application."""


class CardSwapped(DeviceFault, code="smartcard.swapped"):
    """Another card lies there than the one this making began with."""


class AlreadyPersonalised(DeviceFault, code="smartcard.already_personalised"):
    """The chip holds another person's data or another card number."""


class CardRefuses(DeviceFault, code="smartcard.refused"):
    """The card answers a command with an error; facts: sw, command."""


class AuthenticationFailed(DeviceFault, code="smartcard.auth_failed"):
    """The card does not accept the key service's answer; facts: sw."""


class NameUnwritable(DeviceFault, code="smartcard.name_unwritable"):
    """The name does not fit the chip's two name fields, or has characters no encoding has."""


class ServiceDown(DeviceFault, code="smartcard.service_down"):
    """The PC/SC service of this machine does not run, or PC/SC is not installed."""


class ReaderHung(DeviceFault, code="smartcard.hung"):
    """A card has not answered within the deadline; pull it, or re-plug the reader; facts: seconds."""
