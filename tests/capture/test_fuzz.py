"""Files nobody meant to hand in: mutated pictures of every format. Nothing may crash, hang or say nothing."""

import io
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cardsvc.capture.normalise import normalise
from cardsvc.domain.profiles import load_profile
from cardsvc.domain.words import catalogue

GUIZHOU = load_profile("guizhou")
SECONDS = 10.0


def file(kind, **options):
    picture = Image.effect_noise((120, 148), 40).convert(options.pop("mode", "RGB"))
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


FILES = {
    "jpeg": file("JPEG"),
    "progressive": file("JPEG", progressive=True),
    "cmyk": file("JPEG", mode="CMYK"),
    "png": file("PNG"),
    "palette": file("PNG", mode="P"),
    "webp": file("WEBP"),
    "bmp": file("BMP"),
    "tiff": file("TIFF", compression="tiff_lzw"),
    "heif": file("HEIF"),
}


@st.composite
def mutated(draw, kind):
    data = bytearray(FILES[kind])
    for _ in range(draw(st.integers(1, 12))):
        at = draw(st.integers(0, len(data) - 1))
        data[at] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del data[draw(st.integers(1, len(data))) :]
    if draw(st.booleans()):
        at = draw(st.integers(0, len(data)))
        data[at:at] = draw(st.binary(max_size=64))
    return bytes(data)


def is_told(data):
    started = time.monotonic()
    outcome = normalise(data, GUIZHOU)
    assert time.monotonic() - started < SECONDS
    assert outcome.accepted or outcome.problems
    assert all(problem.code in catalogue() for problem in outcome.problems)
    assert "photo.failed" not in {problem.code for problem in outcome.problems}


@pytest.mark.parametrize("kind", sorted(FILES))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_damaged_file_is_a_finding(kind, data):
    is_told(data.draw(mutated(kind)))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_finding(data):
    is_told(data)
