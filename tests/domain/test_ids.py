"""Identity numbers and our own order numbers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.domain.ids import (
    IdNumberBirthWrong,
    IdNumberCheckWrong,
    IdNumberMalformed,
    OrderNumberWrong,
    birth_of,
    check_character,
    make_order_number,
    mask_id_number,
    parse_id_number,
    parse_order_number,
    region_known,
    sex_of,
)
from cardsvc.errors import Rejected

NUMBER = "11010519491231002X"  # the example of GB 11643

births = st.dates(date(1850, 1, 1), date(2099, 12, 31))
serials = st.integers(0, 999)


def number_of(birth, serial, region="520102"):
    body = f"{region}{birth:%Y%m%d}{serial:03d}"
    return body + check_character(body)


@given(births, serials)
def test_every_number_with_its_check_character_is_taken(birth, serial):
    number = number_of(birth, serial)
    assert parse_id_number(number) == parse_id_number(f" {number.lower()}\n") == number
    assert birth_of(number) == birth
    assert sex_of(number) == ("1" if serial % 2 else "2")


@given(births, serials, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_mistyped_character_is_always_noticed(birth, serial, at, typed):
    number = number_of(birth, serial)
    wrong = number[:at] + typed + number[at + 1 :]
    if wrong == number:
        return
    with pytest.raises(Rejected):
        parse_id_number(wrong)


@given(births, serials, st.integers(0, 15))
def test_two_neighbours_swapped_are_always_noticed(birth, serial, at):
    number = number_of(birth, serial)
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if wrong == number:
        return
    with pytest.raises(Rejected):
        parse_id_number(wrong)


@given(st.text(max_size=25))
def test_any_text_is_a_number_or_refused(text):
    try:
        number = parse_id_number(text)
    except Rejected:
        return
    assert number.isascii()
    assert len(number) == 18


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1101051949123100",
        "11010519491231002XX",
        "1101051949123100X2",
        "１１０１０５１９４９１２３１００２Ｘ",  # full-width, as an input method types them
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "110105 19491231 002X",
        "110105194912310\n2X",
        "٢٢٠١٠٥٤٩١٢٣١٠٠٢",
    ],
)
def test_malformed_numbers(text):
    with pytest.raises(IdNumberMalformed):
        parse_id_number(text)


def test_a_wrong_check_character():
    with pytest.raises(IdNumberCheckWrong):
        parse_id_number("110105194912310020")


@pytest.mark.parametrize("day", ["19490231", "19491301", "19490000", "00000101", "18491231", "20230229"])
def test_impossible_births(day):
    body = f"110105{day}002"
    with pytest.raises(IdNumberBirthWrong):
        parse_id_number(body + check_character(body))


def test_fifteen_digits_are_carried_over():
    assert parse_id_number("110105491231002") == NUMBER


def test_fifteen_digits_with_an_impossible_birth():
    with pytest.raises(IdNumberBirthWrong):
        parse_id_number("110105490231002")


@pytest.mark.parametrize("number", ["", "1101", "11010549123100", "110105491231002"])
def test_other_lengths_are_masked_whole(number):
    assert mask_id_number(number) == "*" * len(number)


def test_the_mask_hides_the_birth_date():
    assert mask_id_number(NUMBER) == "110105********002X"


@pytest.mark.parametrize("region", ["110105", "520102", "330113", "330114", "659012", "810000", "820000", "830000"])
def test_known_regions(region):
    assert region_known(region + NUMBER[6:])


@pytest.mark.parametrize("region", ["110200", "512301"])
def test_regions_of_the_past_are_known(region):
    assert region_known(region + NUMBER[6:])


@pytest.mark.parametrize("number", ["990105", "", "1101", "５２０１０２", "abcdef"])
def test_other_regions_are_not(number):
    assert not region_known(number)


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)), st.integers(0, 9999), st.integers(0, 999_999))
def test_order_numbers_are_read_back(day, branch, serial):
    number = make_order_number(day, str(branch), serial)
    assert len(number) == 20
    assert parse_order_number(f" {number[:8]} {number[8:]}\r\n") == number
    with pytest.raises(OrderNumberWrong):
        parse_order_number(number[:-1])


@given(st.integers(0, 999_999), st.integers(0, 19), st.integers(1, 9))
def test_one_mistyped_digit_of_an_order_number_is_noticed(serial, at, by):
    number = make_order_number(date(2026, 1, 2), "17", serial)
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    with pytest.raises(OrderNumberWrong):
        parse_order_number(wrong)


@pytest.mark.parametrize("text", ["", "x" * 20, "２" * 20, "20260230" + "0" * 12])
def test_what_is_no_order_number(text):
    with pytest.raises(OrderNumberWrong):
        parse_order_number(text)


def test_a_date_that_is_none_is_no_order_number():
    body = "202602300017000003"
    with pytest.raises(OrderNumberWrong):
        parse_order_number(body + f"{98 - int(body) * 100 % 97:02d}")


@pytest.mark.parametrize(("branch", "serial"), [("12345", 1), ("", 1), ("-1", 1), ("1", 1_000_000), ("1", -1)])
def test_what_does_not_fit_makes_no_order_number(branch, serial):
    with pytest.raises(ValueError, match="does not fit"):
        make_order_number(date(2026, 1, 2), branch, serial)
