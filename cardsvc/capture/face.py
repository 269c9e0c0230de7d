"""Finding faces and their points: BlazeFace short and full range, then the 468-point mesh, then the irises."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np

from cardsvc.capture import nets
from cardsvc.capture.nets import Floats, Image

_DETECT_SIDE: Final = 512  # detection runs on a copy no larger than this
_SCORE: Final = 0.6
_OVERLAP: Final = 0.3
_MESH_SIDE: Final = 192
_IRIS_SIDE: Final = 64
_ROI_SCALE: Final = 1.5
_EYE_ROI_SCALE: Final = 2.3
# Points of the mesh: ear roots, eye corners, nose tip, chin, forehead, inner lips, cheeks.
EAR_RIGHT, EAR_LEFT = 234, 454
EYE_RIGHT, EYE_LEFT = (33, 133), (263, 362)
NOSE, CHIN, FOREHEAD = 1, 152, 10
LIP_TOP, LIP_BOTTOM = 13, 14
OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """A detected face in pixels of the picture."""

    x: float
    y: float
    width: float
    height: float
    score: float
    right_eye: tuple[float, float]
    left_eye: tuple[float, float]

    @property
    def area(self) -> float:
        """Square pixels."""
        return float(self.width * self.height)


@dataclass(frozen=True, slots=True)
class Face:
    """A face with its mesh, in pixels of the picture; ``points`` is 468 x 3 (z in the same units)."""

    points: Floats

    def at(self, index: int) -> Floats:
        """Return one point (x, y)."""
        return self.points[index, :2]

    @property
    def right_eye(self) -> Floats:
        """Middle between the corners of the eye on the picture's left."""
        return (self.at(EYE_RIGHT[0]) + self.at(EYE_RIGHT[1])) / 2

    @property
    def left_eye(self) -> Floats:
        """Middle between the corners of the eye on the picture's right."""
        return (self.at(EYE_LEFT[0]) + self.at(EYE_LEFT[1])) / 2

    @property
    def eyes(self) -> Floats:
        """Middle between the eyes."""
        return (self.right_eye + self.left_eye) / 2

    @property
    def axis(self) -> Floats:
        """Unit vector along the eye line."""
        line = self.left_eye - self.right_eye
        return line / max(float(np.hypot(*line)), 1e-6)

    @property
    def roll(self) -> float:
        """Degrees the eye line is turned, clockwise positive."""
        return float(np.degrees(np.arctan2(self.axis[1], self.axis[0])))

    @property
    def width(self) -> float:
        """Face width (脸部宽): ear root to ear root along the eye line, pixels."""
        return abs(float((self.at(EAR_LEFT) - self.at(EAR_RIGHT)) @ self.axis))

    @property
    def eye_distance(self) -> float:
        """Between the eyes' middles, pixels."""
        return float(np.hypot(*(self.left_eye - self.right_eye)))

    @property
    def eye_to_chin(self) -> float:
        """From the eyes' middle to the chin, pixels."""
        return float(np.hypot(*(self.at(CHIN) - self.eyes)))


def detect(rgb: Image) -> list[Box]:
    """Return all faces, the largest first."""
    longer = max(rgb.shape[:2])
    shrink = min(1.0, _DETECT_SIDE / longer)
    small = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else rgb
    found = [
        *_detect_with(nets.SHORT_RANGE, 128, _short_anchors(), small),
        *_detect_with(nets.FULL_RANGE, 192, _full_anchors(), small),
    ]
    kept = _distinct(found)
    grown = [
        Box(
            box.x / shrink,
            box.y / shrink,
            box.width / shrink,
            box.height / shrink,
            box.score,
            (box.right_eye[0] / shrink, box.right_eye[1] / shrink),
            (box.left_eye[0] / shrink, box.left_eye[1] / shrink),
        )
        for box in kept
    ]
    return sorted(grown, key=lambda box: -box.area)


def mesh(rgb: Image, box: Box) -> Face:
    """Return the face in ``box`` with its 468 points; the crop is taken twice, the second time from the points."""
    centre = np.array([box.x + box.width / 2, box.y + box.height / 2])
    side = max(box.width, box.height) * _ROI_SCALE
    angle = float(np.degrees(np.arctan2(box.left_eye[1] - box.right_eye[1], box.left_eye[0] - box.right_eye[0])))
    face = _mesh_in(rgb, centre, side, angle)
    low, high = face.points[:, :2].min(0), face.points[:, :2].max(0)
    return _mesh_in(rgb, (low + high) / 2, float((high - low).max()) * _ROI_SCALE, face.roll)


