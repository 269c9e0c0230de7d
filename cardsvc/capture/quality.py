"""Measuring a photo at the size it will be printed, and what the figures mean.

Every threshold stands in ``LIMITS``, once, with where it comes from: [R] the calibration of 18 good photographs by 40
degradations each (docs/photo.md), [G] GA 461-2004.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from cardsvc.capture import face as faces
from cardsvc.capture.background import to_lab
from cardsvc.capture.face import Face
from cardsvc.capture.nets import Floats, Image


class Severity(StrEnum):
    """Whether a photo can still be used."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; its sentences are ``words[code]``."""

    code: str
    severity: Severity
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on a measure is a warning, and from where on a refusal; None: never."""

    code: str
    warn: float | None
    refuse: float | None
    over: bool  # True: too much is bad; False: too little is


LIMITS: Final = {
    "other_face": Limit("photo.several_faces", 0.02, 0.15, over=True),  # area of the second over the first [R]
    "face_px": Limit("photo.too_small", 180, 130, over=False),  # source face width [R]
    "outside": Limit("photo.cropped", 0.02, 0.08, over=True),  # share of the frame outside the source [R]
    "sharpness": Limit("photo.blurred", 0.28, 0.22, over=False),  # sharp 0.33-0.51, Gauss 1.0 0.22-0.25 [R]
    # The ratio above grows again under heavy blur, where noise is all that is left; this one only falls.
    "detail": Limit("photo.blurred", 0.38, 0.30, over=False),  # sharp 0.50, Gauss 2 0.32-0.35, 3 0.26-0.28
    "bright_95": Limit("photo.dark", 0.50, 0.36, over=False),  # 95th percentile of face luminance [R]
    "burnt": Limit("photo.bright", 0.03, 0.15, over=True),  # share of the face at or above 247 [R]
    "yaw": Limit("photo.not_frontal", 10, 15, over=True),  # degrees [R]
    "pitch": Limit("photo.not_frontal", 14, 20, over=True),  # degrees, after the mesh's 9-degree bias [R]
    "roll": Limit("photo.not_frontal", 13, 20, over=True),  # degrees; corrected up to the refusal [R]
    "eyes_open": Limit("photo.eyes_closed", 0.24, 0.15, over=False),  # lid opening over eye width [R]
    "mouth": Limit("photo.mouth_open", 0.09, None, over=True),  # inner lip gap over eye-chin [R]
    "uneven": Limit("photo.uneven_light", 0.30, 0.50, over=True),  # of the two cheeks or halves, the worse [R]
    "glare": Limit("photo.glare", 0.04, 0.12, over=True),  # share of the eye boxes burnt out [R]
    "chroma": Limit("photo.grey", None, 4.0, over=False),  # mean Lab chroma of the face [R]
    "bystander": Limit("photo.bystander", 0.10, None, over=True),  # share of person mask beside the head [R]
}
_CAST: Final = {"a": (3.0, 30.0), "b": (2.0, 38.0)}  # mean Lab of a face outside these is a colour cast [R]
_PITCH_BIAS: Final = 9.0


def judge(measures: dict[str, float]) -> list[Problem]:
    """Return a problem for each measure beyond its limit, the worst of one code only."""
    worst: dict[str, Problem] = {}
    for name, value in measures.items():
        limit = LIMITS.get(name)
        if limit is None:
            continue
        for severity, bound in ((Severity.REFUSE, limit.refuse), (Severity.WARN, limit.warn)):
            if bound is not None and (value > bound if limit.over else value < bound):
                known = worst.get(limit.code)
                if known is None or (known.severity is Severity.WARN and severity is Severity.REFUSE):
                    worst[limit.code] = Problem(limit.code, severity, round(value, 3), bound)
                break
    for axis, (low, high) in _CAST.items():
        value = measures.get(f"lab_{axis}", low)
        if not low <= value <= high and "photo.grey" not in worst:
            bound = low if value < low else high
            worst["photo.colour_cast"] = Problem("photo.colour_cast", Severity.WARN, round(value, 1), bound)
    return list(worst.values())


def pose(face: Face) -> dict[str, float]:
    """Return yaw, pitch and roll in degrees, unsigned."""
    points = face.points
    across = points[faces.EAR_LEFT] - points[faces.EAR_RIGHT]
    down = points[faces.CHIN] - points[faces.FOREHEAD]
    yaw = np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))
    pitch = np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1]))) - _PITCH_BIAS
    return {"yaw": abs(float(yaw)), "pitch": abs(float(pitch)), "roll": abs(face.roll)}


def of_skin(rgb: Image, points: Floats) -> dict[str, float]:
    """Return light, colour and sharpness of the face in a portrait; ``points`` is 468 x 2 in its pixels."""
    oval = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(oval, [np.round(points[list(faces.OVAL)]).astype(np.int32)], 1)
    inside = cv2.erode(oval, np.ones((9, 9), np.uint8)) > 0
    if not inside.any():
        return {}
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    lab = to_lab(rgb)[inside]
    luminance = grey[inside]
    return {
        "sharpness": _sharpness(grey.astype(np.float32), inside),
        "detail": _detail(grey.astype(np.float32), inside),
        "bright_95": float(np.percentile(luminance, 95)) / 255.0,
        "burnt": float((luminance >= 247).mean()),  # noqa: PLR2004 - burnt out
        "uneven": _uneven(grey, points, inside),
        "glare": _glare(rgb, points),
        "chroma": float(np.hypot(lab[:, 1], lab[:, 2]).mean()),
        "lab_a": float(lab[:, 1].mean()),
        "lab_b": float(lab[:, 2].mean()),
    }


def mouth_gap(face: Face) -> float:
    """Return the inner lips' gap over the distance from eyes to chin."""
    gap = np.hypot(*(face.at(faces.LIP_BOTTOM) - face.at(faces.LIP_TOP)))
    return float(gap) / max(face.eye_to_chin, 1e-6)


