"""The whole way of a photo: open, find the face, frame, judge, set the background, write, check what was written."""

from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from cardsvc.capture import background, encode, face, geometry, nets, quality
from cardsvc.capture.decode import Opened, Undecodable, open_photo
from cardsvc.capture.face import Face
from cardsvc.capture.nets import Image
from cardsvc.capture.quality import Problem, Severity
from cardsvc.domain.profiles import PhotoRules, RegionProfile
from cardsvc.domain.words import say

REPORT_VERSION: Final = 1
_EDGE_REVIEW: Final = 0.03  # GrabCut and alpha differ on more of the picture than this [R]
_ASPECT: Final = 0.01

__all__ = ["PhotoResult", "Problem", "Severity", "normalise"]


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What became of one photo: the portrait's bytes, or every reason why not."""

    accepted: bool
    portrait: bytes | None = field(repr=False)
    problems: tuple[Problem, ...]
    measures: dict[str, float]
    background_replaced: bool = False
    geometry_checked: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return the report of version 1 as plain JSON, sentences in both languages."""
        return {
            "version": REPORT_VERSION,
            "accepted": self.accepted,
            "bytes": len(self.portrait) if self.portrait else 0,
            "background_replaced": self.background_replaced,
            "geometry_checked": self.geometry_checked,
            "problems": [
                {
                    "code": problem.code,
                    "severity": problem.severity.value,
                    "value": problem.value,
                    "limit": problem.limit,
                    "zh": say(problem.code, "zh", value=problem.value, limit=problem.limit),
                    "en": say(problem.code, "en", value=problem.value, limit=problem.limit),
                }
                for problem in self.problems
            ],
            "measures": {name: round(value, 4) for name, value in self.measures.items()},
        }


def normalise(data: bytes, profile: RegionProfile) -> PhotoResult:
    """Return the standard portrait of a photo or why there is none; never raises for what a file can hold."""
    rules = profile.photo
    try:
        opened = open_photo(data, under=rules.backgrounds[0])
    except Undecodable as error:
        return _refused([Problem(error.code, Severity.REFUSE, error.value, error.limit)], {})
    if not nets.available():
        return _unchecked(opened, rules)
    rgb, boxes = _upright(opened.rgb)
    if not boxes:
        return _refused([Problem("photo.no_face", Severity.REFUSE)], {})
    found = face.mesh(rgb, boxes[0])
    measures = _measure_source(rgb, boxes, found, opened.scale)
    if found.width < 20 or measures["roll"] > 90:  # noqa: PLR2004 - a mesh that fell apart
        return _refused([Problem("photo.no_face", Severity.REFUSE)], measures)
    return _make(rgb, found, measures, rules)


def _upright(rgb: Image) -> tuple[Image, list[face.Box]]:
    """Return the picture turned so that a face is found, and the faces."""
    for turns in range(4):
        turned = np.ascontiguousarray(np.rot90(rgb, turns))
        boxes = face.detect(turned)
        if boxes:
            quarter = round(face.mesh(turned, boxes[0]).roll / 90) % 4  # found lying on its side
            if quarter:
                turned = np.ascontiguousarray(np.rot90(turned, quarter))
                boxes = face.detect(turned) or boxes
            return turned, boxes
    return rgb, []


def _measure_source(rgb: Image, boxes: list[face.Box], found: Face, scale: float) -> dict[str, float]:
    openings = face.eye_openings(rgb, found)
    return {
        "other_face": boxes[1].area / boxes[0].area if len(boxes) > 1 else 0.0,
        "face_px": found.width * scale,
        **quality.pose(found),
        "eyes_open": min(openings),
        "mouth": quality.mouth_gap(found),
    }


def _make(rgb: Image, found: Face, measures: dict[str, float], rules: PhotoRules) -> PhotoResult:
    canvas = geometry.canvas(found, rules)
    nose = canvas.points(found.points[[face.NOSE], :2])[0]
    wide = canvas.warp(rgb)
    mask = background.segment(wide, (int(np.clip(nose[0], 0, 465)), int(np.clip(nose[1], 0, 551))))
    hair = geometry.hair_above_eyes(mask)
    frame, hair_top = geometry.portrait(found, hair, rules)
    crop = frame.warp(rgb)
    points = frame.points(found.points[:, :2])
    eye_y = float(frame.points(found.eyes[None])[0, 1])
    alpha = _on_frame(mask, canvas, frame)
    measures |= {
        "outside": frame.outside(rgb),
        "hair_top": hair_top,
        "bystander": quality.beside(alpha, rules.width / 2, eye_y, found.width * frame.scale),
        **quality.of_skin(crop, points),
    }
    problems = quality.judge(measures)
    ground = background.look(crop, alpha, eye_y, rules.backgrounds)
    measures |= {"background_spread": ground.spread, "background_distance": ground.distance}
    finished, replaced, more = _on_ground(crop, alpha, ground, rules, measures)
    problems += more
    if not rules.hair_top[0] <= hair_top <= rules.hair_top[1]:
        # The eye line has won over the hair, as the standard has it.
        limit = float(rules.hair_top[0] if hair_top < rules.hair_top[0] else rules.hair_top[1])
        problems.append(Problem("photo.hair_top", Severity.WARN, round(hair_top, 1), limit))
    if _refuses(problems):
        return _refused(problems, measures)
    return _written(finished, rules, problems, measures, replaced=replaced)


def _on_frame(mask: nets.Floats, canvas: geometry.Frame, frame: geometry.Frame) -> nets.Floats:
    """Return the canvas's mask as it lies on the portrait's frame."""
    there = np.vstack([frame.matrix, [0, 0, 1]]) @ np.linalg.inv(np.vstack([canvas.matrix, [0, 0, 1]]))
    return cv2.warpAffine(
        mask, there[:2], (frame.width, frame.height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _on_ground(
    crop: Image, alpha: nets.Floats, ground: background.Ground, rules: PhotoRules, measures: dict[str, float]
) -> tuple[Image, bool, list[Problem]]:
    if ground.spread <= background.PLAIN and ground.distance <= background.NEAR:
        return crop, False, []  # a good studio photo is better than anything made of it
    if not rules.replace_background:
        return crop, False, [Problem("photo.background", Severity.REFUSE, round(ground.spread, 1), background.PLAIN)]
    fine = background.refine(crop, alpha)
    apart = background.disagreement(crop, fine)
    measures["edge"] = apart
    finished = background.replace(crop, fine, rules.backgrounds[0])
    problems = [Problem("photo.background_replaced", Severity.WARN, round(ground.spread, 1), background.PLAIN)]
    if apart > _EDGE_REVIEW:
        problems.append(Problem("photo.edge_review", Severity.WARN, round(apart, 3), _EDGE_REVIEW))
    return finished, True, problems


def _written(
    finished: Image, rules: PhotoRules, problems: list[Problem], measures: dict[str, float], *, replaced: bool
) -> PhotoResult:
    try:
        data = encode.encode(finished, rules)
    except encode.DoesNotFit:
        return _refused([*problems, Problem("photo.does_not_fit", Severity.REFUSE, None, rules.max_bytes)], measures)
    # What counts is the file: it is opened again and its face measured afresh.
    again = open_photo(data, under=rules.backgrounds[0]).rgb
    boxes = face.detect(again)
    if not boxes:
        return _refused([*problems, Problem("photo.geometry", Severity.REFUSE)], measures)
    seen = face.mesh(again, boxes[0])
    measures |= {
        "out_face_width": seen.width,
        "out_eye_line": rules.height - float(seen.eyes[1]),
        "out_centre": float(seen.eyes[0]) - rules.width / 2,
        "out_roll": seen.roll,
    }
    wrong = geometry.wrong_in(seen, rules)
    if wrong:
        value, limit = next(iter(wrong.values()))
        return _refused([*problems, Problem("photo.geometry", Severity.REFUSE, round(value, 1), limit)], measures)
    return PhotoResult(
        accepted=True, portrait=data, problems=tuple(problems), measures=measures, background_replaced=replaced
    )


def _unchecked(opened: Opened, rules: PhotoRules) -> PhotoResult:
    """Without nets: only a picture that has the right shape already is taken, its geometry unseen."""
    height, width = opened.rgb.shape[:2]
    shape = abs(width / height / (rules.width / rules.height) - 1)
    if shape > _ASPECT or width < rules.width:
        return _refused([Problem("photo.geometry", Severity.REFUSE, round(shape, 3), _ASPECT)], {}, checked=False)
    scaled = cv2.resize(opened.rgb, (rules.width, rules.height), interpolation=cv2.INTER_AREA)
    try:
        data = encode.encode(scaled, rules)
    except encode.DoesNotFit:
        return _refused([Problem("photo.does_not_fit", Severity.REFUSE, None, rules.max_bytes)], {}, checked=False)
    notes = (Problem("photo.not_checked", Severity.WARN),)
    return PhotoResult(accepted=True, portrait=data, problems=notes, measures={}, geometry_checked=False)


def _refuses(problems: list[Problem]) -> bool:
    return any(problem.severity is Severity.REFUSE for problem in problems)


def _refused(problems: list[Problem], measures: dict[str, float], *, checked: bool = True) -> PhotoResult:
    return PhotoResult(
        accepted=False, portrait=None, problems=tuple(problems), measures=measures, geometry_checked=checked
    )