def eye_openings(rgb: Image, face: Face) -> tuple[float, float]:
    """Return lid opening over eye width of the eyes on the picture's left and right, from the iris net."""
    return _opening(rgb, face, EYE_RIGHT, mirrored=False), _opening(rgb, face, EYE_LEFT, mirrored=True)


def _opening(rgb: Image, face: Face, corners: tuple[int, int], *, mirrored: bool) -> float:
    first, second = face.at(corners[0]), face.at(corners[1])
    side = float(np.hypot(*(second - first))) * _EYE_ROI_SCALE
    crop = _crop(rgb, (first + second) / 2, side, face.roll, _IRIS_SIDE)[0]
    if mirrored:
        crop = np.ascontiguousarray(crop[:, ::-1])
    contour = nets.run(nets.IRIS, crop, low=0.0)[0].reshape(71, 3)[:, :2]
    # Points 0-8 run along the lower lid from corner to corner, 9-14 along the upper one.
    width = float(np.hypot(*(contour[8] - contour[0])))
    upper = (contour[11] + contour[12]) / 2
    return float(np.hypot(*(contour[4] - upper))) / max(width, 1e-6)


def _mesh_in(rgb: Image, centre: Floats, side: float, angle: float) -> Face:
    crop, back = _crop(rgb, centre, side, angle, _MESH_SIDE)
    raw = nets.run(nets.MESH, crop, low=0.0)[0].reshape(468, 3)
    flat = np.c_[raw[:, :2], np.ones(468, np.float32)] @ back.T
    return Face(np.c_[flat, raw[:, 2] * side / _MESH_SIDE].astype(np.float32))


def _crop(rgb: Image, centre: Floats, side: float, angle: float, size: int) -> tuple[Image, Floats]:
    turn = np.radians(angle)
    scale = side / size
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    # From crop to picture: turned by the angle about the middle.
    back = np.array(
        [
            [cos, -sin, centre[0] - (cos - sin) * size / 2],
            [sin, cos, centre[1] - (sin + cos) * size / 2],
        ],
        np.float32,
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(rgb, back, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT), back


def _detect_with(name: str, side: int, anchors: Floats, rgb: Image) -> list[Box]:
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    inner = cv2.resize(rgb, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)
    square = np.zeros((side, side, 3), np.uint8)
    top, left = (side - inner.shape[0]) // 2, (side - inner.shape[1]) // 2
    square[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    boxes, scores = nets.run(name, square, low=-1.0)
    likely = 1 / (1 + np.exp(-np.clip(scores, -80, 80)))
    chosen = np.flatnonzero(likely > _SCORE)
    raw = boxes.reshape(-1, 16)[chosen]
    middle = anchors[chosen] * side
    found = []
    for row, (cx, cy), score in zip(raw, middle, likely[chosen], strict=True):
        x, y = row[0] + cx - left, row[1] + cy - top
        points = [((row[4 + 2 * k] + cx - left) / scale, (row[5 + 2 * k] + cy - top) / scale) for k in range(2)]
        w, h = row[2] / scale, row[3] / scale
        found.append(Box(x / scale - w / 2, y / scale - h / 2, w, h, float(score), points[0], points[1]))
    return found


def _distinct(boxes: list[Box]) -> list[Box]:
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda item: -item.score):
        if all(_overlap(box, other) < _OVERLAP for other in kept):
            kept.append(box)
    return kept


def _overlap(one: Box, two: Box) -> float:
    wide = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
    high = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
    if wide <= 0 or high <= 0:
        return 0.0
    return float(wide * high / max(min(one.area, two.area), 1e-6))  # over the smaller: a face inside a face


@cache
def _short_anchors() -> Floats:
    return np.concatenate([_grid(16, 2), _grid(8, 6)])


@cache
def _full_anchors() -> Floats:
    return _grid(48, 1)


def _grid(cells: int, each: int) -> Floats:
    line = (np.arange(cells, dtype=np.float32) + 0.5) / cells
    y, x = np.meshgrid(line, line, indexing="ij")
    return np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0)
