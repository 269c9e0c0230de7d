"""The four layouts, with offsets written out here a second time; text kept to the code unit."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.devices.base import Warned
from cardsvc.devices.idcard.layouts import (
    FIELDS,
    Blocks,
    LayoutWrong,
    join_blocks,
    parse_address,
    parse_text,
    split_blocks,
)
from cardsvc.devices.simulated.id_cards import SimPerson, build_text, synthetic_people
from cardsvc.domain.people import LONG_TERM, DocumentKind, Sex

NUMBER = "11010519491231002X"


def text(letter, **fields):
    """Return 256 bytes with (offset, text) fields in them."""
    block = bytearray(b"\x20\0" * 128)
    for at, content in (*fields.values(), (248, letter)):
        units = content.encode("utf-16-le", "surrogatepass")
        block[at : at + len(units)] = units
    return bytes(block)


RESIDENT = {
    "name": (0, "王知思"),
    "sex": (30, "2"),
    "nation": (32, "01"),
    "birth": (36, "19491231"),
    "address": (52, "贵州省贵阳市南明区样例路1号"),
    "number": (122, NUMBER),
    "authority": (158, "贵阳市公安局南明分局"),
    "from": (188, "20200131"),
    "to": (204, "20400131"),
}


def test_resident():
    record = parse_text(text(" ", **RESIDENT))
    assert record.kind is DocumentKind.RESIDENT
    assert (record.name, record.sex, record.nation, record.number) == ("王知思", Sex.FEMALE, "01", NUMBER)
    assert (record.birth, record.valid_from, record.valid_to) == (
        date(1949, 12, 31),
        date(2020, 1, 31),
        date(2040, 1, 31),
    )
    assert record.address == "贵州省贵阳市南明区样例路1号"
    assert record.authority == "贵阳市公安局南明分局"
    assert record.warnings == ()


def test_residence_permit_has_no_nation_but_a_pass_number():
    fields = RESIDENT | {"nation": (32, "  "), "pass": (220, "H12345678"), "count": (238, "01")}
    record = parse_text(text("J", **fields))
    assert record.kind is DocumentKind.RESIDENCE_PERMIT
    assert (record.nation, record.pass_number, record.issue_count) == ("", "H12345678", "01")
    assert record.warnings == ()


def test_foreigner_2017():
    record = parse_text(
        text(
            "I",
            english=(0, "A" * 60),
            sex=(120, "1"),
            number=(122, "ABC110080010101"),
            nationality=(152, "ABC"),
            name=(158, "样例"),
            a=(188, "20180601"),
            b=(204, "20280531"),
            birth=(220, "19800101"),
            version=(236, "01"),
            office=(240, "1100"),
        )
    )
    assert record.kind is DocumentKind.FOREIGNER_2017
    assert (record.english_name, record.name, record.number) == ("A" * 60, "样例", "ABC110080010101")
    assert (record.nationality, record.birth, record.authority) == ("ABC", date(1980, 1, 1), "1100")
    assert record.warnings == ()


def test_foreigner_2023_joins_the_english_name_over_the_seam():
    record = parse_text(
        text(
            "Y",
            name=(0, "样例"),
            sex=(30, "1"),
            renewals=(32, "02"),
            birth=(36, "19800101"),
            english=(52, "B" * 34),  # a blank, then the rest in the spare field
            number=(122, "911156198001010018"),
            a=(188, "20231201"),
            b=(204, "20331130"),
            more=(220, "CCC"),
            country=(242, "ABC"),
        )
    )
    assert record.kind is DocumentKind.FOREIGNER_2023
    assert record.english_name == "B" * 34 + " CCC"
    assert (record.issue_count, record.nationality, record.address) == ("02", "ABC", "")
    assert record.warnings == ()


def test_an_unknown_letter_is_a_warning():
    record = parse_text(text("Z", **RESIDENT))
    assert record.number == NUMBER
    assert record.warnings == (Warned("idcard.unknown_kind", {"letter": "Z"}),)


def test_long_term():
    fields = RESIDENT | {"to": (204, "长期")}
    assert parse_text(text(" ", **fields)).valid_to is LONG_TERM


@pytest.mark.parametrize("letter", list(" JIY"))
def test_an_empty_card_is_read_with_warnings(letter):
    record = parse_text(text(letter))
    assert {warned.code for warned in record.warnings} == {"idcard.sex_unreadable", "idcard.date_unreadable"}
    assert record.birth is None
    assert record.valid_to is None


def test_wrong_dates_are_left_empty():
    record = parse_text(text(" ", **RESIDENT | {"birth": (36, "19490231"), "from": (188, "2020013Ｘ")}))
    assert (record.birth, record.valid_from) == (None, None)


@pytest.mark.parametrize(
    "name", ["王\U00020087", "王\ue81e", "王" * 14 + "\ud840", "\udc00王", "café\u0301", "\uf929", "样例·样例"]
)
def test_names_are_kept_to_the_code_unit(name):
    record = parse_text(text(" ", **RESIDENT | {"name": (0, name)}))
    assert record.name == name


def test_a_name_cut_inside_a_pair_keeps_its_half():
    record = parse_text(build_text(SimPerson(name="王" * 14 + "\U00020087", number=NUMBER)))
    assert record.name == "王" * 14 + "\ud840"


def test_fields_fit_and_do_not_overlap():
    for fields in FIELDS.values():
        taken = [place for at, size in fields.values() for place in range(at, at + size)]
        assert len(taken) == len(set(taken))
        assert max(taken) < 256
        assert not {248, 249} & set(taken)


@given(st.binary(min_size=256, max_size=256))
def test_any_256_bytes_are_read(block):
    parse_text(block)


@given(st.binary(max_size=2000), st.booleans())
def test_any_blocks_are_split_or_refused(data, fingerprint):
    try:
        blocks = split_blocks(data, fingerprint=fingerprint)
    except LayoutWrong:
        return
    assert join_blocks(blocks, fingerprint=fingerprint) == data


@pytest.mark.parametrize("size", [0, 512, 1024, 77])
def test_fingerprints_of_any_size_are_kept(size):
    blocks = Blocks(bytes(256), bytes(1024), b"\1" * size)
    assert split_blocks(join_blocks(blocks, fingerprint=True), fingerprint=True) == blocks


def test_sizes_that_do_not_add_up_are_refused():
    good = join_blocks(Blocks(bytes(256), bytes(1024)))
    for bad in (good[:-1], good + b"\0", b"\0\xff" + good[2:], b""):
        with pytest.raises(LayoutWrong):
            split_blocks(bad)
    with pytest.raises(LayoutWrong):
        parse_text(bytes(255))


def test_newest_address_bare_or_behind_its_length():
    block = "新住址".encode("utf-16-le").ljust(70, b"\0")
    assert parse_address(block) == parse_address(b"\0\x46" + block) == "新住址"
    with pytest.raises(LayoutWrong):
        parse_address(block[:-1])


def test_what_the_simulator_builds_is_what_is_read():
    for person in synthetic_people(60, seed=3, rare=True):
        record = parse_text(build_text(person))
        assert (record.name, record.number, record.address) == (person.name, person.number, person.address)
        assert record.sex == person.sex
        assert f"{record.birth:%Y%m%d}" == person.birth
        assert record.warnings == ()
