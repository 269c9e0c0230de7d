import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cardsvc.capture.encode import BEST_QUALITY, encode


@pytest.fixture(scope="module")
def noisy():
    return np.random.default_rng(1).integers(0, 256, (441, 358, 3), np.uint8)


@pytest.fixture(scope="module")
def calm():
    rows, columns = np.mgrid[0:441, 0:358]
    return np.dstack([rows // 2, columns // 2, (rows + columns) // 4]).astype(np.uint8)


def test_the_header_says_the_resolution_and_nothing_else(calm, guizhou):
    data = encode(calm, guizhou.photo).data
    assert data[6:11] == b"JFIF\0"
    assert data[13:18] == bytes([1, 1, 0x5E, 1, 0x5E])  # dots per inch, 350 both ways
    assert data.endswith(b"\xff\xd9")
    image = Image.open(io.BytesIO(data))
    assert (image.size, image.mode) == ((358, 441), "RGB")
    assert not {"progressive", "exif", "icc_profile"} & set(image.info)


@pytest.mark.parametrize("limit", [20_000, 50_000, 90_000])
def test_the_best_quality_below_the_limit_is_taken(noisy, guizhou, limit):
    rules = replace(guizhou.photo, max_bytes=limit)
    best = encode(noisy, rules)
    assert len(best.data) < limit
    one_better = encode(noisy, replace(rules, quality=best.quality + 1, max_bytes=10**6))
    assert len(one_better.data) >= limit


def test_quality_stops_where_nothing_is_gained(calm, guizhou):
    assert encode(calm, guizhou.photo).quality == BEST_QUALITY


def test_a_fixed_quality_is_kept_unless_the_window_forbids(calm, noisy, guizhou):
    fixed = replace(guizhou.photo, quality=70)
    assert encode(calm, fixed).quality == 70
    assert encode(noisy, fixed).quality < 70
    least = len(encode(calm, fixed).data) + 100
    raised = encode(calm, replace(fixed, min_bytes=least))
    assert raised.quality > 70
    assert len(raised.data) >= least


def test_a_window_that_cannot_be_met_gives_nothing(calm, noisy, guizhou):
    assert encode(calm, replace(guizhou.photo, min_bytes=49_000)) is None
    assert encode(noisy, replace(guizhou.photo, max_bytes=500)) is None


def test_same_pixels_same_bytes(noisy, guizhou):
    assert encode(noisy, guizhou.photo) == encode(noisy, guizhou.photo)
