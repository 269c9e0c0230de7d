"""The simulated portraits, and photos nobody knows."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cardsvc.devices.idcard.photo import SIM_MARKER, WLT_HEADER, SimDecoder
from cardsvc.devices.simulated.id_cards import build_photo, synthetic_people


def test_a_portrait_is_a_bmp_of_the_standards_size():
    person = synthetic_people(1, seed=4)[0]
    wlt = build_photo(person)
    assert len(wlt) == 1024
    bmp = SimDecoder().decode(wlt)
    assert len(bmp) == 54 + 126 * 308 == 38862
    with Image.open(io.BytesIO(bmp)) as image:
        assert (image.format, image.size, image.mode) == ("BMP", (102, 126), "RGB")
    assert SimDecoder().decode(wlt) == bmp


def test_different_people_look_different():
    portraits = {SimDecoder().decode(build_photo(person)) for person in synthetic_people(20, seed=4)}
    assert len(portraits) >= 19


@pytest.mark.parametrize("wlt", [b"", WLT_HEADER, WLT_HEADER + SIM_MARKER, WLT_HEADER + SIM_MARKER + b"\0\0\0"])
def test_too_short_is_none(wlt):
    assert SimDecoder().decode(wlt) is None


@given(st.binary(max_size=1024))
def test_foreign_photos_are_none(wlt):
    assert SimDecoder().decode(WLT_HEADER + wlt) is None
