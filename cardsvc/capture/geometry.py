"""Where the head goes: level eyes, face width, hair and eye line of GA 461-2004, and one resampling to get there.

A 2x3 matrix maps pixels of the decoded picture (x right, y down) to pixels of the portrait. Segmentation looks
at a canvas a little larger than the portrait, so that tall hair and the placing have room.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cardsvc.capture.face import Face, Points
from cardsvc.capture.nets import Pixels, Plane
from cardsvc.domain.profiles import PhotoRules

MARGIN: Final = 3  # pixels kept inside every limit: detection repeats itself to within about two
CANVAS_SHARE: Final = 1.3  # canvas over portrait, each way
_LEAST_TALL: Final = 0.4  # eyes to hair top over face width
_ROOM_ABOVE: Final = 24  # canvas rows above the portrait whose eyes are at their lowest; the rest is below
_HAIR_ALPHA: Final = 0.5  # a pixel this opaque is hair
_HAIR_PIXELS: Final = 10  # so many of them in a row make the hair's top
HAIR_REACH: Final = 80  # looked for this far to either side of the eyes' middle, at face width 207


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture size and the way into it."""

    matrix: Points  # (2, 3), decoded picture to frame
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Return frame pixels per decoded pixel."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def points(self, points: Points) -> Points:
        """Return mesh points (n, 3) in the frame; depth is scaled alike."""
        flat = points[:, :2] @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.column_stack([flat, points[:, 2] * self.scale])

    def rows_to(self, other: "Frame") -> float:
        """Return how many rows further down ``other`` shows the same thing."""
        return float(other.matrix[1, 2] - self.matrix[1, 2])

    def lowered(self, rows: int) -> "Frame":
        """Return the frame that shows everything so many rows further down."""
        matrix = self.matrix.copy()
        matrix[1, 2] += rows
        return Frame(matrix, self.width, self.height)

    def moved(self, zoom: float, about: tuple[float, float], to: tuple[float, float], rules: PhotoRules) -> "Frame":
        """Return the portrait's frame in which this frame's point ``about`` lies at ``to``, zoomed."""
        matrix = self.matrix * zoom
        matrix[:, 2] += np.asarray(to) - np.asarray(about) * zoom
        return Frame(matrix, rules.width, rules.height)


def canvas_frame(face: Face, rules: PhotoRules, widen: float = 1.0) -> Frame:
    """Return the canvas: eyes level, face at the middle of its allowed width times ``widen``, eyes low enough."""
    width, height = round(rules.width * CANVAS_SHARE), round(rules.height * CANVAS_SHARE)
    left, right = face.eyes
    middle = (left + right) / 2
    scale = widen * sum(rules.face_width) / 2 / face.width
    angle = np.radians(-face.roll)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    spin = np.array([[cos, -sin], [sin, cos]])
    target = np.array([width / 2, lowest_eye_row(rules) + _ROOM_ABOVE])
    return Frame(np.column_stack([spin, target - spin @ middle]), width, height)


def lowest_eye_row(rules: PhotoRules) -> int:
    """Return the lowest row the eye line may lie on, a margin inside the limit."""
    return rules.height - rules.eye_line_min - MARGIN


def place(canvas: Frame, eye: tuple[float, float], hair_row: float, rules: PhotoRules) -> Frame:
    """Return the portrait's frame for eyes and hair top found on the canvas.

    The hair is put in the middle of its allowance. Where it is too tall for that, the face is made as narrow as
    it may be; where that is not enough the eye line wins and hair is cut, as the standard says.
    """
    # A cut-off or unseen head has no hair top; the brow is never nearer to the eyes than this.
    tall = max(eye[1] - hair_row, _LEAST_TALL * sum(rules.face_width) / 2)
    hair_target = sum(rules.hair_top) / 2
    room = lowest_eye_row(rules) - hair_target
    zoom = 1.0
    if tall > room + hair_target - rules.hair_top[0] - MARGIN:
        middle = sum(rules.face_width) / 2
        zoom = max((rules.face_width[0] + MARGIN) / middle, room / tall)
    row = min(float(lowest_eye_row(rules)), hair_target + tall * zoom)
    return canvas.moved(zoom, eye, (rules.width / 2, row), rules)


def cut_out(picture: Pixels, frame: Frame) -> Pixels:
    """Return the frame's pixels from the picture, resampled once; beyond the picture its edge is repeated."""
    matrix = frame.matrix.copy()
    back = cv2.invertAffineTransform(matrix)
    corners = _corners(frame.width, frame.height) @ back[:, :2].T + back[:, 2]
    low = np.clip(np.floor(corners.min(0)) - 8, 0, None).astype(int)
    high = np.ceil(corners.max(0)).astype(int) + 8
    part: NDArray[Any] = picture[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    if not part.size:
        return np.zeros((frame.height, frame.width, 3), np.uint8)
    matrix[:, 2] += matrix[:, :2] @ low
    shrink = int(1 / frame.scale)
    if shrink >= 2:  # noqa: PLR2004 - averaging whole blocks first keeps fine detail from turning into patterns
        rows, columns = (part.shape[0] // shrink) * shrink, (part.shape[1] // shrink) * shrink
        if rows and columns:
            part = cv2.resize(part[:rows, :columns], (columns // shrink, rows // shrink), interpolation=cv2.INTER_AREA)
            matrix[:, 2] += matrix[:, :2] @ np.full(2, (shrink - 1) / 2)  # centres of the blocks
            matrix[:, :2] *= shrink
    size = (frame.width, frame.height)
    flags = cv2.INTER_CUBIC if frame.scale * shrink > 0.8 else cv2.INTER_LINEAR  # noqa: PLR2004 - cubic rings when shrinking
    return np.asarray(cv2.warpAffine(part, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def covered(picture: Pixels, frame: Frame) -> NDArray[np.bool_]:
    """Return which of the frame's pixels come from inside the picture, (height, width)."""
    height, width = picture.shape[:2]
    inside = _corners(width, height) @ frame.matrix[:, :2].T + frame.matrix[:, 2]
    mask = np.zeros((frame.height, frame.width), np.uint8)
    cv2.fillConvexPoly(mask, np.round(inside).astype(np.int32), 1)
    return mask > 0


def hair_top(alpha: Plane, middle: float, reach: float = HAIR_REACH) -> float:
    """Return the row of the hair's top beside column ``middle``, the height where there is nobody."""
    low, high = max(0, int(middle - reach)), int(middle + reach) + 1
    rows = (alpha[:, low:high] > _HAIR_ALPHA).sum(1) > _HAIR_PIXELS
    return float(np.argmax(rows)) if rows.any() else float(alpha.shape[0])


def _corners(width: int, height: int) -> Points:
    return np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
