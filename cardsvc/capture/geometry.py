"""Where the head goes: GA 461-2004's figures, with a few pixels of margin inside every limit."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from cardsvc.capture.face import Face
from cardsvc.capture.nets import Floats, Image
from cardsvc.domain.profiles import PhotoRules

MARGIN: Final = 3.0  # pixels inside each limit: re-measured figures differ from planned ones by up to two
_HAIR_TARGET: Final = 14.0
_CANVAS: Final = (466, 552)  # segmentation canvas, wide x high
_CANVAS_EYE_Y: Final = 300.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A similarity from the source picture to a frame of pixels."""

    matrix: Floats  # 2 x 3
    scale: float  # frame pixels per source pixel
    width: int
    height: int

    def points(self, xy: Floats) -> Floats:
        """Return source points (N x 2) in the frame."""
        moved: Floats = (np.c_[xy, np.ones(len(xy), np.float32)] @ self.matrix.T).astype(np.float32)
        return moved

    def warp(self, picture: Image, *, border: int = cv2.BORDER_REPLICATE) -> Image:
        """Return the picture seen through the frame: one resampling from the source."""
        source, matrix = picture, self.matrix
        while np.hypot(matrix[0, 0], matrix[0, 1]) < 0.5:  # noqa: PLR2004 - half by half, or detail turns to noise
            source = cv2.resize(source, (source.shape[1] // 2, source.shape[0] // 2), interpolation=cv2.INTER_AREA)
            matrix = matrix @ np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]], np.float32)
        flags = cv2.INTER_CUBIC if source.ndim == 3 else cv2.INTER_LINEAR  # noqa: PLR2004 - colour or mask
        return cv2.warpAffine(source, matrix, (self.width, self.height), flags=flags, borderMode=border)

    def outside(self, picture: Image) -> float:
        """Return the share of the frame that lies outside the picture."""
        seen = cv2.warpAffine(
            np.full(picture.shape[:2], 255, np.uint8),
            self.matrix,
            (self.width, self.height),
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return float((seen == 0).mean())


def canvas(face: Face, rules: PhotoRules) -> Frame:
    """Return the frame on which the person is segmented: eyes level, face at its nominal width."""
    return _frame(face, _nominal(rules) / face.width, (_CANVAS[0] / 2, _CANVAS_EYE_Y), _CANVAS)


def hair_above_eyes(alpha: Floats, *, eye_x: float = _CANVAS[0] / 2) -> float:
    """Return how far the hair reaches above the eye line on the canvas, pixels."""
    middle = alpha[:, max(0, int(eye_x) - 80) : int(eye_x) + 80]
    rows = np.flatnonzero((middle > 0.5).sum(1) > 10)  # noqa: PLR2004 - a row of hair, not a stray strand
    return _CANVAS_EYE_Y - float(rows[0]) if len(rows) else 0.0


def portrait(face: Face, hair: float, rules: PhotoRules) -> tuple[Frame, float]:
    """Return the portrait's frame and the hair top it will have; the eye line wins where the two clash."""
    lowest_eye = rules.height - rules.eye_line_min - MARGIN
    room = lowest_eye - _HAIR_TARGET
    smallest = (rules.face_width[0] + MARGIN) / _nominal(rules)
    zoom = 1.0 if hair <= room else max(smallest, room / hair)
    eye_y = min(lowest_eye, _HAIR_TARGET + hair * zoom)
    size = (rules.width, rules.height)
    frame = _frame(face, zoom * _nominal(rules) / face.width, (rules.width / 2, eye_y), size)
    return frame, eye_y - hair * zoom


def wrong_in(face: Face, rules: PhotoRules) -> dict[str, tuple[float, float]]:
    """Return what of a finished portrait's face breaks the rules: name → (measured, limit)."""
    low, high = rules.face_width
    eyes_above_edge = rules.height - float(face.eyes[1])
    off_centre = abs(float(face.eyes[0]) - rules.width / 2)
    checks = {
        "face_width": (face.width, low if face.width < low else high, low <= face.width <= high),
        "eye_line": (eyes_above_edge, rules.eye_line_min, eyes_above_edge >= rules.eye_line_min),
        "centre": (off_centre, rules.centre_tolerance, off_centre <= rules.centre_tolerance),
        "roll": (abs(face.roll), 2.0, abs(face.roll) <= 2.0),  # noqa: PLR2004 - degrees
    }
    return {name: (float(value), float(limit)) for name, (value, limit, right) in checks.items() if not right}


def _nominal(rules: PhotoRules) -> float:
    return sum(rules.face_width) / 2


def _frame(face: Face, scale: float, eyes_at: tuple[float, float], size: tuple[int, int]) -> Frame:
    axis = face.axis * scale
    turn = np.array([[axis[0], axis[1]], [-axis[1], axis[0]]], np.float32)
    middle = face.eyes
    shift = np.array(eyes_at, np.float32) - turn @ middle
    return Frame(np.c_[turn, shift].astype(np.float32), scale, size[0], size[1])
