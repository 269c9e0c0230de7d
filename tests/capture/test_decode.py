import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from cardsvc.capture import decode as decoding
from cardsvc.capture.decode import Undecodable, decode

WHITE = (255, 255, 255)
SIZE = (120, 90)


@pytest.fixture(scope="module")
def scene():
    rows, columns = np.mgrid[0:90, 0:120]
    return np.dstack([columns * 2, rows * 2, 255 - columns]).astype(np.uint8)


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def problem(data):
    with pytest.raises(Undecodable) as caught:
        decode(data, WHITE)
    return caught.value.problem


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "JPEG", "HEIF"])
def test_every_format_gives_the_same_picture(scene, kind):
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind in {"JPEG", "HEIF"} else {}
    picture = decode(saved(Image.fromarray(scene), kind, **options), WHITE)
    assert picture.pixels.shape == (90, 120, 3)
    assert np.abs(picture.pixels.astype(int) - scene).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(scene, orientation):
    laid = Image.fromarray(scene)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that lays it as the camera did
    if orientation in undo:
        laid = laid.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(saved(laid, "PNG", exif=exif), WHITE)
    assert (picture.pixels == scene).all()
    assert (picture.width, picture.height) == SIZE


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "RGBA"])
def test_every_mode_becomes_rgb(scene, mode):
    picture = decode(saved(Image.fromarray(scene).convert(mode), "TIFF" if mode == "CMYK" else "PNG"), WHITE)
    assert picture.pixels.shape == (90, 120, 3)
    assert picture.pixels.dtype == np.uint8


def test_sixteen_bits_keep_their_brightness():
    grey = np.full((20, 20), 257 * 100, np.uint16)
    assert abs(int(decode(saved(Image.fromarray(grey), "PNG"), WHITE).pixels.mean()) - 100) <= 1


def test_transparent_parts_show_the_backdrop(scene):
    clear = Image.fromarray(np.dstack([scene, np.zeros(scene.shape[:2], np.uint8)]))
    assert (decode(saved(clear, "PNG"), (67, 142, 219)).pixels == (67, 142, 219)).all()


def test_a_colour_profile_is_applied_and_srgb_needs_none(scene):
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode(saved(Image.fromarray(scene), "PNG", icc_profile=srgb), WHITE).profile is None
    odd = decode(saved(Image.fromarray(scene), "PNG", icc_profile=linear), WHITE)
    assert odd.to_srgb(odd.pixels).shape == scene.shape  # a profile that does not fit is passed over
    broken = decode(saved(Image.fromarray(scene), "PNG", icc_profile=b"nonsense"), WHITE)
    assert (broken.to_srgb(broken.pixels) == scene).all()


def test_a_large_jpeg_is_decoded_reduced_but_no_smaller_than_needed():
    data = saved(Image.new("RGB", (3000, 4000), "grey"), "JPEG")
    picture = decode(data, WHITE)
    assert (picture.width, picture.height, picture.reduction) == (3000, 4000, 2)
    assert decode(data, WHITE, least_side=4000).reduction == 1


@pytest.mark.parametrize("quality", [20, 50, 75, 92])
def test_jpeg_quality_is_read_from_the_tables(scene, quality):
    picture = decode(saved(Image.fromarray(scene), "JPEG", quality=quality), WHITE)
    assert picture.jpeg_quality == pytest.approx(quality, abs=2)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n1 0 obj", "filekind.pdf"),
        (b"PK\x03\x04....", "filekind.zip"),
        (b"GIF89a....", "filekind.gif"),
        (b"<!DOCTYPE html><p>", "filekind.text"),
        (b"plain words", "filekind.text"),
        (b"", "filekind.empty"),
        (b"\0\0\0\x18ftypisom", "filekind.video"),
        (bytes(range(200)), "filekind.unknown"),
    ],
)
def test_what_is_no_picture_is_named(data, kind):
    found = problem(data)
    assert (found.code, found.found) == ("photo.not_an_image", kind)
    assert found.sentence("zh")
    assert "{" not in found.sentence("en")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIF"])
@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_file_cut_short_is_named(scene, kind, share):
    noisy = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    whole = saved(Image.fromarray(noisy), kind)
    assert problem(whole[: int(len(whole) * share)]).code in {"photo.truncated", "photo.not_an_image"}


def test_a_decompression_bomb_is_refused_by_its_header():
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000)))
    assert problem(data).code == "photo.too_many_pixels"
    assert problem(saved(Image.new("1", (9000, 7000)), "PNG")).code == "photo.too_many_pixels"


def test_a_file_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BYTES", 10)
    assert problem(b"\xff\xd8" + bytes(20)).code == "photo.too_large"


def test_only_the_first_frame_counts(scene):
    second = Image.new("RGB", SIZE)
    data = saved(Image.fromarray(scene), "TIFF", save_all=True, append_images=[second])
    assert (decode(data, WHITE).pixels == scene).all()
