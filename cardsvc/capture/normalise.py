"""One photo through the whole route: decode, find, place, clean the background, check, encode, measure again.

The result for a file never raises: whatever a file can contain ends as findings with codes. Without the networks
only files that already have the portrait's shape are taken, and the result says that geometry was not checked.
"""

import logging
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from cardsvc.capture import background, face, geometry, nets, quality
from cardsvc.capture.decode import Undecodable, decode
from cardsvc.capture.encode import Encoded, encode
from cardsvc.capture.face import Face
from cardsvc.capture.nets import Pixels
from cardsvc.capture.portrait import Found, Placed, find, place
from cardsvc.capture.problems import PhotoResult, Problem, Severity, refuse, result, warn
from cardsvc.capture.unchecked import pass_through
from cardsvc.domain.profiles import PhotoRules, RegionProfile

__all__ = ["PhotoResult", "Problem", "Severity", "normalise"]

_log: Final = logging.getLogger(__name__)
_FULL_SCALE: Final = 0.6  # portrait over file scale above which the file's compression shows
_HAIR_CUT: Final = 6  # pixels of hair that may be lost without a word
_PAINTED: Final = 24  # difference from the new background, 0..255, from which a pixel is the person


@dataclass(frozen=True, slots=True)
class _Written:
    """The finished file, measured again."""

    encoded: Encoded
    measures: dict[str, float]
    right: bool  # inside every limit of the profile


def normalise(data: bytes, profile: RegionProfile) -> PhotoResult:
    """Return the profile's portrait made from any picture file, or every reason why there is none.

    Raises nothing for the file's sake; ModelDamaged where the installation itself is broken.
    """
    rules = profile.photo
    try:
        picture = decode(data, rules.backgrounds[0])
        if not nets.available():
            return pass_through(picture, rules)
        found = find(picture, data, rules)
        if found is None:
            return result(None, [refuse("photo.no_face")], geometry_checked=True)
        return _finish(found, rules)
    except Undecodable as error:
        return result(None, [error.problem])
    except (ValueError, ArithmeticError, LookupError, cv2.error):
        # A picture nobody thought of must not stop a batch of ten thousand; the trace says where to look.
        _log.exception("photo_failed")
        return result(None, [refuse("photo.failed")])


def _finish(found: Found, rules: PhotoRules) -> PhotoResult:
    """Return the checked and written portrait; one more try where the written face has another width."""
    placed = place(found, rules)
    pixels = _on_new_background(placed, rules)
    written = _write(pixels, rules, painted=placed.alpha is not None)
    if written is not None and not written.right and written.measures.get("face_width"):
        middle = sum(rules.face_width) / 2
        placed = place(found, rules, widen=middle / written.measures["face_width"])
        pixels = _on_new_background(placed, rules)
        written = _write(pixels, rules, painted=placed.alpha is not None)
    measures = _measure(found, placed, rules)
    problems = [*quality.judge(measures), *_frame_problems(found, placed, rules)]
    if placed.alpha is not None and not rules.replace_background:
        problems.append(refuse("photo.background", round(placed.surround.spread, 1)))
    if written is None:
        problems.append(refuse("photo.file_size", None, rules.max_bytes))
    else:
        measures |= written.measures
        if not written.right:
            problems.append(refuse("photo.geometry"))
    return result(
        written.encoded.data if written else None,
        problems,
        measures,
        background_replaced=placed.alpha is not None and rules.replace_background,
        geometry_checked=True,
    )


def _on_new_background(placed: Placed, rules: PhotoRules) -> Pixels:
    if placed.alpha is None or not rules.replace_background:
        return placed.pixels
    return background.replace(placed.pixels, placed.alpha, rules.backgrounds[0])


