"""The checks on a portrait, after the components of ISO/IEC 29794-5, and the limits they are held to.

Measured on the placed portrait (358 x 441, face 207 pixels) before its background is replaced, so that one limit
fits every camera. Lengths are in pixels, angles in degrees:

================  ==========================================================  ===========  ===========
code              measure (key in ``PhotoResult.measures``)                   warn         refuse
================  ==========================================================  ===========  ===========
several_faces     area of the second face over the first, %                   any          15
too_small         face width in the file, pixels                              180          130
cropped           share of the portrait that lies outside the file, %         2            8
not_frontal       yaw (pitch, roll) of the head, degrees                      8 (12, 8)    15 (20, 20)
eyes_closed       lid gap over eye width, the more closed eye, %              24           15
mouth_open        gap between the lips over eye-to-chin, %                    9
glare             pixels blown out around the eyes, %                         4            12
red_eye           redness (Lab a) of the pupil over that of the nose          8            15
blurred           fine over middle contrast in the face, weakest direction    28           22
(shaken)          fine contrast in the weakest direction over the strongest, % 50           35
dark              95th percentile of the face's luma, %                       50           36
bright            face pixels at luma 247 or more, %                          3            15
uneven_light      difference of the cheeks, and of the halves of the face, %  one 30       50, both 28
grey              mean chroma of the face (Lab); sepia is warned of           sepia        4
colour_cast       mean Lab of the face outside a 3..30, b 2..38               outside
background        spread in Lab where it may not be replaced                               4
bystander         likely person beside the head, %                            10
compressed        JPEG quality of a file used at nearly its own size          60           25
edge_review       outline hidden in front of a like colour, %; disputed, px   25; 3
background (cut)  the same outline where nothing can be made of it                         70; 6
background (cut)  person in the middle of the lower edge, %                                90
================  ==========================================================  ===========  ===========

Limits are those of the photo survey; these are our own, from the two official portraits: steadiness (sharp 72-84,
out of focus 79-83, shaken by 7-11 px 25-47); the edge (cut-outs laid on eleven backgrounds: 0.3-2 px off the true edge
where less than 25 % is hidden, 1.3-3.1 px above). compressed and the edge's second limit are engineering judgement.
Pitch needs no correction: on this mesh's axis from forehead to chin both portraits read within 2 degrees of 0.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cardsvc.capture import face as mesh
from cardsvc.capture.face import Eye, Points
from cardsvc.capture.nets import Pixels, Plane
from cardsvc.capture.problems import Problem, Severity, warn

_INFINITE: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Limit:
    """From which measured value on a code warns and refuses; ``below`` turns the comparison."""

    code: str
    measure: str
    warn: float
    refuse: float
    below: bool = False
    digits: int | None = None  # to round to for reading; None is a whole number

    def judge(self, measures: Mapping[str, float]) -> Problem | None:
        """Return the finding, None where the measure is fine or was not taken."""
        value = measures.get(self.measure)
        if value is None:
            return None
        for severity, limit in ((Severity.REFUSE, self.refuse), (Severity.WARN, self.warn)):
            if (value < limit) if self.below else (value > limit):
                return Problem(self.code, severity, round(value, self.digits), limit)
        return None


_GREY: Final = 4
_ROUNDING: Final = 1 / 12  # variance that whole numbers add: it would pass for detail in a dark picture
LIMITS: Final = (
    Limit("photo.several_faces", "second_face", 0, 15),
    Limit("photo.too_small", "source_face_width", 180, 130, below=True),
    Limit("photo.cropped", "outside", 2, 8),
    Limit("photo.not_frontal", "yaw", 8, 15),
    Limit("photo.not_frontal", "pitch", 12, 20),
    Limit("photo.not_frontal", "roll", 8, 20),
    Limit("photo.eyes_closed", "eye_opening", 24, 15, below=True),
    Limit("photo.mouth_open", "mouth_gap", 9, _INFINITE),
    Limit("photo.glare", "eye_glare", 4, 12),
    Limit("photo.red_eye", "red_eye", 8, 15),
    Limit("photo.blurred", "sharpness", 28, 22, below=True),
    Limit("photo.blurred", "steadiness", 50, 35, below=True),
    Limit("photo.dark", "face_luma", 50, 36, below=True),
    Limit("photo.bright", "overexposed", 3, 15),
    Limit("photo.grey", "chroma", -_INFINITE, _GREY, below=True, digits=1),
    Limit("photo.bystander", "stray", 10, _INFINITE),
    Limit("photo.compressed", "jpeg_quality", 60, 25, below=True),
    Limit("photo.edge_review", "edge_hidden", 25, _INFINITE),
    Limit("photo.edge_review", "edge_dispute", 3, _INFINITE),
    Limit("photo.background", "edge_hidden", _INFINITE, 70),
    Limit("photo.background", "edge_dispute", _INFINITE, 6),
    Limit("photo.background", "body_edge", -_INFINITE, 90, below=True),
)
_UNEVEN_ONE, _UNEVEN_BOTH, _UNEVEN_MUCH = 30, 28, 50
_CAST_A, _CAST_B = (3, 30), (2, 38)
_SEPIA_A, _SEPIA_B = 3, 8


def measure_face(portrait: Pixels, lab: NDArray[np.float32], points: Points, eyes: tuple[Eye, Eye]) -> dict[str, float]:
    """Return every measure that the portrait's face gives; ``lab`` is the portrait in Lab, points are in its pixels."""
    luma = np.asarray(cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY), np.float32)
    oval = _filled(points[list(mesh.OVAL), :2], luma.shape)
    inner = cv2.erode(oval.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    skin = lab[inner]
    values = luma[inner]
    a, b = float(skin[:, 1].mean()), float(skin[:, 2].mean())
    middle = (points[list(mesh.EYE_LEFT), :2].mean(0) + points[list(mesh.EYE_RIGHT), :2].mean(0)) / 2
    sharp, steady = sharpness(luma, inner)
    gap = np.linalg.norm(points[mesh.LIP_UPPER, :2] - points[mesh.LIP_LOWER, :2])
    cheeks = [_patch(luma, points[number]) for number in (mesh.CHEEK_LEFT, mesh.CHEEK_RIGHT)]
    columns = np.broadcast_to(np.arange(luma.shape[1]), luma.shape)
    halves = [float(luma[inner & side].mean()) for side in (columns < middle[0], columns >= middle[0])]
    return {
        "eye_opening": 100 * min(eye.opening for eye in eyes),
        "mouth_gap": 100 * float(gap / np.linalg.norm(points[mesh.CHIN, :2] - middle)),
        "eye_glare": 100 * max(_glare(portrait, points, corners) for corners in (mesh.EYE_LEFT, mesh.EYE_RIGHT)),
        "red_eye": _redness(lab, points, eyes),
        "sharpness": 100 * sharp,
        "steadiness": 100 * steady,
        "face_luma": 100 * float(np.percentile(values, 95)) / 255,
        "overexposed": 100 * float((values >= 247).mean()),  # noqa: PLR2004 - 29794-5's over-exposed luma
        "cheek_difference": 100 * _difference(cheeks),
        "half_difference": 100 * _difference(halves),
        "chroma": float(np.hypot(a, b)),
        "skin_a": a,
        "skin_b": b,
    }


def judge(measures: Mapping[str, float]) -> Iterator[Problem]:
    """Yield every finding on the measures; a code may come more than once."""
    yield from (problem for limit in LIMITS if (problem := limit.judge(measures)) is not None)
    if "skin_a" in measures:
        yield from _light(measures)
        yield from _colour(measures)


def _light(measures: Mapping[str, float]) -> Iterator[Problem]:
    cheek, half = measures["cheek_difference"], measures["half_difference"]
    worst = max(cheek, half)
    if worst > _UNEVEN_MUCH or min(cheek, half) > _UNEVEN_BOTH:
        limit = _UNEVEN_MUCH if worst > _UNEVEN_MUCH else _UNEVEN_BOTH
        yield Problem("photo.uneven_light", Severity.REFUSE, round(worst), limit)
    elif worst > _UNEVEN_ONE:
        yield warn("photo.uneven_light", round(worst), _UNEVEN_ONE)


def _colour(measures: Mapping[str, float]) -> Iterator[Problem]:
    a, b = measures["skin_a"], measures["skin_b"]
    if measures["chroma"] < _GREY:
        return  # refused as grey; the colour of no colour says nothing more
    if a < _SEPIA_A and b > _SEPIA_B:
        yield warn("photo.grey", round(measures["chroma"], 1))
    elif not (_CAST_A[0] <= a <= _CAST_A[1]):
        yield warn("photo.colour_cast", round(a), _CAST_A[0] if a < _CAST_A[0] else _CAST_A[1])
    elif not (_CAST_B[0] <= b <= _CAST_B[1]):
        yield warn("photo.colour_cast", round(b), _CAST_B[0] if b < _CAST_B[0] else _CAST_B[1])


def sharpness(luma: Plane, where: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the least of four directions' fine contrast over its middle contrast, and over the strongest's.

    Fine is finer than sigma 0.8, middle 0.8 to 2.4. The first ratio shows a lens out of focus or an enlarged picture
    whatever the contrast; the second, how far the camera moved.
    """
    rows, columns = np.nonzero(where)
    if not rows.size:
        return 0.0, 0.0
    part = (slice(max(0, rows.min() - 7), rows.max() + 8), slice(max(0, columns.min() - 7), columns.max() + 8))
    luma, where = np.ascontiguousarray(luma[part]), where[part]
    ratios, strengths = [], []
    for angle in range(0, 180, 45):
        fine, middle = (cv2.filter2D(luma, -1, _line(sigma, angle)) for sigma in (0.8, 2.4))
        strengths.append(max(0.0, float((luma - fine)[where].var()) - _ROUNDING) ** 0.5)
        ratios.append(strengths[-1] / max(float((fine - middle)[where].std()), 1e-3))
    return min(ratios), min(strengths) / max(*strengths, 1e-3)


def _line(sigma: float, angle: int) -> Plane:
    """Return a Gaussian along one direction as a square kernel, three sigmas to either side."""
    diagonal = angle % 90 != 0
    reach = math.ceil(3 * sigma)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-((steps * (np.sqrt(2) if diagonal else 1)) ** 2) / (2 * sigma**2))
    kernel = np.zeros((len(steps), len(steps)), np.float32)
    rows = {0: np.zeros_like(steps), 45: steps, 90: steps, 135: -steps}[angle]
    columns = np.zeros_like(steps) if angle == 90 else steps  # noqa: PLR2004 - upright
    kernel[reach + rows, reach + columns] = weights / weights.sum()
    return kernel


def _filled(outline: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask > 0


def _patch(luma: Plane, point: Points, half: int = 14) -> float:
    """Return the mean around a mesh point."""
    x, y = round(float(point[0])), round(float(point[1]))
    part = luma[max(0, y - half) : y + half, max(0, x - half) : x + half]
    return float(part.mean()) if part.size else 0.0


def _difference(two: list[float]) -> float:
    return abs(two[0] - two[1]) / max(*two, 1.0)


def _glare(portrait: Pixels, points: Points, corners: tuple[int, int]) -> float:
    """Return the share of blown-out pixels in a box around one eye, as wide as a spectacle lens."""
    ends = points[list(corners), :2]
    x, y = ends.mean(0)
    reach = float(np.linalg.norm(ends[0] - ends[1])) * 0.8
    rows = slice(max(0, int(y - reach * 0.6)), max(1, int(y + reach * 0.6)))
    part = portrait[rows, max(0, int(x - reach)) : max(1, int(x + reach))]
    return float((part.min(2) >= 235).mean()) if part.size else 0.0  # noqa: PLR2004 - reflections are near white


def _redness(lab: NDArray[np.float32], points: Points, eyes: tuple[Eye, Eye]) -> float:
    """Return how much redder the redder pupil is than the skin of the nose, in Lab a."""
    nose = float(_disc(lab, points[mesh.NOSE_TIP, :2], 6.0)[:, 1].mean())
    return (
        max(float(np.median(_disc(lab, np.asarray(eye.iris), max(1.5, eye.iris_radius * 0.5))[:, 1])) for eye in eyes)
        - nose
    )


def _disc(lab: NDArray[np.float32], centre: Points, radius: float) -> NDArray[np.float32]:
    """Return the pixels around a point, at least one, (n, 3)."""
    height, width = lab.shape[:2]
    x, y = float(np.clip(centre[0], 0, width - 1)), float(np.clip(centre[1], 0, height - 1))
    rows, columns = np.ogrid[:height, :width]
    near = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    near[round(y), round(x)] = True
    return lab[near]
