from concurrent.futures import ThreadPoolExecutor

import pytest

from cardsvc.domain.words import say
from cardsvc.slips.fonts import CANDIDATES, FontChain, NoFont, Run


def test_common_and_rare_names_are_covered(fonts):
    assert fonts.covers("王小明㛃䶮𬱖𠅤龘·买买提 Anna-María") == ()
    assert fonts.has_rare_characters()


def test_private_use_is_never_covered_even_where_a_font_has_a_picture(fonts):
    private = ["\ue001", "\ue816", "\uf8ff", "\U000f0001", "\U0010fffd"]
    assert list(fonts.covers("张" + "".join(private))) == private


def test_what_cannot_be_seen_or_promised_is_not_covered(fonts):
    invisible = ["\u200b", "\ufeff", "\u202e", "\x00", "\ufe00", "\U000e0100"]
    assert list(fonts.covers("葛" + "".join(invisible))) == invisible


def test_what_is_missing_is_named_once_and_in_order(fonts):
    assert fonts.covers("a\ue002\U0003106c\ue002") == ("\ue002", "\U0003106c")


def test_text_is_split_where_the_font_changes(fonts):
    runs = list(fonts.runs("王𠅤\ue001明"))
    assert [run.text for run in runs] == ["王", "𠅤", "\ue001", "明"]
    assert runs[2] == Run(None, "\ue001")
    assert runs[0].font == runs[3].font == fonts.base
    assert runs[1].font not in {fonts.base, None}


def test_a_font_s_empty_glyph_is_no_cover(fonts):
    assert FontChain.discover(CANDIDATES[:1]).covers("王\U0002f803\x07") == ("\U0002f803", "\x07")
    assert fonts.covers("\U0002f803") == ()  # Hanazono draws it


def test_white_space_is_never_missing(fonts):
    assert fonts.covers("路\t1\u00a0号\u2003\u3000\r\n") == ()


def test_a_missing_character_is_one_em_wide(fonts):
    assert fonts.width("\ue001", 12) == 12
    assert fonts.width("王\ue001", 12) == pytest.approx(fonts.width("王", 12) + 12)


def test_fonts_are_read_only_when_a_character_needs_them():
    chain = FontChain.discover()
    assert chain.covers("王小明") == ()
    assert [face._glyphs is not None for face in chain._faces[:2]] == [True, False]  # loaded, not loaded


def test_without_a_font_the_error_says_what_to_install(tmp_path):
    with pytest.raises(NoFont) as caught:
        FontChain.discover([tmp_path / "wqy-zenhei.ttc"])
    assert caught.value.code == "slips.no_font"
    assert "fonts-wqy-zenhei" in say(caught.value.code, "zh")


@pytest.mark.parametrize("size", [0, 3, 200, 5_000_000])
def test_a_broken_font_file_is_passed_over(tmp_path, size):
    broken = tmp_path / f"broken{size}.ttf"
    broken.write_bytes(CANDIDATES[2].read_bytes()[:size])
    chain = FontChain.discover([broken, *CANDIDATES])
    assert broken not in chain.files
    with pytest.raises(NoFont):
        FontChain.discover([broken])


def test_without_rare_fonts_the_chain_still_works_and_says_so():
    chain = FontChain.discover(CANDIDATES[:1])
    assert not chain.has_rare_characters()
    assert chain.covers("王𠅤") == ("𠅤",)


def test_one_chain_serves_many_threads():
    chain = FontChain.discover()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(chain.covers, ["㛃䶮𬱖𠅤龘\ue001"] * 32))
    assert set(found) == {("\ue001",)}
