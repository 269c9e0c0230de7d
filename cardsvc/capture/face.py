"""Find faces, and measure the main one: 468 mesh points, head turn, and how far each eye is open.

Points are in pixels of the picture given, x to the right, y down; "left" and "right" are as seen in the picture.
Numbers of mesh points are those of MediaPipe's canonical face model.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cardsvc.capture import nets
from cardsvc.capture.nets import Pixels
from cardsvc.domain.profiles import PhotoRules

Points = NDArray[np.float64]  # (n, 2) or (n, 3)

_SCORE: Final = 0.6
_OVERLAP: Final = 0.3  # of the smaller box: two boxes sharing more are one face
_PRESENT: Final = 0.5
_LONG: Final = (0.6, 2.5)  # forehead to chin over face width: outside, the mesh is no face's
_SEARCH_SIDE: Final = 512
_MESH_SIDE: Final = 192
_MESH_MARGIN: Final = 1.5  # the mesh was trained on the face box widened by half
_EYE_SIDE: Final = 64
_EYE_MARGIN: Final = 2.3  # likewise: eye width times this

EYE_LEFT: Final = (33, 133)  # outer, inner corner
EYE_RIGHT: Final = (263, 362)
EAR_LEFT, EAR_RIGHT = 234, 454  # where the ear joins the face
FOREHEAD, CHIN, NOSE_TIP = 10, 152, 1
LIP_UPPER, LIP_LOWER = 13, 14  # inner edges
CHEEK_LEFT, CHEEK_RIGHT = 50, 280
# fmt: off
OVAL: Final = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
               148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
# fmt: on
# iris_landmark's contour: corner 0, lower lid 1-7, corner 8, upper lid 9-14 beginning beside corner 0
_LOWER_LID: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8)
_UPPER_LID: Final = (0, 9, 10, 11, 12, 13, 14, 8)


@dataclass(frozen=True, slots=True)
class Box:
    """One detection, in pixels: centre, side, in-plane turn in radians, and the network's score."""

    x: float
    y: float
    side: float
    turn: float
    score: float


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye as the iris network sees it."""

    opening: float  # widest lid gap over eye width
    iris: tuple[float, float]
    iris_radius: float


@dataclass(frozen=True, slots=True)
class Face:
    """The mesh of one face."""

    points: Points  # (468, 3); z is depth in the same unit, smaller is nearer

    @property
    def eyes(self) -> tuple[Points, Points]:
        """Return the middle of the left and of the right eye, from their corners."""
        return self.points[list(EYE_LEFT), :2].mean(0), self.points[list(EYE_RIGHT), :2].mean(0)

    @property
    def roll(self) -> float:
        """Return how far the eye line is turned, in degrees, positive where the right eye is lower."""
        left, right = self.eyes
        return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))

    @property
    def width(self) -> float:
        """Return the ear-root to ear-root distance along the eye line (GA 461's face width)."""
        left, right = self.eyes
        axis = (right - left) / np.linalg.norm(right - left)
        return float(abs((self.points[EAR_RIGHT, :2] - self.points[EAR_LEFT, :2]) @ axis))

    @property
    def turn(self) -> tuple[float, float]:
        """Return yaw and pitch in degrees, from the depth between the ears and between forehead and chin."""
        angle = np.radians(-self.roll)
        spin = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        across = spin @ (self.points[EAR_RIGHT] - self.points[EAR_LEFT])
        down = spin @ (self.points[CHIN] - self.points[FOREHEAD])
        yaw = np.degrees(np.arctan2(across[2], across[0]))
        pitch = np.degrees(np.arctan2(down[2], down[1]))
        return float(yaw), float(pitch)


def find_faces(picture: Pixels) -> list[Box]:
    """Return every face, the largest first."""
    small = picture
    while max(small.shape) > 2 * _SEARCH_SIDE:  # halving is many times faster than averaging odd sizes
        small = np.asarray(cv2.resize(small, _size(small, 0.5)), np.uint8)
    scale = min(1.0, _SEARCH_SIDE / max(small.shape))
    if scale < 1:
        small = np.asarray(cv2.resize(small, _size(small, scale), interpolation=cv2.INTER_AREA), np.uint8)
    found = _detect(small, "face_detection_short_range", 128) + _detect(small, "face_detection_full_range", 192)
    kept: list[Box] = []
    for box in sorted(found, key=lambda one: -one.score):
        if all(_shared(box, other) < _OVERLAP for other in kept):
            kept.append(box)
    ratio = max(picture.shape) / max(small.shape)
    return sorted(
        (Box(box.x * ratio, box.y * ratio, box.side * ratio, box.turn, box.score) for box in kept),
        key=lambda box: -box.side,
    )


def _size(picture: Pixels, scale: float) -> tuple[int, int]:
    """Return the scaled width and height, at least one pixel: strips come in too."""
    return max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))


def expected_box(rules: PhotoRules) -> Box:
    """Return where a finished portrait has its face."""
    width = sum(rules.face_width) / 2
    return Box(rules.width / 2, float(rules.height - rules.eye_line_min), width * 1.15, 0.0, 1.0)


