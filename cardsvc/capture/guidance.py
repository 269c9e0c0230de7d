"""What to tell the person before the camera, a few times a second, from the same checks and limits as the portrait's.

A frame is small and looked at quickly (about 20 ms): faces, mesh, light. What only the finished portrait can show -
background, edge, sharpness - is left to it.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from cardsvc.capture import face as mesh
from cardsvc.capture import nets
from cardsvc.capture.decode import Undecodable, decode
from cardsvc.capture.face import Face
from cardsvc.capture.nets import Pixels
from cardsvc.capture.quality import LIMITS
from cardsvc.domain.profiles import RegionProfile

_WARN: Final = {limit.measure: limit.warn for limit in LIMITS if np.isfinite(limit.warn)}
_FRAME_SIDE: Final = 512
_CROWN: Final = 1.05  # face widths from the eyes up that hair and the air above it need
_SPARE: Final = 0.98  # of what the portrait needs to either side, so that nobody stands on the very edge


@dataclass(frozen=True, slots=True)
class Guidance:
    """What to say: codes, the most urgent first; empty is not possible, ``guide.good`` is the last word."""

    advice: tuple[str, ...]
    face: tuple[float, float, float] | None  # middle of the eyes and face width, shares of the frame's width

    @property
    def good(self) -> bool:
        """Return whether the picture may be taken."""
        return self.advice == ("guide.good",)


def guide(data: bytes, profile: RegionProfile, *, camera_width: int) -> Guidance:
    """Return the advice for one frame of a camera ``camera_width`` pixels wide, sent reduced; raises nothing."""
    try:
        frame = decode(data, profile.photo.backgrounds[0], least_side=_FRAME_SIDE).pixels
    except Undecodable:
        return Guidance(("guide.no_picture",), None)
    if not nets.available():
        return Guidance(("guide.not_checked",), None)
    boxes = mesh.find_faces(frame)
    seen = mesh.read_face(frame, boxes[0]) if boxes else None
    if seen is None or seen.width < 1:
        return Guidance(("guide.no_face",), None)
    advice = []
    if len(boxes) > 1 and (boxes[1].side / boxes[0].side) ** 2 > _several():
        advice.append("guide.several_faces")
    advice += [*_distance(seen, frame, profile, camera_width), *_posture(seen), *_light(seen, frame)]
    middle = (seen.eyes[0] + seen.eyes[1]) / 2
    width = frame.shape[1]
    return Guidance(
        tuple(advice) or ("guide.good",),
        (float(middle[0]) / width, float(middle[1]) / width, seen.width / width),
    )


def _several() -> float:
    """Return the share of the face beyond which a second one matters here; one far behind is judged later."""
    return next(limit.refuse for limit in LIMITS if limit.measure == "second_face") / 100


def _distance(seen: Face, frame: Pixels, profile: RegionProfile, camera_width: int) -> list[str]:
    height, width = frame.shape[:2]
    rules = profile.photo
    if seen.width * camera_width / width < _WARN["source_face_width"]:
        return ["guide.nearer"]
    zoom = seen.width / (sum(rules.face_width) / 2)
    x, y = (seen.eyes[0] + seen.eyes[1]) / 2
    below = rules.eye_line_min * zoom
    if y < _CROWN * seen.width or y + below > height:
        too_big = (_CROWN * seen.width + below) > height
        return ["guide.farther" if too_big else "guide.lower" if y < _CROWN * seen.width else "guide.higher"]
    side = rules.width / 2 * zoom * _SPARE
    return ["guide.centre"] if x < side or x > width - side else []


def _posture(seen: Face) -> list[str]:
    yaw, pitch = seen.turn
    if abs(yaw) > _WARN["yaw"] or abs(pitch) > _WARN["pitch"]:
        return ["guide.look_straight"]
    return ["guide.level"] if abs(seen.roll) > _WARN["roll"] else []


def _light(seen: Face, frame: Pixels) -> list[str]:
    mask = np.zeros(frame.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(seen.points[list(mesh.OVAL), :2]).astype(np.int32)], 1)
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[mask > 0]
    if not luma.size:
        return []
    if 100 * float(np.percentile(luma, 95)) / 255 < _WARN["face_luma"]:
        return ["guide.dark"]
    too_much = 100 * float((luma >= 247).mean())  # noqa: PLR2004 - 29794-5's over-exposed luma
    return ["guide.bright"] if too_much > _WARN["overexposed"] else []
