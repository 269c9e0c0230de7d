"""The whole route: the finished file measured again, and each code on a portrait spoiled the way it names."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cardsvc.capture import face, nets
from cardsvc.capture import normalise as route
from cardsvc.capture.normalise import Severity, normalise
from cardsvc.domain.words import catalogue


@pytest.fixture(scope="module")
def results(obama, biden, guizhou):
    return {"obama": normalise(obama, guizhou), "biden": normalise(biden, guizhou)}


@pytest.fixture(scope="module")
def plain(results, spoil):
    """A portrait whose background needs nothing: our own output, twice as large."""
    image = Image.open(io.BytesIO(results["biden"].portrait))
    return spoil.file(image.resize((716, 882), Image.Resampling.LANCZOS))


def codes(result):
    return {problem.code for problem in result.problems}


def refusals(result):
    return {problem.code for problem in result.problems if problem.severity is Severity.REFUSE}


@pytest.mark.parametrize("name", ["obama", "biden"])
def test_official_portraits_are_accepted(results, name):
    result = results[name]
    assert result.accepted
    assert result.geometry_checked
    assert result.background_replaced
    assert not refusals(result)


@pytest.mark.parametrize("name", ["obama", "biden"])
def test_the_file_is_what_the_region_asks_for(results, guizhou, name):
    data = results[name].portrait
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.mode) == ("JPEG", (358, 441), "RGB")
    assert [round(value) for value in image.info["dpi"]] == [350, 350]
    assert len(data) < guizhou.photo.max_bytes
    assert not {"exif", "icc_profile", "progressive", "xmp"} & set(image.info)


@pytest.mark.parametrize("name", ["obama", "biden"])
def test_the_written_picture_measures_right(results, guizhou, spoil, name):
    """Measured without the route: its own face search, and the hair by colour against the white."""
    pixels = spoil.pixels(results[name].portrait)
    found = face.find_faces(pixels)
    assert len(found) == 1
    mesh = face.read_face(pixels, found[0])
    left, right = mesh.eyes
    middle = (left + right) / 2
    rules = guizhou.photo
    assert rules.face_width[0] + 2 <= mesh.width <= rules.face_width[1] - 2
    assert rules.height - middle[1] >= rules.eye_line_min + 2
    assert abs(middle[0] - rules.width / 2) <= 4
    assert abs(mesh.roll) < 2
    column = int(middle[0])
    dark = (255 - pixels[:, column - 80 : column + 80].min(2)) > 24
    top = int(np.argmax(dark.sum(1) > 10))
    assert rules.hair_top[0] + 2 <= top <= rules.hair_top[1] - 2


@pytest.mark.parametrize("name", ["obama", "biden"])
def test_the_background_is_white_beside_the_head(results, spoil, name):
    pixels = spoil.pixels(results[name].portrait)
    for corner in (pixels[:80, :20], pixels[:80, -20:], pixels[:4]):
        assert corner.min() >= 245


def test_same_photo_same_bytes_also_in_threads(results, obama, guizhou):
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda data: normalise(data, guizhou).portrait, [obama, obama, obama]))
    assert set(again) == {results["obama"].portrait}


def test_a_plain_right_background_is_left_alone(plain, guizhou):
    result = normalise(plain, guizhou)
    assert result.accepted
    assert not result.background_replaced


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_photo_on_its_side_is_set_upright(obama, guizhou, spoil, quarter):
    result = normalise(spoil.file(np.rot90(spoil.pixels(obama), quarter)), guizhou)
    assert result.accepted
    assert result.measures["roll"] < 3


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_exif_is_obeyed(obama, guizhou, spoil, orientation):
    lay = {3: 3, 6: 2, 8: 4}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    laid = Image.fromarray(spoil.pixels(obama)).transpose(Image.Transpose(lay))
    assert normalise(spoil.file(laid, "JPEG", exif=exif, quality=95), guizhou).accepted


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "P", "HEIF", "WEBP"])
def test_other_modes_and_formats_are_accepted(obama, guizhou, spoil, mode):
    image = Image.fromarray(spoil.pixels(obama))
    if mode in {"HEIF", "WEBP"}:
        data = spoil.file(image, mode, quality=90)
    else:
        data = spoil.file(image.convert(mode), "TIFF" if mode == "CMYK" else "PNG")
    assert normalise(data, guizhou).accepted


def light(pixels, stops):
    """Change the exposure as a camera would: in linear light."""
    return 255 * np.clip((pixels / 255.0) ** 2.2 * 2.0**stops, 0, 1) ** (1 / 2.2)


SPOILED = {
    "photo.blurred": lambda one: cv2.GaussianBlur(one, (0, 0), 2),
    "photo.dark": lambda one: light(one, -3),
    "photo.bright": lambda one: light(one, 1.6),
    "photo.too_small": lambda one: cv2.resize(one, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
    "photo.no_face": lambda one: one[600:],
    "photo.grey": lambda one: np.repeat(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)[..., None], 3, 2),
    "photo.cropped": lambda one: one[90:],
    "photo.not_frontal": lambda one: np.asarray(Image.fromarray(one).rotate(28, Image.Resampling.BICUBIC)),
    "photo.uneven_light": lambda one: one * np.clip((np.arange(one.shape[1]) - 380) / 230, 0.12, 1)[None, :, None],
}


@pytest.mark.parametrize("code", SPOILED)
def test_a_spoiled_photo_is_refused_for_that_reason(obama, guizhou, spoil, code):
    result = normalise(spoil.file(SPOILED[code](spoil.pixels(obama))), guizhou)
    assert not result.accepted
    assert result.portrait is None
    assert code in refusals(result)


def test_two_people_are_refused(obama, biden, guizhou, spoil):
    both = np.hstack([cv2.resize(spoil.pixels(obama), (970, 1200)), spoil.pixels(biden)[:1200]])
    assert "photo.several_faces" in refusals(normalise(spoil.file(both), guizhou))


@pytest.mark.parametrize(
    "code", sorted({*SPOILED, "photo.several_faces", "photo.glare", "photo.red_eye", "photo.eyes_closed"})
)
def test_a_good_photo_is_not(results, code):
    assert all(code not in refusals(result) for result in results.values())


def test_shaken_photos_are_noticed(biden, guizhou, spoil):
    shaken = cv2.blur(spoil.pixels(biden)[:1200], (15, 1))
    assert "photo.blurred" in codes(normalise(spoil.file(shaken), guizhou))


def test_a_smile_with_teeth_is_a_warning_a_closed_mouth_is_not(results):
    assert "photo.mouth_open" in codes(results["obama"])
    assert "photo.mouth_open" not in codes(results["biden"])


def _painted_eyes(obama, spoil, paint):
    pixels = spoil.pixels(obama).copy()
    mesh = face.read_face(pixels, face.find_faces(pixels)[0])
    for eye in face.read_eyes(pixels, mesh):
        paint(pixels, tuple(round(at) for at in eye.iris))
    return spoil.file(pixels)


def test_red_eyes_are_seen(obama, guizhou, spoil):
    data = _painted_eyes(obama, spoil, lambda pixels, at: cv2.circle(pixels, at, 6, (200, 30, 30), -1))
    assert "photo.red_eye" in refusals(normalise(data, guizhou))


def test_reflections_before_the_eyes_are_seen(obama, guizhou, spoil):
    data = _painted_eyes(obama, spoil, lambda pixels, at: cv2.ellipse(pixels, at, (26, 14), 0, 0, 360, (252,) * 3, -1))
    assert "photo.glare" in refusals(normalise(data, guizhou))


def test_closed_eyes_are_seen(obama, guizhou, spoil):
    def lid(pixels, at):
        skin = tuple(int(value) for value in pixels[at[1] + 30, at[0]])
        cv2.ellipse(pixels, at, (32, 13), 0, 0, 360, skin, -1)
        cv2.ellipse(pixels, (at[0], at[1] + 2), (26, 5), 0, 0, 180, (60, 35, 25), 2, cv2.LINE_AA)

    assert "photo.eyes_closed" in codes(normalise(_painted_eyes(obama, spoil, lid), guizhou))


def test_a_blue_cast_is_a_warning(obama, guizhou, spoil):
    cast = spoil.pixels(obama) * np.array([0.75, 1.0, 1.6])
    assert "photo.colour_cast" in codes(normalise(spoil.file(cast), guizhou))


@pytest.mark.parametrize(("quality", "severity"), [(10, Severity.REFUSE), (45, Severity.WARN)])
def test_strong_compression_is_noticed(obama, guizhou, spoil, quality, severity):
    result = normalise(spoil.file(spoil.pixels(obama), "JPEG", quality=quality), guizhou)
    assert [p.severity for p in result.problems if p.code == "photo.compressed"] == [severity]


def test_all_problems_come_at_once(obama, guizhou, spoil):
    bad = light(cv2.GaussianBlur(spoil.pixels(obama), (0, 0), 2.5), -3)
    bad = np.asarray(Image.fromarray(bad.astype(np.uint8)).rotate(27))
    assert {"photo.blurred", "photo.dark", "photo.not_frontal"} <= refusals(normalise(spoil.file(bad), guizhou))


def test_a_region_that_forbids_replacing_refuses_a_busy_background(obama, plain, guizhou):
    strict = replace(guizhou, photo=replace(guizhou.photo, replace_background=False))
    assert "photo.background" in refusals(normalise(obama, strict))
    assert normalise(plain, strict).accepted


def test_light_blue_where_the_region_wants_it(obama, guizhou, spoil):
    blue = replace(guizhou, photo=replace(guizhou.photo, backgrounds=((67, 142, 219),)))
    pixels = spoil.pixels(normalise(obama, blue).portrait)
    assert pixels[:100, :10].reshape(-1, 3).mean(0) == pytest.approx((67, 142, 219), abs=3)


def test_a_byte_window_nobody_can_meet_is_a_finding(obama, guizhou):
    tight = replace(guizhou, photo=replace(guizhou.photo, max_bytes=900))
    assert "photo.file_size" in refusals(normalise(obama, tight))


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"%PDF-1.4 ...", "photo.not_an_image"), (b"", "photo.not_an_image"), (b"\xff\xd8\xff\xe0", "photo.truncated")],
)
def test_what_is_no_photo_is_refused_and_never_raised(data, code, guizhou):
    result = normalise(data, guizhou)
    assert codes(result) == {code}
    assert not result.geometry_checked


@pytest.mark.parametrize("share", [0.05, 0.5, 0.97])
def test_a_photo_cut_short_is_refused(obama, guizhou, share):
    assert codes(normalise(obama[: int(len(obama) * share)], guizhou)) == {"photo.truncated"}


def test_tiny_and_thin_pictures_are_refused(guizhou, spoil):
    for shape in ((1, 1, 3), (3, 900, 3), (900, 2, 3), (1, 20_000, 3), (20_000, 1, 3)):
        assert not normalise(spoil.file(np.full(shape, 127)), guizhou).accepted


@pytest.mark.parametrize(
    "part",
    [(150, 330, 0, 910), (0, 1137, 450, 560), (150, 260, 390, 530), (180, 230, 400, 600), (60, 300, 380, 560)],
)
def test_parts_of_a_face_are_refused_without_a_stumble(obama, guizhou, spoil, caplog, part):
    top, bottom, left, right = part
    result = normalise(spoil.file(spoil.pixels(obama)[top:bottom, left:right]), guizhou)
    assert refusals(result) & {"photo.cropped", "photo.no_face"}
    assert not caplog.records


def test_what_nobody_thought_of_is_refused_and_logged(obama, guizhou, monkeypatch, caplog):
    def stumble(*args, **kwargs):
        raise IndexError

    monkeypatch.setattr(route, "place", stumble)
    assert refusals(normalise(obama, guizhou)) == {"photo.failed"}
    assert "photo_failed" in caplog.text


def test_without_networks_only_a_finished_shape_passes(results, obama, guizhou, monkeypatch):
    monkeypatch.setattr(nets, "available", lambda: False)
    assert refusals(normalise(obama, guizhou)) == {"photo.geometry_unknown"}
    result = normalise(results["obama"].portrait, guizhou)
    assert result.accepted
    assert not result.geometry_checked
    assert codes(result) == {"photo.geometry_not_checked"}


def test_the_result_is_json_with_both_languages(results):
    data = json.loads(json.dumps(results["obama"].as_dict()))
    assert data["version"] == 1
    assert data["accepted"] is True
    (problem,) = data["problems"]
    assert problem["code"] == "photo.mouth_open"
    assert "15" in problem["zh"]
    assert "15" in problem["en"]
    assert "head_covering" in data["not_judged"]


def test_every_code_has_words():
    for module in ("normalise", "decode", "quality", "unchecked"):
        source = (route.__file__ or "").replace("normalise.py", f"{module}.py")
        for word in Path(source).read_text("utf-8").split('"'):
            if word.startswith("photo.") and " " not in word:
                assert set(catalogue()[word]) == {"zh", "en"}
