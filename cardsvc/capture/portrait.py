"""From a decoded picture to the placed portrait: face found, head put where GA 461 wants it, edge cut out."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cardsvc.capture import background, face, geometry
from cardsvc.capture.background import Surround
from cardsvc.capture.decode import DETECTION_SIDE, Picture, decode
from cardsvc.capture.face import Box, Face
from cardsvc.capture.geometry import Frame
from cardsvc.capture.nets import Pixels, Plane
from cardsvc.domain.profiles import PhotoRules

_TIPPED: Final = 20.0  # degrees of pitch
_ON_ITS_SIDE: Final = 45  # degrees of roll from which the whole picture is turned
_SLIDE: Final = 12  # rows by which finished masks may be slid
_SAME_SCALE: Final = 1e-6
_DRIFT: Final = 2.0  # pixels the refined hair top may lie off the one placed by


@dataclass(frozen=True, slots=True)
class Found:
    """The main face in the decoded picture."""

    picture: Picture
    face: Face
    second: float  # area of the second face over the first, 0 where there is none


@dataclass(frozen=True, slots=True)
class Placed:
    """The portrait before its background is replaced; masks are (height, width), 1 = person."""

    frame: Frame
    pixels: Pixels  # sRGB
    lab: NDArray[np.float32]  # the same in Lab
    face: Face  # in the portrait's pixels
    person: Plane
    everybody: Plane
    hair_row: float  # negative where hair is cut
    surround: Surround
    alpha: Plane | None  # the refined edge, None where the background stays
    prior: Plane | None  # what the network alone says

    @property
    def eye_row(self) -> float:
        """Return the row of the eyes' middle."""
        return float((self.face.eyes[0][1] + self.face.eyes[1][1]) / 2)


def find(picture: Picture, data: bytes, rules: PhotoRules) -> Found | None:
    """Return the largest face, in a picture decoded finely enough for it; raise Undecodable."""
    found = _look(picture)
    if found is None or picture.reduction <= 1:
        return found
    wanted = max(rules.face_width) * 1.1
    if found.face.width >= wanted:
        return found
    share = min(1.0, wanted / (found.face.width * picture.reduction))
    side = int(max(picture.width, picture.height) * share)
    finer = decode(data, rules.backgrounds[0], least_side=max(DETECTION_SIDE, side))
    return (_look(finer) or found) if finer.reduction < picture.reduction else found


def _look(picture: Picture) -> Found | None:
    """Return the face as it is, or after turning a picture that lies on its side or its head."""
    seen = _faces(picture.pixels)
    if seen and abs(seen[0][1].turn[1]) > _TIPPED:
        # The mesh lays an upright face even onto one that stands on its head, and then reads it as tipped.
        turned = replace(picture, pixels=np.ascontiguousarray(picture.pixels[::-1, ::-1]))
        again = _faces(turned.pixels)
        if again and abs(again[0][1].turn[1]) < _TIPPED / 2:
            return _found(turned, again)
    quarter = round(seen[0][1].roll / 90) % 4 if seen and abs(seen[0][1].roll) > _ON_ITS_SIDE else 0
    if seen and not quarter:
        return _found(picture, seen)
    for turns in (quarter,) if seen else (1, 3, 2):
        turned = replace(picture, pixels=np.ascontiguousarray(np.rot90(picture.pixels, turns)))
        again = _faces(turned.pixels)
        if again and abs(again[0][1].roll) <= _ON_ITS_SIDE:
            return _found(turned, again)
    return _found(picture, seen) if seen else None


def _found(picture: Picture, seen: list[tuple[Box, Face]]) -> Found:
    second = (seen[1][0].side / seen[0][0].side) ** 2 if len(seen) > 1 else 0.0
    return Found(picture, seen[0][1], second)


def _faces(pixels: Pixels) -> list[tuple[Box, Face]]:
    """Return the two largest detections that the mesh confirms."""
    confirmed: list[tuple[Box, Face]] = []
    for box in face.find_faces(pixels):
        points = face.read_face(pixels, box)
        if points is not None and points.width > 1:
            confirmed.append((box, points))
        if len(confirmed) == 2:  # noqa: PLR2004 - the person and one other are enough to know
            break
    return confirmed


