"""What can be done without the networks: take only pictures that already have the portrait's shape and background."""

from typing import Final

import cv2
import numpy as np

from cardsvc.capture import background
from cardsvc.capture.decode import Picture
from cardsvc.capture.encode import encode
from cardsvc.capture.problems import PhotoResult, refuse, result, warn
from cardsvc.domain.profiles import PhotoRules

_SHAPE_TOLERANCE: Final = 0.01
_GREY_CHROMA: Final = 1.0


def pass_through(picture: Picture, rules: PhotoRules) -> PhotoResult:
    """Return the picture scaled to the portrait's size, with the warning that nobody looked for a face."""
    shape = picture.width / picture.height / (rules.width / rules.height)
    if abs(shape - 1) > _SHAPE_TOLERANCE or picture.width < rules.width:
        return result(None, [refuse("photo.geometry_unknown")])
    size = (rules.width, rules.height)
    portrait = picture.to_srgb(np.asarray(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA), np.uint8))
    lab = background.to_lab(portrait)
    person = np.ones((rules.height, rules.width), np.float32)  # the upper corners show the background at least
    person[: rules.height // 3, : rules.width // 10] = 0
    person[: rules.height // 3, -(rules.width // 10) :] = 0
    surround = background.look_behind(lab, person, person, rules.height / 2, rules.width)
    problems = [warn("photo.geometry_not_checked")]
    if not background.is_already_right(surround, rules.backgrounds):
        problems.append(refuse("photo.background", round(surround.spread, 1)))
    chroma = float(np.hypot(lab[..., 1], lab[..., 2]).mean())
    if chroma < _GREY_CHROMA:
        problems.append(refuse("photo.grey", round(chroma, 1), _GREY_CHROMA))
    encoded = encode(portrait, rules)
    if encoded is None:
        problems.append(refuse("photo.file_size", None, rules.max_bytes))
    measures = {"background_spread": surround.spread, "chroma": chroma}
    return result(encoded.data if encoded else None, problems, measures)