def read_face(picture: Pixels, box: Box) -> Face | None:
    """Return the mesh at a detection, or None where the network sees no face there."""
    x, y, side, turn = box.x, box.y, box.side * _MESH_MARGIN, box.turn
    points: Points = np.empty((0, 3))
    for _ in range(2):  # the second look is cut out by the first one's points, as MediaPipe's tracking does
        cut, back = _cut(picture, (x, y), side, turn, _MESH_SIDE)
        presence, flat = nets.run("face_landmark", cut)
        if 1 / (1 + np.exp(-float(presence.ravel()[0]))) < _PRESENT:
            return None
        mesh = flat.reshape(468, 3).astype(np.float64)
        points = np.column_stack([_apply(back, mesh[:, :2]), mesh[:, 2] * side / _MESH_SIDE])
        face = Face(points)
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        x, y = (low + high) / 2
        turn = np.radians(face.roll)
        side = float(max(high - low)) * _MESH_MARGIN
    face = Face(points)
    length = float(np.linalg.norm(points[CHIN, :2] - points[FOREHEAD, :2]))
    return face if _LONG[0] * face.width < length < _LONG[1] * face.width else None


def read_eyes(picture: Pixels, face: Face) -> tuple[Eye, Eye]:
    """Return the left and the right eye."""
    turn = np.radians(face.roll)
    return _eye(picture, face.points, EYE_LEFT, turn, mirror=True), _eye(picture, face.points, EYE_RIGHT, turn)


def _eye(picture: Pixels, points: Points, corners: tuple[int, int], turn: float, *, mirror: bool = False) -> Eye:
    ends = points[list(corners), :2]
    width = float(np.linalg.norm(ends[0] - ends[1]))
    centre = ends.mean(0)
    cut, back = _cut(picture, (centre[0], centre[1]), width * _EYE_MARGIN, turn, _EYE_SIDE)
    if mirror:  # the network knows the person's left eye only
        cut = np.ascontiguousarray(cut[:, ::-1])
    contour, iris = (output.reshape(-1, 3)[:, :2].astype(np.float64) for output in nets.run("iris_landmark", cut))
    grid = np.linspace(contour[:9, 0].min(), contour[:9, 0].max(), 33)[8:25]  # the middle half of the eye
    gap = max(_lid(contour, _LOWER_LID, grid) - _lid(contour, _UPPER_LID, grid))
    opening = max(0.0, float(gap)) / max(float(np.linalg.norm(contour[0] - contour[8])), 1e-6)
    if mirror:
        iris[:, 0] = _EYE_SIDE - iris[:, 0]
    place = _apply(back, iris)
    radius = float(np.mean(np.linalg.norm(place[1:] - place[0], axis=1)))
    return Eye(opening, (float(place[0, 0]), float(place[0, 1])), radius)


def _lid(contour: Points, numbers: tuple[int, ...], grid: Points) -> Points:
    """Return the lid's height over ``grid``."""
    line = contour[list(numbers)]
    line = line[np.argsort(line[:, 0])]
    return np.interp(grid, line[:, 0], line[:, 1])


def _detect(picture: Pixels, name: str, side: int) -> list[Box]:
    """Return one detector's boxes on a picture it sees letter-boxed."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    matrix = np.array([[scale, 0, (side - width * scale) / 2], [0, scale, (side - height * scale) / 2]])
    canvas = cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_AREA)
    logits, shapes = nets.run(name, np.asarray(canvas, np.uint8))
    scores = 1 / (1 + np.exp(-np.clip(logits.ravel(), -80, 80)))
    anchors = _anchors(side)
    boxes = []
    for number in np.flatnonzero(scores >= _SCORE):
        shape = shapes.reshape(len(anchors), 16)[number]
        centre = (anchors[number] * side + shape[:2] - matrix[:, 2]) / scale
        eyes = shape[4:8]
        turn = float(np.arctan2(eyes[3] - eyes[1], eyes[2] - eyes[0]))
        boxes.append(Box(centre[0], centre[1], float(max(shape[2:4])) / scale, turn, float(scores[number])))
    return boxes


def _anchors(side: int) -> Points:
    """Return the anchors' centres in shares of the side: BlazeFace's fixed grids, all anchors of size one."""
    grids = ((16, 2), (8, 6)) if side == 128 else ((48, 1),)  # noqa: PLR2004 - the short-range network
    parts = []
    for cells, repeats in grids:
        axis = (np.arange(cells) + 0.5) / cells
        xs, ys = np.meshgrid(axis, axis)
        parts.append(np.repeat(np.column_stack([xs.ravel(), ys.ravel()]), repeats, axis=0))
    return np.concatenate(parts)


def _shared(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over the smaller one's area."""
    reach = (one.side + other.side) / 2
    across = min(reach - abs(one.x - other.x), one.side, other.side)
    down = min(reach - abs(one.y - other.y), one.side, other.side)
    return max(0.0, across) * max(0.0, down) / max(1e-6, min(one.side, other.side) ** 2)


def _cut(picture: Pixels, centre: tuple[float, float], side: float, turn: float, pixels: int) -> tuple[Pixels, Points]:
    """Return a turned square as ``pixels`` x ``pixels``, and the 2x3 matrix from it back to the picture."""
    scale = side / pixels
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    half = pixels / 2
    back = np.array([[cos, -sin, centre[0] - cos * half + sin * half], [sin, cos, centre[1] - sin * half - cos * half]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shrink = int(scale // 2) if scale >= 4 else 1  # noqa: PLR2004 - bilinear alone would skip pixels
    if shrink > 1:
        small = cv2.resize(picture, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.warpAffine(small, back / shrink, (pixels, pixels), flags=flags), np.uint8), back
    return np.asarray(cv2.warpAffine(picture, back, (pixels, pixels), flags=flags), np.uint8), back


def _apply(matrix: Points, points: Points) -> Points:
    """Return points (n, 2) moved by a 2x3 matrix."""
    return points @ matrix[:, :2].T + matrix[:, 2]
