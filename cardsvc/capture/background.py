"""The person cut out of the background: segmentation, an edge fine enough for hair, and a new background.

The network's mask (256 x 256, two framings averaged) says where the person is; in a band along its edge a graph
cut (GrabCut: Rother, Kolmogorov and Blake, SIGGRAPH 2004) decides by colour; a colour guided filter (He, Sun and
Tang, ECCV 2010) makes the edge as soft as the hair is; the foreground's colours there are freed from the old
background by two blurs (Forte, "Approximate fast foreground colour estimation", ICIP 2021).
Masks are float32 (height, width), 1 = person.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cardsvc.capture import nets
from cardsvc.capture.nets import Pixels, Plane

_SIDE: Final = 256
_BAND: Final = 9  # pixels to either side of the mask's edge where colours decide
_BITE: Final = 11  # bites out of the head narrower than this are filled: grey hair before a grey wall
_RADIUS: Final = 5  # guided filter window, pixels at portrait size
_SMOOTH: Final = 1e-3  # its epsilon, for colours 0..1
_STRETCH: Final = (0.1, 0.9)  # alpha below is background, above is person
_SURE_BACK: Final = 0.05
_SURE_FRONT: Final = 0.95
_PLAIN_SPREAD: Final = 4.0  # standard deviation in Lab: studio walls 0.7-3, street 12-33
_PLAIN_COLOUR: Final = 6.0  # distance in Lab from the colour asked for
_SIMILAR: Final = 14.0  # distance in Lab at which hair and what is behind it cannot be told apart


@dataclass(frozen=True, slots=True)
class Surround:
    """What is behind the person."""

    colour: tuple[float, float, float]  # mean Lab
    spread: float  # standard deviation in Lab
    stray: float  # share of the space beside the head that looks like another person


@dataclass(frozen=True, slots=True)
class Edge:
    """How far the outline of the head can be trusted."""

    softness: float  # mean width of the half-transparent band, pixels
    hidden: float  # share of the outline where person and background have nearly the same colour
    dispute: float  # mean distance between the network's outline and the one found by colour, pixels


def segment(canvas: Pixels, nose: tuple[float, float]) -> tuple[Plane, Plane]:
    """Return the mask of the person whose nose is given, and the mask of everybody."""
    height, width = canvas.shape[:2]
    small = np.asarray(cv2.resize(canvas, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    everybody = nets.run("selfie_segmentation", small)[0].reshape(_SIDE, _SIDE)
    _, labels = cv2.connectedComponents((everybody > 0.5).astype(np.uint8))  # noqa: PLR2004 - likelier than not
    column, row = (
        min(_SIDE - 1, max(0, int(at * _SIDE / full))) for at, full in zip(nose, (width, height), strict=True)
    )
    label = labels[row, column]
    person = everybody
    if label:
        near = cv2.dilate((labels == label).astype(np.uint8), np.ones((9, 9), np.uint8))
        person = np.where(near > 0, everybody, 0).astype(np.float32)
    return _enlarge(person, width, height), _enlarge(everybody, width, height)


def refine(picture: Pixels, mask: Plane) -> tuple[Plane, Plane]:
    """Return the portrait's mask with its edge laid onto the picture's own, and what the network alone says."""
    height, width = mask.shape
    mirrored = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)[:, ::-1]
    again = nets.run("selfie_segmentation", mirrored)[0].reshape(_SIDE, _SIDE)[:, ::-1]
    near = cv2.dilate((mask > 0.5).astype(np.uint8), _disc(2 * _BAND)) > 0  # noqa: PLR2004 - likelier than not
    prior = np.asarray((mask + np.where(near, _enlarge(again, width, height), 0)) / 2, np.float32)
    alpha = _guided(_unit(picture), _cut_by_colour(picture, prior))
    low, high = _STRETCH
    return np.asarray(np.clip((alpha - low) / (high - low), 0, 1), np.float32), prior


def _cut_by_colour(picture: Pixels, prior: Plane) -> Plane:
    """Return 1 for the person, 0 for the rest, the edge found at half size by a graph cut within the band."""
    hard = (prior > 0.5).astype(np.uint8)  # noqa: PLR2004 - likelier than not
    labels = np.where(hard, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[cv2.erode(hard, _disc(_BAND)) > 0] = cv2.GC_FGD
    labels[cv2.dilate(hard, _disc(_BAND)) == 0] = cv2.GC_BGD
    if not hard.any() or hard.all():
        return prior
    height, width = prior.shape
    half = (width // 2, height // 2)
    small = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
    labels = np.asarray(cv2.resize(labels, half, interpolation=cv2.INTER_NEAREST), np.uint8)
    cv2.setRNGSeed(0)  # its clustering draws random numbers; the same photo must give the same file
    cv2.grabCut(small, labels, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 1, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = np.asarray(cv2.morphologyEx(person, cv2.MORPH_OPEN, _disc(1)), np.uint8)
    closed = cv2.morphologyEx(person, cv2.MORPH_CLOSE, _disc(_BITE // 2))
    likely = cv2.resize(prior, half, interpolation=cv2.INTER_AREA) > 0.5  # noqa: PLR2004 - likelier than not
    return _enlarge(np.where(likely, closed, person).astype(np.float32), width, height)


def _disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def replace(picture: Pixels, alpha: Plane, colour: tuple[int, int, int]) -> Pixels:
    """Return the person in front of an even ``colour``."""
    image = picture.astype(np.float32)
    front = _foreground(image, alpha)
    mixed = front * alpha[..., None] + np.asarray(colour, np.float32) * (1 - alpha[..., None])
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)


def look_behind(
    lab: NDArray[np.float32], person: Plane, everybody: Plane, eye_row: float, face_width: float
) -> Surround:
    """Return what the background beside head and shoulders is like; ``lab`` is the portrait in Lab."""
    low_edge = max(8, int(eye_row + 90))
    back = (everybody < _SURE_BACK)[:low_edge]
    pixels = lab[:low_edge][back]
    if len(pixels) < 200:  # noqa: PLR2004 - a head that fills the picture shows no background to judge
        pixels = lab[:4].reshape(-1, 3)
    mean = pixels.mean(0)
    spread = float(np.sqrt(((pixels - mean) ** 2).sum(1).mean()))
    others = (everybody > 0.5) & (person <= 0.5)  # noqa: PLR2004 - likelier than not
    beside = np.ones_like(others)
    half = others.shape[1] / 2
    beside[:, int(max(0, half - 0.92 * face_width)) : int(half + 0.92 * face_width)] = False
    beside[int(eye_row) :] = False
    stray = max(
        float(others[:low_edge].mean()),
        float((everybody > 0.5)[beside].mean()) if beside.any() else 0.0,  # noqa: PLR2004 - the edge of a mask, a year
    )
    return Surround((float(mean[0]), float(mean[1]), float(mean[2])), spread, stray)


def is_already_right(surround: Surround, colours: tuple[tuple[int, int, int], ...]) -> bool:
    """Return whether the background is plain and of one of the colours asked for, so that it is left alone."""
    if surround.spread > _PLAIN_SPREAD:
        return False
    wanted = to_lab(np.asarray(colours, np.uint8)[None])[0]
    return bool((np.linalg.norm(wanted - np.asarray(surround.colour), axis=1) <= _PLAIN_COLOUR).any())


def judge_edge(lab: NDArray[np.float32], alpha: Plane, prior: Plane, lowest: float) -> Edge:
    """Return how well the outline above row ``lowest`` shows."""
    rows = int(lowest)
    person = (alpha > 0.5)[:rows]  # noqa: PLR2004 - likelier than not
    outline = cv2.morphologyEx(person.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    length = int(outline.sum())
    if not length:
        return Edge(float(_BAND), 1.0, float(_BAND))
    soft = float((4 * alpha[:rows] * (1 - alpha[:rows])).sum() / length)
    dispute = float((person ^ (prior[:rows] > 0.5)).sum() / length)  # noqa: PLR2004 - likelier than not
    half = (alpha.shape[1] // 2, rows // 2)  # colours change slowly: half the size shows them
    front, back = _sides(_resized(lab[:rows], half), _resized(alpha[:rows], half), 3)
    distance = cv2.resize(np.linalg.norm(front - back, axis=2), (alpha.shape[1], rows), interpolation=cv2.INTER_NEAREST)
    return Edge(soft, float((distance[outline] < _SIMILAR).mean()), dispute)


def to_lab(picture: Pixels) -> NDArray[np.float32]:
    """Return sRGB pixels as CIE Lab: L 0..100, a and b about -100..100."""
    return np.asarray(cv2.cvtColor(_unit(picture), cv2.COLOR_RGB2Lab), np.float32)


def _unit(picture: Pixels) -> NDArray[np.float32]:
    """Return the colours as 0..1."""
    return np.asarray(picture * np.float32(1 / 255), np.float32)


def _enlarge(mask: Plane, width: int, height: int) -> Plane:
    return _resized(mask, (width, height))


def _sides(image: NDArray[np.float32], alpha: Plane, radius: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean colour of the sure person and of the sure background around each pixel."""
    sides = []
    for sure in ((alpha > _SURE_FRONT).astype(np.float32), (alpha < _SURE_BACK).astype(np.float32)):
        weight = _mean(sure, radius)
        colour = _mean(image * sure[..., None], radius) / np.maximum(weight, 1e-3)[..., None]
        sides.append(np.asarray(colour, np.float32))
    return sides[0], sides[1]


