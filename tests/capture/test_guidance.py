import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from cardsvc.capture import nets
from cardsvc.capture.guidance import guide
from cardsvc.domain.profiles import load_profile
from cardsvc.domain.words import catalogue

GUIZHOU = load_profile("guizhou")


@pytest.fixture(scope="module")
def sitter(portraits):
    with Image.open(portraits / "obama.jpg") as image:
        return image.convert("RGB")


def scene(sitter, height=1000, x=0.5, y=0.85, turn=0.0, light=1.0):
    """The sitter, so many pixels tall, in a grey room of 1280x720 as the camera's reduced frame shows it."""
    room = Image.new("RGB", (1280, 720), (150, 150, 150))
    small = sitter.resize((round(sitter.width * height / sitter.height), height))
    if turn:
        small = small.rotate(turn, fillcolor=(150, 150, 150))
    room.paste(small, (round(1280 * x - small.width / 2), round(720 * y - height / 2)))
    return ImageEnhance.Brightness(room).enhance(light)


def told(picture, camera_width=1280):
    out = io.BytesIO()
    picture.resize((640, 360)).save(out, "JPEG", quality=80)
    return guide(out.getvalue(), GUIZHOU, camera_width=camera_width)


def test_somebody_sitting_right_is_told_so(sitter):
    found = told(scene(sitter))
    assert found.good
    x, y, width = found.face
    assert 0.45 < x < 0.55
    assert 0 < y < 1
    assert 0.1 < width < 0.3


@pytest.mark.parametrize(
    ("how", "advice"),
    [
        ({"height": 600}, "guide.nearer"),
        ({"height": 2600, "y": 1.4}, "guide.farther"),
        ({"y": 0.65}, "guide.lower"),
        ({"y": 1.2}, "guide.higher"),
        ({"x": 0.1}, "guide.centre"),
        ({"turn": 14}, "guide.level"),
        ({"light": 0.3}, "guide.dark"),
        ({"light": 1.9}, "guide.bright"),
    ],
)
def test_what_is_wrong_is_said(sitter, how, advice):
    assert advice in told(scene(sitter, **how)).advice


def test_a_better_camera_allows_more_distance(sitter):
    far = scene(sitter, height=600)
    assert "guide.nearer" not in told(far, camera_width=3840).advice


def test_two_people_are_one_too_many(sitter):
    both = scene(sitter, x=0.3)
    both.paste(scene(sitter, x=0.7).crop((640, 0, 1280, 720)), (640, 0))
    assert "guide.several_faces" in told(both).advice


def test_nobody_and_nothing():
    assert told(Image.new("RGB", (1280, 720), (90, 120, 90))).advice == ("guide.no_face",)
    assert guide(b"no picture", GUIZHOU, camera_width=1280).advice == ("guide.no_picture",)
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    assert told(Image.fromarray(noise)).advice == ("guide.no_face",)


def test_without_networks_it_says_that_it_cannot_tell(sitter, monkeypatch):
    monkeypatch.setattr(nets, "available", lambda: False)
    assert told(scene(sitter)).advice == ("guide.not_checked",)


def test_all_advice_has_words():
    assert sum(code.startswith("guide.") for code in catalogue()) == 14
