"""Names: what may be lost elsewhere, and the keys they are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.domain.name_tables import GB18030_PUA
from cardsvc.domain.names import PinyinKeys, Suspicion, find_suspects, pinyin_keys, suspect_characters


@pytest.mark.parametrize("name", ["王知思", "欧阳若水", "阿卜杜·热合曼", "", "JOHN SMITH"])
def test_common_names_are_not_suspect(name):
    assert suspect_characters(name) == ()


@pytest.mark.parametrize(
    ("character", "suspicion", "suggestion"),
    [
        ("\ue81e", Suspicion.PRIVATE_USE, "\u9fb4"),
        ("\ue816", Suspicion.PRIVATE_USE, "\U00020087"),
        ("\uf000", Suspicion.PRIVATE_USE, ""),
        ("\U000f0000", Suspicion.PRIVATE_USE, ""),
        ("\ud842", Suspicion.SURROGATE, ""),
        ("\U00020087", Suspicion.RARE, ""),
        ("\u36c3", Suspicion.RARE, ""),
        ("\u9fb4", Suspicion.RARE, ""),
        ("\U00030edd", Suspicion.RARE, ""),
        ("\U0002ebf0", Suspicion.RARE, ""),
        ("\U000e0fff", Suspicion.UNASSIGNED, ""),
        ("\uf929", Suspicion.COMPATIBILITY, "\u6717"),
        ("•", Suspicion.DOT, "·"),
        ("․", Suspicion.DOT, "·"),
        ("?", Suspicion.LOST, ""),
        ("□", Suspicion.LOST, ""),
        ("\u200b", Suspicion.CONTROL, ""),
        ("\n", Suspicion.CONTROL, ""),
    ],
)
def test_suspect_characters(character, suspicion, suggestion):
    (found,) = find_suspects(f"王{character}明")
    assert (found.place, found.character, found.suspicion, found.suggestion) == (1, character, suspicion, suggestion)
    assert suspect_characters(f"王{character}明") == (found.label,)
    assert f"U+{ord(character):04X}" in found.label
    assert found.label.isprintable() or suspicion is Suspicion.RARE  # newer than this Python's tables
    assert found.label.encode()


def test_the_private_use_table_agrees_with_pythons_own_codec():
    places = [*range(0x50, 0x7F), *range(0x80, 0xA1)]
    assert len(places) == len(GB18030_PUA) == 80
    unchanged = 0
    for (private, standard), low in zip(GB18030_PUA.items(), places, strict=True):
        decoded = bytes([0xFE, low]).decode("gb18030")
        assert decoded in {private, standard}  # the codec kept 14 where they were in 2000
        unchanged += decoded == private
    assert unchanged == 14


@pytest.mark.parametrize(
    ("name", "first", "initials"),
    [
        ("单雄信", "shanxiongxin", "sxx"),
        ("仇和", "qiuhe", "qh"),
        ("查良", "zhaliang", "zl"),
        ("曾明", "zengming", "zm"),
        ("解晓", "xiexiao", "xx"),
        ("区远", "ouyuan", "oy"),
        ("朴树", "piaoshu", "ps"),
        ("任远", "renyuan", "ry"),
        ("盖宁", "gening", "gn"),
        ("华山", "huashan", "hs"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("万俟卨", "moqixie", "mqx"),
        ("欧阳修", "ouyangxiu", "oyx"),
        ("王㛃", "wangjie", "wj"),
        ("阿卜杜·热合曼", "abodureheman", "abdrhm"),
        ("JOHN SMITH", "johnsmith", "johnsmith"),
    ],
)
def test_the_likeliest_reading_comes_first(name, first, initials):
    keys = pinyin_keys(name)
    assert keys.full.split()[0] == first
    assert keys.initials.split()[0] == initials


@pytest.mark.parametrize(
    ("name", "also"), [("单明", "danming"), ("吕明", "lyuming"), ("吕明", "luming"), ("曾明", "cengming")]
)
def test_other_readings_are_found_too(name, also):
    assert also in pinyin_keys(name).full.split()


def test_dots_of_any_kind_and_blanks_do_not_count():
    assert pinyin_keys("阿·明") == pinyin_keys("阿•明") == pinyin_keys("阿 明")


def test_a_private_use_character_is_found_under_its_standard_one():
    assert pinyin_keys("王\ue81a") == pinyin_keys("王\u3473")


def test_what_cannot_be_typed_leaves_no_trace():
    assert pinyin_keys("\ud842\uf000·?") == PinyinKeys("", "")
    assert pinyin_keys("松\ud842").full == "song"


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_has_keys_that_fit_the_table(name):
    keys = pinyin_keys(name)
    assert len(keys.full) <= 300
    assert len(keys.initials) <= 60
    keys.full.encode()
    suspect_characters(name)


@given(st.text(alphabet="单仇查曾解区朴吕女行重乐乜万俟尉迟", min_size=1, max_size=15))
def test_readings_stay_in_step_with_characters(name):
    for initials in pinyin_keys(name).initials.split():
        assert len(initials) == len(name)
