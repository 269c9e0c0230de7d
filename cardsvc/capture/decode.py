"""Opening a picture somebody handed in: bounded first, then turned, converted and scaled - or refused by code."""

import io
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from cardsvc.capture.nets import Image as Pixels

MAX_BYTES: Final = 25 * 1024 * 1024
MAX_PIXELS: Final = 60_000_000
WORKING_SIDE: Final = 1600  # a JPEG is decoded no smaller than this on its longer side
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIF")
_SRGB: Final = ImageCms.createProfile("sRGB")


class Undecodable(Exception):
    """The bytes are no usable picture; ``code`` says why."""

    def __init__(self, code: str, value: float | None = None, limit: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.value = value
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Opened:
    """A decoded picture."""

    rgb: Pixels  # H x W x 3, sRGB, upright
    full_width: int  # of the file, upright, before scaled decoding
    scale: float  # full size over decoded size, >= 1


def open_photo(data: bytes, *, under: tuple[int, int, int]) -> Opened:
    """Return the picture upright in sRGB, transparent parts laid over ``under``; raise Undecodable."""
    if len(data) > MAX_BYTES:
        raise Undecodable("photo.too_large", len(data), MAX_BYTES)
    _enable_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is refused or repaired here
            return _open(data, under)
    except UnidentifiedImageError:
        raise Undecodable("photo.not_an_image") from None
    except Image.DecompressionBombError:
        raise Undecodable("photo.too_many_pixels", None, MAX_PIXELS) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, MemoryError):
        # What Pillow's decoders raise on files that are cut short or broken.
        raise Undecodable("photo.truncated") from None


def _open(data: bytes, under: tuple[int, int, int]) -> Opened:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        pixels = picture.width * picture.height
        if pixels > MAX_PIXELS:
            raise Undecodable("photo.too_many_pixels", pixels, MAX_PIXELS)
        if picture.format in {"JPEG", "MPO"}:
            longer = max(picture.size)
            ratio = WORKING_SIDE / longer
            # With the picture's own proportions; a square box picks no scaling for a portrait.
            picture.draft(None, (max(1, int(picture.width * ratio)), max(1, int(picture.height * ratio))))
            scale = longer / max(picture.size)
        else:
            scale = 1.0
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        rgb = np.asarray(_to_srgb(upright, under), np.uint8)
        return Opened(rgb=rgb, full_width=round(rgb.shape[1] * scale), scale=scale)


def _to_srgb(picture: Image.Image, under: tuple[int, int, int]) -> Image.Image:
    if picture.mode in {"I;16", "I;16B", "I;16L", "I"}:
        deep = np.asarray(picture).astype(np.float32) / 257.0
        picture = Image.fromarray(np.clip(deep, 0, 255).astype(np.uint8))
    profile = picture.info.get("icc_profile")
    if picture.mode in {"P", "PA"}:
        picture = picture.convert("RGBA")
    alpha = picture.getchannel("A") if picture.mode in {"RGBA", "LA"} else None
    if alpha is not None:
        picture = picture.convert("RGB")
    if profile and picture.mode in {"RGB", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
            picture = converted if converted is not None else picture
        except ImageCms.PyCMSError:
            pass  # a broken profile says nothing; the pixels still do
    picture = picture.convert("RGB")
    if alpha is not None:
        base = Image.new("RGB", picture.size, under)
        base.paste(picture, mask=alpha)
        picture = base
    return picture


_heif_ready = False


def _enable_heif() -> None:
    global _heif_ready  # noqa: PLW0603 - Pillow's plug-in registry is global as well
    if not _heif_ready:
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
        _heif_ready = True