def _measure(found: Found, placed: Placed, rules: PhotoRules) -> dict[str, float]:
    """Return what the checks are held against."""
    yaw, pitch = found.face.turn
    picture = found.picture
    measures = quality.measure_face(
        placed.pixels, placed.lab, placed.face.points, face.read_eyes(placed.pixels, placed.face)
    )
    measures |= {
        "second_face": 100 * found.second,
        "source_face_width": found.face.width * picture.reduction,
        "outside": 100 * float((~geometry.covered(picture.pixels, placed.frame)).mean()),
        "yaw": abs(yaw),
        "pitch": abs(pitch),
        "roll": abs(found.face.roll),
        "background_spread": placed.surround.spread,
        "stray": 100 * placed.surround.stray,
    }
    if picture.jpeg_quality is not None and placed.frame.scale / picture.reduction > _FULL_SCALE:
        measures["jpeg_quality"] = picture.jpeg_quality
    if placed.alpha is not None and placed.prior is not None and rules.replace_background:
        lowest = placed.eye_row + 0.6 * placed.face.width
        edge = background.judge_edge(placed.lab, placed.alpha, placed.prior, lowest)
        measures |= {
            "edge_hidden": 100 * edge.hidden,
            "edge_dispute": edge.dispute,
            "edge_softness": edge.softness,
            "body_edge": 100 * float(placed.alpha[-3:, rules.width // 3 : -rules.width // 3].mean()),
        }
    return measures


def _frame_problems(found: Found, placed: Placed, rules: PhotoRules) -> list[Problem]:
    """Return what the file or the frame cut off the head."""
    inside = geometry.covered(found.picture.pixels, placed.frame)
    reach = geometry.HAIR_REACH // 2
    middle = slice(rules.width // 2 - reach, rules.width // 2 + reach)
    first = int(np.argmax(inside[:, rules.width // 2]))
    head_at_edge = float((placed.person[first + 1 : first + 3, middle] > 0.5).mean())  # noqa: PLR2004 - likelier than not
    # The frame leaves air above the hair: a head in the file's first row was cut by the file.
    if first > 0 and head_at_edge > 0.3:  # noqa: PLR2004 - a third of the crown's width
        return [refuse("photo.cropped", round(100 * head_at_edge), 30)]
    if placed.hair_row < -_HAIR_CUT:
        return [warn("photo.hair_cut", round(-placed.hair_row), _HAIR_CUT)]
    return []


def _write(pixels: Pixels, rules: PhotoRules, *, painted: bool) -> _Written | None:
    """Return the file and what it measures when read again, None where no quality meets the byte window."""
    encoded = encode(pixels, rules)
    if encoded is None:
        return None
    measures: dict[str, float] = {"bytes": len(encoded.data), "quality": encoded.quality}
    read = decode(encoded.data, rules.backgrounds[0]).pixels
    seen = face.read_face(read, face.expected_box(rules))
    if seen is None:
        return _Written(encoded, measures, right=False)
    middle = (seen.eyes[0] + seen.eyes[1]) / 2
    measures |= {
        "face_width": seen.width,
        "hair_top": _hair_top(read, seen, rules, painted=painted and rules.replace_background),
        "eye_line": rules.height - float(middle[1]),
        "off_centre": abs(float(middle[0]) - rules.width / 2),
    }
    return _Written(encoded, measures, _is_right(measures, rules))


def _hair_top(read: Pixels, seen: Face, rules: PhotoRules, *, painted: bool) -> float:
    middle = float((seen.eyes[0][0] + seen.eyes[1][0]) / 2)
    if painted:
        away = np.abs(read.astype(np.int16) - np.asarray(rules.backgrounds[0], np.int16)).max(2)
        row = geometry.hair_top(np.float32(1) * (away > _PAINTED), middle)
        if rules.hair_top[0] <= row <= rules.hair_top[1]:
            return row
    # White hair on white, or a background left as it was: only the network can tell where the hair begins.
    nose = seen.points[face.NOSE_TIP]
    return geometry.hair_top(background.segment(read, (float(nose[0]), float(nose[1])))[0], middle)


def _is_right(measures: dict[str, float], rules: PhotoRules) -> bool:
    """Return whether the written portrait meets the geometry; hair may be cut only where the eye line forces it."""
    forced = measures["eye_line"] < rules.eye_line_min + 2 * geometry.MARGIN
    return (
        rules.face_width[0] <= measures["face_width"] <= rules.face_width[1]
        and measures["eye_line"] >= rules.eye_line_min
        and measures["off_centre"] <= rules.centre_tolerance
        and measures["hair_top"] <= rules.hair_top[1]
        and (measures["hair_top"] >= rules.hair_top[0] or forced)
    )
