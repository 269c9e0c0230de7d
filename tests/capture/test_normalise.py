import io
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from cardsvc.capture import face
from cardsvc.capture.decode import MAX_BYTES
from cardsvc.capture.normalise import normalise
from cardsvc.domain.profiles import load_profile
from cardsvc.domain.words import catalogue

PROFILE = load_profile("guizhou")


@pytest.fixture(scope="module")
def good(portraits):
    return Image.open(portraits / "biden.jpg").convert("RGB").crop((120, 60, 970, 1200))


def jpeg(picture, **options):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def codes(result, severity=None):
    return {p.code for p in result.problems if severity is None or p.severity.value == severity}


@pytest.mark.parametrize("name", ["obama.jpg", "biden.jpg"])
def test_a_good_portrait_meets_the_standard_measured_on_the_written_file(portraits, name):
    result = normalise((portraits / name).read_bytes(), PROFILE)
    assert result.accepted, result.problems
    with Image.open(io.BytesIO(result.portrait)) as written:
        assert (written.size, written.mode, written.format) == ((358, 441), "RGB", "JPEG")
        assert written.info["dpi"] == (350, 350)
        assert not {"progressive", "exif", "icc_profile"} & set(written.info)
        pixels = np.asarray(written)
    assert len(result.portrait) < 50_000
    seen = face.mesh(pixels, face.detect(pixels)[0])
    assert 193 <= seen.width <= 221
    assert 441 - seen.eyes[1] >= 207
    assert abs(seen.eyes[0] - 179) <= 6
    assert abs(seen.roll) <= 2
    white = (pixels.min(-1) < 200)[:, 100:258]  # the first row that is not background is the hair's
    assert 3 <= int(np.flatnonzero(white.sum(1) > 10)[0]) <= 25
    assert pixels[3, 3].min() >= 250  # light ground
    assert pixels[3, -4].min() >= 250


def test_the_same_photo_gives_the_same_bytes(good):
    assert normalise(jpeg(good), PROFILE).portrait == normalise(jpeg(good), PROFILE).portrait


def _side_by_side(picture):
    both = Image.new("RGB", (picture.width * 2, picture.height))
    both.paste(picture, (0, 0))
    both.paste(picture, (picture.width, 0))
    return both


def _side_light(picture):
    ramp = np.clip(np.linspace(-0.4, 1.8, picture.width), 0.08, 1.0)[None, :, None]
    return Image.fromarray((np.asarray(picture) * ramp).astype(np.uint8))


BAD = {
    "photo.no_face": lambda p: p.filter(ImageFilter.GaussianBlur(120)),
    "photo.several_faces": _side_by_side,
    "photo.too_small": lambda p: p.resize((p.width * 90 // 274, p.height * 90 // 274)),
    "photo.cropped": lambda p: p.crop((p.width // 2 - 60, 100, p.width, p.height)),
    "photo.blurred": lambda p: p.filter(ImageFilter.GaussianBlur(4)),
    "photo.dark": lambda p: ImageEnhance.Brightness(p).enhance(0.22),
    "photo.bright": lambda p: ImageEnhance.Brightness(p).enhance(3.2),
    "photo.grey": lambda p: p.convert("L").convert("RGB"),
    "photo.not_frontal": lambda p: p.rotate(-16, expand=False, fillcolor=(128, 128, 128)),
    "photo.uneven_light": _side_light,
}


@pytest.mark.parametrize("code", sorted(BAD))
def test_a_bad_photo_is_refused_with_the_right_reason_and_nothing_else_is_made(good, code):
    result = normalise(jpeg(BAD[code](good)), PROFILE)
    assert code in codes(result, "refuse"), result.problems
    assert not result.accepted
    assert result.portrait is None


def test_the_good_one_has_none_of_these_reasons(good):
    result = normalise(jpeg(good), PROFILE)
    assert result.accepted
    assert not set(BAD) & codes(result)


def test_a_studio_photo_on_white_is_left_alone(good):
    first = normalise(jpeg(good), PROFILE)
    with Image.open(io.BytesIO(first.portrait)) as portrait:
        big = portrait.resize((1074, 1323), Image.Resampling.BICUBIC)
    again = normalise(jpeg(big), PROFILE)
    assert first.background_replaced
    assert not again.background_replaced
    assert "photo.background_replaced" not in codes(again)


def _saved(picture, kind):
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def _turned(picture):
    exif = Image.Exif()
    exif[274] = 6
    return jpeg(picture.rotate(90, expand=True), exif=exif.tobytes())


FORMS = {
    "png": lambda p: _saved(p, "PNG"),
    "webp": lambda p: _saved(p, "WEBP"),
    "bmp": lambda p: _saved(p, "BMP"),
    "tiff": lambda p: _saved(p, "TIFF"),
    "cmyk": lambda p: _saved(p.convert("CMYK"), "JPEG"),
    "alpha": lambda p: _saved(p.convert("RGBA"), "PNG"),
    "heic": lambda p: _saved(p, "HEIF"),
    "exif": _turned,
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_of_the_same_picture_gives_the_same_face(good, form):
    result = normalise(FORMS[form](good), PROFILE)
    assert result.accepted, result.problems
    assert abs(result.measures["out_face_width"] - normalise(jpeg(good), PROFILE).measures["out_face_width"]) < 4


def test_what_is_no_picture_is_said_to_be_none(good):
    whole = jpeg(good)
    assert codes(normalise(b"%PDF-1.7\n1 0 obj", PROFILE)) == {"photo.not_an_image"}
    assert codes(normalise(b"", PROFILE)) == {"photo.not_an_image"}
    assert codes(normalise(whole[: len(whole) // 3], PROFILE)) == {"photo.truncated"}
    assert codes(normalise(b"\xff\xd8" + b"0" * MAX_BYTES, PROFILE)) == {"photo.too_large"}
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    assert codes(normalise(bomb.getvalue(), PROFILE)) == {"photo.too_many_pixels"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_never_raises(good, data):
    raw = bytearray(jpeg(good.resize((170, 228))))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert normalise(bytes(raw), PROFILE).accepted in {True, False}


def test_the_report_is_json_with_words_for_every_code(good):
    told = json.loads(json.dumps(normalise(jpeg(BAD["photo.dark"](good)), PROFILE).as_dict()))
    assert told["version"] == 1
    assert all(problem["zh"] and problem["en"] and problem["code"] in catalogue() for problem in told["problems"])


def test_without_models_only_a_finished_shape_is_taken(good, monkeypatch):
    from cardsvc.capture import nets

    portrait = normalise(jpeg(good), PROFILE).portrait
    monkeypatch.setattr(nets, "available", lambda: False)
    kept = normalise(portrait, PROFILE)
    assert kept.accepted
    assert not kept.geometry_checked
    assert codes(kept) == {"photo.not_checked"}
    assert codes(normalise(jpeg(good), PROFILE)) == {"photo.geometry"}
