"""One social-security card on a transport: select, identify, authenticate, write, read back."""

from cardsvc.devices.base import ChipData, ChipIdentity, ChipStatus
from cardsvc.devices.smartcard import layout
from cardsvc.devices.smartcard.apdu import SW, Chained, Transport, command
from cardsvc.devices.smartcard.faults import (
    AlreadyPersonalised,
    AuthenticationFailed,
    BankCard,
    CardRefuses,
    CardSwapped,
    WrongCard,
)
from cardsvc.devices.smartcard.keys import CHALLENGE, KeyService
from cardsvc.devices.smartcard.layout import Item

_SELECT, _READ_RECORD, _UPDATE_RECORD = 0xA4, 0xB2, 0xDC
_GET_CHALLENGE, _EXTERNAL_AUTHENTICATE = 0x84, 0x82
_BY_NAME, _BY_ID, _CURRENT_EF = 0x04, 0x02, 0x04
_ABSENT = frozenset({SW.FILE_NOT_FOUND, SW.INS_NOT_SUPPORTED, SW.CLA_NOT_SUPPORTED, SW.WRONG_P1P2})


class SocialSecurityCard:
    """The SSSE application of the card behind ``transport``; one object per connection."""

    def __init__(self, transport: Transport, keys: KeyService, *, atr: bytes) -> None:
        self._transport = Chained(transport)
        self._keys = keys
        self._atr = atr
        self._selected = 0

    def identify(self) -> ChipIdentity:
        """Return what the card says of itself without any key; raise WrongCard, BankCard or another DeviceFault."""
        self._select_application()
        code = self.read(layout.IDENTIFICATION_CODE)
        number = self.read(layout.CARD_NUMBER)
        return ChipIdentity(
            identification_code=code.upper(),
            status=ChipStatus.PERSONALISED if number else ChipStatus.BLANK,
            version=self.read(layout.VERSION),
            atr=self._atr.hex().upper(),
            atr_history=history_of(self._atr),
            card_number=number,
        )

    def personalise(self, data: ChipData, *, identification_code: str) -> None:
        """Write all records of the card with that code, the card number last; writing the same again is safe."""
        values = layout.values_of(data)
        identity = self._require(identification_code)
        self.authenticate(layout.KID_READ, identity.identification_code)
        written = self.read(layout.NUMBER)
        if written not in {"", data.social_security_number} or identity.card_number not in {"", data.card_number}:
            raise AlreadyPersonalised
        self.authenticate(layout.KID_WRITE_HOLDER, identity.identification_code)
        for item in layout.HOLDER_ITEMS:
            self.write(item, values[item])
        self.authenticate(layout.KID_WRITE_CARD, identity.identification_code)
        for item in layout.CARD_ITEMS:
            self.write(item, values[item])

    def read_back(self, *, identification_code: str) -> ChipData:
        """Return everything the card with that code holds."""
        identity = self._require(identification_code)
        self.authenticate(layout.KID_READ, identity.identification_code)
        return layout.data_of({item: self.read(item) for item in layout.ALL_ITEMS})

    def authenticate(self, kid: int, identification_code: str) -> None:
        """Prove the key ``kid`` to the card (EXTERNAL AUTHENTICATE); raise AuthenticationFailed."""
        challenge = self._done(command(0x00, _GET_CHALLENGE, 0, 0, le=CHALLENGE))
        cipher, factor = self._keys.answer(kid, identification_code, challenge)
        _, sw = self._transport.transmit(command(0x00, _EXTERNAL_AUTHENTICATE, 0, kid, cipher + factor))
        if sw != SW.OK:
            raise AuthenticationFailed(sw=f"{sw:04X}", kid=f"{kid:02X}")

    def read(self, item: Item) -> str:
        """Return one record's value."""
        self._select_file(item.ef)
        return layout.decode(item, self._done(command(0x00, _READ_RECORD, item.record, _CURRENT_EF, le=0)))

    def write(self, item: Item, value: str) -> None:
        """Write one record."""
        self._select_file(item.ef)
        record = layout.encode(item, value)
        self._done(command(0x00, _UPDATE_RECORD, item.record, _CURRENT_EF, record))

    def _require(self, identification_code: str) -> ChipIdentity:
        identity = self.identify()
        if identity.identification_code != identification_code.upper():
            raise CardSwapped
        return identity

    def _select_application(self) -> None:
        self._selected = 0
        _, sw = self._transport.transmit(command(0x00, _SELECT, _BY_NAME, 0, layout.SSSE))
        if sw == SW.OK:
            return
        if sw not in _ABSENT:
            raise CardRefuses(sw=f"{sw:04X}", command="SELECT")
        _, sw = self._transport.transmit(command(0x00, _SELECT, _BY_NAME, 0, layout.PBOC))
        raise BankCard if sw == SW.OK else WrongCard

    def _select_file(self, ef: int) -> None:
        if self._selected != ef:
            self._done(command(0x00, _SELECT, _BY_ID, 0, ef.to_bytes(2, "big")))
            self._selected = ef

    def _done(self, apdu: bytes) -> bytes:
        data, sw = self._transport.transmit(apdu)
        if sw != SW.OK:
            raise CardRefuses(sw=f"{sw:04X}", command=f"{apdu[1]:02X}")
        return data


def history_of(atr: bytes) -> str:
    """Return the historical bytes of an ATR as hex: the last K bytes (T0's low nibble), without a check byte.

    >>> history_of(bytes.fromhex("3B6D0000") + bytes(range(13)))
    '000102030405060708090A0B0C'
    """
    if len(atr) < 2:  # noqa: PLR2004 - TS and T0
        return ""
    count, position, flags = atr[1] & 0x0F, 2, atr[1] >> 4
    while flags:
        position += (flags & 1) + (flags >> 1 & 1) + (flags >> 2 & 1)
        if not flags >> 3 & 1 or position >= len(atr):
            break
        flags = atr[position] >> 4
        position += 1
    return atr[position : position + count].hex().upper()