def beside(alpha: Floats, eye_x: float, eye_y: float, face_width: float) -> float:
    """Return the share of person mask above the eye line and further than 0.92 face widths from the middle."""
    top = alpha[: max(1, int(eye_y))] > 0.5  # noqa: PLR2004 - the edge
    columns = np.abs(np.arange(alpha.shape[1]) - eye_x) > 0.92 * face_width
    return float(top[:, columns].mean()) if columns.any() else 0.0


def _sharpness(grey: Floats, inside: Floats) -> float:
    """Detail over form, the least of four directions: a shake blurs one of them only."""
    ratios = []
    for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1)):
        fine, coarse = (cv2.filter2D(grey, -1, _line(sigma, dx, dy)) for sigma in (0.8, 2.4))
        detail, form = (grey - fine)[inside], (fine - coarse)[inside]
        ratios.append(float(detail.std()) / max(float(form.std()), 1e-6))
    return min(ratios)


def _detail(grey: Floats, inside: Floats) -> float:
    """Pores and lashes over features: the band between sigma 0.8 and 2.4 over that between 2.4 and 8."""
    fine, middle, coarse = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (0.8, 2.4, 8.0))
    return float((fine - middle)[inside].std()) / max(float((middle - coarse)[inside].std()), 1e-6)


def _line(sigma: float, dx: int, dy: int) -> Floats:
    reach = 8
    step = float(np.hypot(dx, dy))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for index in range(-reach, reach + 1):
        kernel[reach + index * dy, reach + index * dx] = np.exp(-((index * step) ** 2) / (2 * sigma * sigma))
    return np.asarray(kernel / kernel.sum())


def _uneven(grey: Image, points: Floats, inside: Floats) -> float:
    side = max(4, int(0.15 * np.hypot(*(points[263] - points[33]))))
    cheeks = []
    for index in (50, 280):
        x, y = np.round(points[index]).astype(int)
        patch = grey[max(0, y - side) : y + side, max(0, x - side) : x + side]
        cheeks.append(float(patch.mean()) if patch.size else 0.0)
    middle = points[[faces.EAR_RIGHT, faces.EAR_LEFT], 0].mean()
    columns = np.arange(grey.shape[1])[None, :] < middle
    halves = [float(grey[inside & part].mean()) for part in (columns, ~columns) if (inside & part).any()]
    return max(_apart(cheeks), _apart(halves))


def _apart(pair: list[float]) -> float:
    return abs(pair[0] - pair[1]) / max(*pair, 1.0) if len(pair) == 2 else 0.0  # noqa: PLR2004 - two sides


def _glare(rgb: Image, points: Floats) -> float:
    worst = 0.0
    for outer, inner in (faces.EYE_RIGHT, faces.EYE_LEFT):
        centre = (points[outer] + points[inner]) / 2
        reach = float(np.hypot(*(points[outer] - points[inner])))
        x, y = np.round(centre).astype(int)
        box = rgb[max(0, y - int(reach / 2)) : y + int(reach / 2), max(0, x - int(reach)) : x + int(reach)]
        if box.size:
            worst = max(worst, float((box.min(-1) >= 235).mean()))  # noqa: PLR2004 - burnt to white
    return worst
