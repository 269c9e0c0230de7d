"""Writing the portrait: baseline JPEG, 4:2:0, the profile's dpi, the best quality that fits its bytes."""

import io
from typing import Final

from PIL import Image

from cardsvc.capture.nets import Image as Pixels
from cardsvc.domain.profiles import PhotoRules

BEST: Final = 95
_WORST: Final = 30
_SLACK: Final = 1000  # below the limit in either reading of KB


class DoesNotFit(Exception):
    """No acceptable quality gets under the limit."""


def encode(rgb: Pixels, rules: PhotoRules) -> bytes:
    """Return the JPEG bytes; the same picture gives the same bytes; raise DoesNotFit."""
    if rules.quality is not None:
        data = _jpeg(rgb, rules.quality, rules.dpi)
        if rules.min_bytes <= len(data) < rules.max_bytes:
            return data
        raise DoesNotFit
    low, high, best = _WORST, BEST, b""
    while low <= high:  # quality and size rise together: seven encodings of half a millisecond
        middle = (low + high + 1) // 2
        data = _jpeg(rgb, middle, rules.dpi)
        if len(data) <= rules.max_bytes - _SLACK:
            best, low = data, middle + 1
        else:
            high = middle - 1
    if not best or len(best) < rules.min_bytes:
        raise DoesNotFit
    return best


def _jpeg(rgb: Pixels, quality: int, dpi: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(
        out, "JPEG", quality=quality, subsampling="4:2:0", optimize=True, progressive=False, dpi=(dpi, dpi)
    )
    return out.getvalue()