def place(found: Found, rules: PhotoRules, widen: float = 1.0) -> Placed:
    """Return the portrait placed by the mesh's eyes and the mask's hair; ``widen`` corrects the face width."""
    pixels = found.picture.pixels
    canvas = geometry.canvas_frame(found.face, rules, widen)
    wide = found.picture.to_srgb(geometry.cut_out(pixels, canvas))
    at = Face(canvas.points(found.face.points))
    middle, nose = (at.eyes[0] + at.eyes[1]) / 2, at.points[face.NOSE_TIP]
    eye = (float(middle[0]), float(middle[1]))
    inside = geometry.covered(pixels, canvas)
    person, everybody = background.segment(wide, (float(nose[0]), float(nose[1])))
    masks = (person * inside, everybody * inside)
    hair = geometry.hair_top(masks[0], eye[0])
    placed = _develop(found, canvas, masks, eye, hair, rules)
    if placed.alpha is not None:
        drift = geometry.hair_top(placed.alpha, rules.width / 2) - max(0.0, placed.hair_row)
        if abs(drift) > _DRIFT:
            frame = geometry.place(canvas, eye, hair + drift, rules)
            rows = round(placed.frame.rows_to(frame))
            if abs(rows) <= _SLIDE and abs(frame.scale - placed.frame.scale) < _SAME_SCALE:
                return _slide(found, placed, rows, drift)
            placed = _develop(found, canvas, masks, eye, hair + drift, rules)
    return placed


def _slide(found: Found, placed: Placed, rows: int, drift: float) -> Placed:
    """Return the portrait so many whole rows further down, so that its masks need not be made anew."""
    frame = placed.frame.lowered(rows)
    pixels = found.picture.to_srgb(geometry.cut_out(found.picture.pixels, frame))
    alpha, prior = (None if mask is None else _slid(mask, rows) for mask in (placed.alpha, placed.prior))
    return replace(
        placed,
        frame=frame,
        pixels=pixels,
        lab=background.to_lab(pixels),
        face=Face(frame.points(found.face.points)),
        person=_slid(placed.person, rows),
        everybody=_slid(placed.everybody, rows),
        hair_row=placed.hair_row + rows + drift,
        alpha=alpha,
        prior=prior,
    )


def _slid(mask: Plane, rows: int) -> Plane:
    """Return the mask so many rows down; what comes in is empty at the top, and like the last row at the bottom."""
    if rows >= 0:
        return np.asarray(np.pad(mask, ((rows, 0), (0, 0)))[: len(mask)], np.float32)
    return np.asarray(np.pad(mask[-rows:], ((0, -rows), (0, 0)), mode="edge"), np.float32)


def _develop(
    found: Found, canvas: Frame, masks: tuple[Plane, Plane], eye: tuple[float, float], hair: float, rules: PhotoRules
) -> Placed:
    """Return the portrait for eyes and hair top known on the canvas."""
    frame = geometry.place(canvas, eye, hair, rules)
    pixels = found.picture.to_srgb(geometry.cut_out(found.picture.pixels, frame))
    person, everybody = (_move(mask, canvas, frame) for mask in masks)
    at = Face(frame.points(found.face.points))
    eye_row = float((at.eyes[0][1] + at.eyes[1][1]) / 2)
    lab = background.to_lab(pixels)
    surround = background.look_behind(lab, person, everybody, eye_row, at.width)
    alpha = prior = None
    if not background.is_already_right(surround, rules.backgrounds):
        alpha, prior = background.refine(pixels, person)
    hair_row = eye_row - (eye[1] - hair) * frame.scale / canvas.scale
    return Placed(frame, pixels, lab, at, person, everybody, hair_row, surround, alpha, prior)


def _move(mask: Plane, canvas: Frame, frame: Frame) -> Plane:
    """Return the canvas's mask in the portrait's frame."""
    matrix = frame.matrix @ np.linalg.inv(np.vstack([canvas.matrix, [0, 0, 1]]))
    size = (frame.width, frame.height)
    moved = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)
