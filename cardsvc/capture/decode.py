"""Any picture file into RGB pixels: bounded before decoding, turned as EXIF says, never trusting the name.

Bounds: 25 MB of file, 60 million pixels, the first frame only. JPEG is decoded at a reduced scale where that
still leaves more than the portrait needs. The colour profile is applied later, to the few pixels used:
``Picture.to_srgb``.
"""

import io
import math
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from cardsvc.capture.nets import Pixels
from cardsvc.capture.problems import Problem, refuse

MAX_BYTES: Final = 25_000_000
MAX_PIXELS: Final = 60_000_000
DETECTION_SIDE: Final = 1600  # the longer side a first, scaled decoding keeps at least
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIF")
_STRIP: Final = 256  # rows
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Opening bytes of what people hand in by mistake.
_SIGNATURES: Final = (
    (b"%PDF", "filekind.pdf"),
    (b"PK\x03\x04", "filekind.zip"),
    (b"Rar!", "filekind.zip"),
    (b"7z\xbc\xaf\x27\x1c", "filekind.zip"),
    (b"\xd0\xcf\x11\xe0", "filekind.office"),
    (b"GIF8", "filekind.gif"),
    (b"8BPS", "filekind.photoshop"),
    (b"<svg", "filekind.text"),
    (b"<?xml", "filekind.text"),
    (b"<!DOC", "filekind.text"),
    (b"<html", "filekind.text"),
)
_SRGB: Final = ImageCms.createProfile("sRGB")

pillow_heif.register_heif_opener()


class Undecodable(Exception):
    """The file gives no picture; ``problem`` says why. Never leaves this package."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Picture:
    """Decoded pixels and what the file said about them."""

    pixels: Pixels  # upright, (height, width, 3), in the file's own colours
    width: int  # of the upright file before any reduction
    height: int
    reduction: float  # pixels of the file per decoded pixel, 1 or more
    profile: bytes | None  # ICC profile still to be applied, None for sRGB
    jpeg_quality: float | None  # estimated from the quantisation tables

    def to_srgb(self, pixels: Pixels) -> Pixels:
        """Return a cut-out of this picture's pixels with its colour profile applied."""
        if self.profile is None:
            return pixels
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(self.profile))
            turned = ImageCms.profileToProfile(Image.fromarray(pixels), source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            return pixels  # a broken profile is no reason to turn a good photo away
        return pixels if turned is None else np.asarray(turned)


def decode(data: bytes, backdrop: tuple[int, int, int], *, least_side: int = DETECTION_SIDE) -> Picture:
    """Return the picture, its longer side at least ``least_side`` where the file has that; raise Undecodable.

    Transparent parts show ``backdrop``.
    """
    image = _open(data)
    width, height = image.size
    try:
        if image.format == "JPEG":
            share = min(1.0, least_side / max(image.size))
            # draft() wants the shape kept: a square target picks no reduction for a tall picture.
            image.draft(None, (math.ceil(width * share), math.ceil(height * share)))
        quality = _jpeg_quality(image)
        orientation = _orientation(image)
        image.load()
        profile = image.info.get("icc_profile")
        image = _reduced(image, least_side)
        reduction = width / image.width
        rgb, profile = _as_rgb(image, profile, backdrop)
    except Exception as error:  # Pillow's readers raise OSError, SyntaxError, struct.error, EOFError and more
        raise Undecodable(refuse("photo.truncated")) from error
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
        if orientation >= 5:  # noqa: PLR2004 - EXIF 5 to 8 lie on their side
            width, height = height, width
    return Picture(np.asarray(rgb), width, height, reduction, _needed(profile), quality)


def _open(data: bytes) -> Image.Image:
    """Return the picture with only its header read, inside the bounds."""
    if len(data) > MAX_BYTES:
        raise Undecodable(refuse("photo.too_large", round(len(data) / 1e6, 1), MAX_BYTES // 1_000_000))
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Undecodable(refuse("photo.too_many_pixels", None, MAX_PIXELS // 1_000_000)) from error
    except Exception as error:
        kind = _kind(data)
        if kind == "filekind.picture":
            raise Undecodable(refuse("photo.truncated")) from error
        raise Undecodable(refuse("photo.not_an_image", found=kind)) from error
    if image.width * image.height > MAX_PIXELS:
        millions = round(image.width * image.height / 1e6)
        raise Undecodable(refuse("photo.too_many_pixels", millions, MAX_PIXELS // 1_000_000))
    return image


def _kind(data: bytes) -> str:
    """Return what a file that is no readable picture really is, as a words code."""
    if not data:
        return "filekind.empty"
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*")) or data[8:12] == b"WEBP":
        return "filekind.picture"
    for signature, kind in _SIGNATURES:
        if data.lstrip()[:16].startswith(signature):
            return kind
    if data[4:8] == b"ftyp":
        return "filekind.picture" if data[8:11] in {b"hei", b"mif", b"msf", b"hev"} else "filekind.video"
    printable = sum(byte in b"\t\r\n" or byte >= 32 for byte in data[:512])  # noqa: PLR2004 - below are controls
    return "filekind.text" if printable == len(data[:512]) else "filekind.unknown"


def _orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 where there is none or it cannot be read."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block must not cost the photo
        return 1


def _jpeg_quality(image: Image.Image) -> float | None:
    """Return the quality the encoder was probably set to, on the usual 1-100 scale (IJG's table as reference)."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return None
    scale = 100 * sum(tables[min(tables)]) / 3689  # the sum of IJG's luminance table
    quality: float = 5000 / scale if scale > 100 else (200 - scale) / 2  # noqa: PLR2004 - IJG's own two branches
    return round(max(1.0, min(100.0, quality)), 1)


def _as_rgb(
    image: Image.Image, profile: bytes | None, backdrop: tuple[int, int, int]
) -> tuple[Image.Image, bytes | None]:
    """Return the picture in 8-bit RGB, and the profile still to be applied to it."""
    if image.mode == "CMYK":
        return _from_cmyk(image, profile)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", layer.size, backdrop)
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat, profile if image.mode in {"RGBA", "RGBa"} else None
    if image.mode != "RGB":
        return image.convert("RGB"), None
    return image, profile


def _reduced(image: Image.Image, least_side: int) -> Image.Image:
    """Return the picture averaged over whole blocks, its longer side still ``least_side``: saves time and memory."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    blocks = max(image.size) // least_side
    if blocks < 2:  # noqa: PLR2004 - nothing to average
        return image
    if image.mode in {"1", "P", "PA", "La", "RGBa"}:
        transparent = image.mode != "1" and (image.mode != "P" or "transparency" in image.info)
        image = image.convert("RGBA" if transparent else "RGB")
    return image.reduce(blocks)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return a 16-bit or floating-point grey picture in 8 bits, a strip at a time."""
    top = 65535.0 if image.mode.startswith("I") else max(cast("tuple[float, float]", image.getextrema())[1], 1e-6)
    grey = Image.new("L", image.size)
    for row in range(0, image.height, _STRIP):
        box = (0, row, image.width, min(row + _STRIP, image.height))
        values = np.nan_to_num(np.asarray(image.crop(box), np.float32) * np.float32(255 / top))
        grey.paste(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)), box)
    return grey


def _from_cmyk(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Return printing colours in sRGB, through their profile where there is one."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            turned = None
        if turned is not None:
            return turned, None
    return image.convert("RGB"), None


def _needed(profile: bytes | None) -> bytes | None:
    """Return the profile unless it only says sRGB, which needs no work."""
    if not profile:
        return None
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if name.startswith("sRGB") else profile
