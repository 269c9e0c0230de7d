import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.slips.wrapping import TextTooLong, fit, wrap


def measure(text, size=1.0):
    """Every character as wide as the type is high, Latin half of it."""
    return sum(size / 2 if ord(character) < 0x250 else size for character in text)


def test_chinese_breaks_between_any_two_characters():
    assert wrap("贵州省贵阳市南明区", 4, measure) == ["贵州省贵", "阳市南明", "区"]


def test_no_closing_mark_begins_a_line_and_no_opening_mark_ends_one():
    assert wrap("贵州省贵，阳市", 4, measure) == ["贵州省", "贵，阳市"]
    assert wrap("贵州省（贵阳）", 4, measure) == ["贵州省", "（贵阳）"]


def test_words_and_numbers_stay_whole_and_blanks_at_a_break_vanish():
    assert wrap("ANNA MARIA 100号", 4, measure) == ["ANNA", "MARIA", "100号"]


def test_a_word_longer_than_the_line_is_cut():
    assert wrap("A" * 20, 4, measure) == ["AAAAAAAA", "AAAAAAAA", "AAAA"]


@given(st.text(st.sampled_from("贵阳市（，）AB1 -。“”\ue001𠅤"), max_size=60), st.integers(4, 12))
def test_nothing_is_lost_and_no_line_is_too_wide(text, width):
    lines = wrap(text, width, measure)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(measure(line) <= width for line in lines)


def test_a_text_gets_smaller_until_it_fits():
    fitted = fit("贵州省贵阳市南明区", 40, 26, (12, 6), measure, 1.2)
    assert fitted.size < 12
    assert len(fitted.lines) * fitted.size * 1.2 <= 26


def test_what_never_fits_is_refused():
    with pytest.raises(TextTooLong):
        fit("贵" * 500, 40, 26, (12, 6), measure, 1.2)