def _foreground(image: NDArray[np.float32], alpha: Plane) -> NDArray[np.float32]:
    """Return the person's own colours (0..255) at half-transparent pixels."""
    height, width = alpha.shape
    quarter = (width // 4, height // 4)
    seen = _resized(alpha, quarter)
    wide = _resized(image, quarter)
    front, back = _blurred_sides(wide, wide, wide, seen, 11)  # far away, where a quarter of the size shows enough
    near = _blurred_sides(image, _resized(front, (width, height)), _resized(back, (width, height)), alpha, 6)
    return near[0]


def _blurred_sides(
    image: NDArray[np.float32], front: NDArray[np.float32], back: NDArray[np.float32], alpha: Plane, radius: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return one round of the estimate: both sides' weighted means, the front corrected to explain the picture."""
    seen, weight = alpha[..., None], _mean(alpha, radius)[..., None]
    unseen = 1 - seen
    front_mean = _mean(front * seen, radius) / (weight + np.float32(1e-5))
    back_mean = _mean(back * unseen, radius) / (1 - weight + np.float32(1e-5))
    corrected = front_mean + seen * (image - seen * front_mean - unseen * back_mean)
    return np.asarray(np.clip(corrected, 0, 255), np.float32), np.asarray(back_mean, np.float32)


def _resized(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    shrinks = size[0] < image.shape[1]
    flags = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=flags), np.float32)


def _guided(guide: NDArray[np.float32], mask: Plane) -> Plane:
    """Return the mask as the locally linear function of the guide's colours nearest to it.

    The coefficients are found at half size and laid onto the full-size guide, which loses nothing visible
    and is four times as fast.
    """
    height, width = mask.shape
    half = (width // 2, height // 2)
    small = np.asarray(cv2.resize(guide, half, interpolation=cv2.INTER_AREA), np.float32)
    target = np.asarray(cv2.resize(mask, half, interpolation=cv2.INTER_AREA), np.float32)
    radius = _RADIUS // 2
    mean, mean_target = _mean(small, radius), _mean(target, radius)
    tilt = _mean(small * target[..., None], radius) - mean * mean_target[..., None]
    products = np.stack(
        [small[..., i] * small[..., j] for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))], -1
    )
    spread = [_mean(np.ascontiguousarray(products[..., k]), radius) for k in range(6)]
    r, g, b = mean[..., 0], mean[..., 1], mean[..., 2]
    rr, rg, rb = spread[0] - r * r + _SMOOTH, spread[1] - r * g, spread[2] - r * b
    gg, gb, bb = spread[3] - g * g + _SMOOTH, spread[4] - g * b, spread[5] - b * b + _SMOOTH
    # the inverse of the symmetric 3x3 covariance, by cofactors
    c00, c01, c02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    c11, c12, c22 = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    scale = 1 / np.maximum(rr * c00 + rg * c01 + rb * c02, 1e-12)
    x, y, z = tilt[..., 0], tilt[..., 1], tilt[..., 2]
    slope = np.stack([c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z], -1)
    slope *= scale[..., None]
    offset = mean_target - (slope * mean).sum(-1)
    lines = _mean(np.dstack([slope, offset]), radius)
    full = cv2.resize(lines, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((full[..., :3] * guide).sum(-1) + full[..., 3], np.float32)


def _mean(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
