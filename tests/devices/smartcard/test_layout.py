from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.devices.base import ChipData
from cardsvc.devices.smartcard import layout
from cardsvc.devices.smartcard.faults import NameUnwritable
from cardsvc.devices.smartcard.sscard import history_of
from cardsvc.domain.people import Sex


def chip(name="王思源", **changes):
    fields = {
        "social_security_number": "11010519491231002X",
        "name": name,
        "sex": Sex.MALE,
        "nation": "12",
        "birth": date(1949, 12, 31),
        "card_number": "G00000001",
        "issue_date": date(2026, 3, 2),
        "expiry": date(2036, 3, 2),
        "issuer": "520100".ljust(24, "0"),
        "birth_place": "110105",
    }
    return ChipData(**(fields | changes))


def through(data):
    values = layout.values_of(data) | {layout.VERSION: data.version, layout.IDENTIFICATION_CODE: "AB" * 16}
    return layout.data_of({item: layout.decode(item, layout.encode(item, value)) for item, value in values.items()})


@pytest.mark.parametrize("name", ["王思源", "㛃䶮", "𬱖𠅤", "阿卜杜热依木·买买提", "A" * 50, "𬱖" * 12])
def test_names_come_back_exactly(name):
    assert through(chip(name)).name == name


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=25))
def test_any_han_name_comes_back(name):
    assert through(chip(name)).name == name


@pytest.mark.parametrize("name", ["𬱖" * 13, "A" * 51, "\ud800"])
def test_a_name_that_does_not_fit_is_refused_and_never_cut(name):
    with pytest.raises(NameUnwritable):
        layout.values_of(chip(name))


def test_everything_else_comes_back():
    data = chip(nation="", birth_place="")
    assert through(data) == data


def test_records_are_tag_length_value_as_seen_on_real_cards():
    assert layout.encode(layout.VERSION, "3.00") == bytes.fromhex("0304332E3030")
    assert layout.SSSE.hex().upper() == "7378312E73682EC9E7BBE1B1A3D5CF"
    assert layout.encode(layout.BIRTH, "19491231") == bytes.fromhex("0D0419491231")


def test_a_blank_record_reads_as_nothing():
    for filler in (b"\0", b"\xff"):
        assert layout.decode(layout.NAME, b"\x09\x1e" + filler * 30) == ""
    assert layout.decode(layout.NAME, b"") == ""


@pytest.mark.parametrize(
    ("atr", "history"),
    [("3B6D000000814E43238697159900BF7C7A", "00814E43238697159900BF7C7A"), ("3B", ""), ("3BF01100", "")],
)
def test_the_history_is_what_business_systems_carry(atr, history):
    assert history_of(bytes.fromhex(atr)) == history
