import pytest

from cardsvc.devices.base import ChipStatus
from cardsvc.devices.simulated.software_card import SoftwareCard, Torn, load, new_code
from cardsvc.devices.smartcard.apdu import SW, Chained, command
from cardsvc.devices.smartcard.faults import (
    AlreadyPersonalised,
    AuthenticationFailed,
    BankCard,
    CardPulled,
    CardRefuses,
    CardSwapped,
    WrongCard,
)
from cardsvc.devices.smartcard.keys import TestKeyService
from cardsvc.devices.smartcard.sscard import SocialSecurityCard
from tests.devices.smartcard.test_layout import chip

CODE = new_code("520100", b"\x01\x02\x03\x04\x05")


class Direct:
    def __init__(self, card):
        self.card = card
        self.commands = 0
        card.reset()

    def transmit(self, apdu):
        self.commands += 1
        try:
            answer = self.card.apdu(apdu)
        except Torn:
            raise CardPulled from None
        return answer[:-2], int.from_bytes(answer[-2:], "big")


def session(card):
    return SocialSecurityCard(Direct(card), TestKeyService(), atr=card.atr)


@pytest.mark.parametrize("chain", [False, True])
def test_a_blank_is_written_and_reads_back_equal(chain):
    card = SoftwareCard(CODE, chain=chain)
    assert session(card).identify().status is ChipStatus.BLANK
    session(card).personalise(chip("𬱖𠅤"), identification_code=CODE)
    seen = session(card).identify()
    assert (seen.status, seen.card_number, seen.version) == (ChipStatus.PERSONALISED, "G00000001", "3.00")
    assert session(card).read_back(identification_code=CODE) == chip("𬱖𠅤")


def test_a_card_torn_away_at_any_command_is_finished_later(tmp_path):
    counted = Direct(SoftwareCard(CODE))
    SocialSecurityCard(counted, TestKeyService(), atr=b"").personalise(chip(), identification_code=CODE)
    for tear in range(counted.commands):
        card = SoftwareCard(CODE, path=tmp_path / f"{tear}.json", tear_after=tear)
        card.save()
        with pytest.raises(CardPulled):
            session(card).personalise(chip(), identification_code=CODE)
        again = load(card.path)  # what was written stayed written
        assert session(again).identify().card_number in {"", "G00000001"}
        session(again).personalise(chip(), identification_code=CODE)
        assert session(again).read_back(identification_code=CODE) == chip()


def test_another_persons_card_is_never_written():
    card = SoftwareCard(CODE)
    session(card).personalise(chip(), identification_code=CODE)
    before = dict(card.records)
    for other in (chip(social_security_number="520102199001010011"), chip(card_number="G00000002")):
        with pytest.raises(AlreadyPersonalised):
            session(card).personalise(other, identification_code=CODE)
    assert card.records == before


def test_a_swapped_card_is_not_written_and_not_read():
    card = SoftwareCard(new_code("520100", b"other"))
    with pytest.raises(CardSwapped):
        session(card).personalise(chip(), identification_code=CODE)
    with pytest.raises(CardSwapped):
        session(card).read_back(identification_code=CODE)
    assert card.records == {}


def test_bank_cards_and_strangers_are_named():
    with pytest.raises(BankCard):
        session(SoftwareCard(CODE, application="bank")).identify()
    with pytest.raises(WrongCard):
        session(SoftwareCard(CODE, application="none")).identify()


def test_nothing_is_written_without_the_right_key():
    class WrongKeys:
        def answer(self, *_):
            return b"\0" * 8, b"\0" * 8

    card = SoftwareCard(CODE)
    with pytest.raises(AuthenticationFailed):
        SocialSecurityCard(Direct(card), WrongKeys(), atr=b"").personalise(chip(), identification_code=CODE)
    assert card.records == {}


def test_a_card_that_refuses_is_reported_with_its_status_word():
    class Refusing:
        def transmit(self, _apdu):
            return b"", 0x6F00

    with pytest.raises(CardRefuses) as refused:
        SocialSecurityCard(Refusing(), TestKeyService(), atr=b"").identify()
    assert refused.value.facts["sw"] == "6F00"


def test_announced_data_is_fetched_and_wrong_lengths_are_repeated():
    class T0:
        def __init__(self):
            self.script = [(b"", 0x6C04), (b"", 0x6104), (b"ab", 0x6102), (b"cd", SW.OK)]
            self.sent = []

        def transmit(self, apdu):
            self.sent.append(apdu.hex())
            return self.script[len(self.sent) - 1]

    line = T0()
    assert Chained(line).transmit(command(0, 0xB2, 1, 4, le=0)) == (b"abcd", SW.OK)
    assert line.sent == ["00b2010400", "00b2010404", "00c0000004", "00c0000002"]


def test_the_software_card_answers_garbage_with_a_status_word():
    card = SoftwareCard(CODE)
    for length in range(12):
        assert len(card.apdu(b"\x00" * length)) >= 2
