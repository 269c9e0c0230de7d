"""What stands behind the head: leave a good background alone, replace another, say when an edge is doubtful."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from cardsvc.capture import nets
from cardsvc.capture.nets import Floats, Image

_SELFIE_SIDE: Final = 256
_RADIUS: Final = 13
_EPSILON: Final = 1e-4
_LOW, _HIGH = 0.08, 0.92  # alpha is stretched between these
_GATE: Final = (0.30, 0.75)
PLAIN: Final = 4.0  # standard deviation of Lab up to which a background is plain
NEAR: Final = 14.0  # Lab distance up to which a colour is the profile's


@dataclass(frozen=True, slots=True)
class Ground:
    """The background's look: spread of Lab, distance to the nearest allowed colour, share of the frame."""

    spread: float
    distance: float
    share: float


def segment(rgb: Image, nose: tuple[int, int]) -> Floats:
    """Return the person's alpha (H x W, 0..1) on a canvas, only the part that holds ``nose`` (x, y)."""
    small = cv2.resize(rgb, (_SELFIE_SIDE, _SELFIE_SIDE), interpolation=cv2.INTER_AREA)
    mask = nets.run(nets.SELFIE, small, low=0.0)[0].reshape(_SELFIE_SIDE, _SELFIE_SIDE)
    alpha = cv2.resize(mask, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)
    count, labels = cv2.connectedComponents((alpha > 0.3).astype(np.uint8))  # noqa: PLR2004 - loose: keeps hair
    if count <= 1:
        return alpha
    wanted = labels[nose[1], nose[0]]
    if wanted == 0:
        return alpha
    return np.where((labels == wanted) | (labels == 0), alpha, 0).astype(np.float32)


def look(rgb: Image, alpha: Floats, eye_y: float, allowed: tuple[tuple[int, int, int], ...]) -> Ground:
    """Return how the background above the shoulders looks."""
    lab = to_lab(rgb)
    clear = cv2.erode((alpha < 0.05).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0  # noqa: PLR2004 - surely not the person
    clear[int(eye_y + 90) :] = False
    if clear.mean() < 0.01:  # noqa: PLR2004 - nothing left to judge
        return Ground(spread=0.0, distance=0.0, share=float(clear.mean()))
    behind = lab[clear]
    middle = np.median(behind, 0)
    targets = to_lab(np.array([allowed], np.uint8))[0]
    distance = float(np.min(np.linalg.norm(targets - middle, axis=1)))
    return Ground(spread=float(behind.std(0).mean()), distance=distance, share=float(clear.mean()))


def refine(rgb: Image, alpha: Floats) -> Floats:
    """Return alpha whose edge follows the picture's (colour guided filter), stretched to 0..1."""
    guided = _guided(rgb.astype(np.float32) / 255.0, alpha)
    stretched = np.clip((guided - _LOW) / (_HIGH - _LOW), 0, 1)
    # The filter follows the colours behind the head as well: where the net is sure that nobody stands, it may not.
    gate = np.clip((cv2.GaussianBlur(alpha, (0, 0), 2.0) - _GATE[0]) / (_GATE[1] - _GATE[0]), 0, 1)
    gated: Floats = np.minimum(stretched, gate * gate * (3 - 2 * gate)).astype(np.float32)
    return gated


def replace(rgb: Image, alpha: Floats, colour: tuple[int, int, int]) -> Image:
    """Return the person on a plain colour; the old background's tint is taken out of half-transparent hair."""
    picture = rgb.astype(np.float32)
    behind = (1 - alpha)[..., None]
    size = (41, 41)
    weight = cv2.blur(1 - alpha, size)[..., None]
    local = cv2.blur(picture * behind, size) / np.maximum(weight, 1e-3)
    solid = np.clip((picture - behind * local) / np.maximum(alpha, 0.35)[..., None], 0, 255)
    person = np.where(alpha[..., None] > 0.98, picture, solid)  # noqa: PLR2004 - inside, nothing to take out
    made: Floats = person * alpha[..., None] + np.array(colour, np.float32) * behind
    return np.asarray(np.clip(made + 0.5, 0, 255), np.uint8)


def disagreement(rgb: Image, alpha: Floats) -> float:
    """Return the share of pixels on which GrabCut, started from the same alpha, sees another edge (half size)."""
    small = cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    guess = cv2.resize(alpha, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    mask = np.where(guess > 0.95, cv2.GC_FGD, np.where(guess < 0.05, cv2.GC_BGD, cv2.GC_PR_FGD)).astype(np.uint8)  # noqa: PLR2004
    mask[(guess >= 0.05) & (guess < 0.5)] = cv2.GC_PR_BGD  # noqa: PLR2004 - sure, likely, likely not, surely not
    if not (mask == cv2.GC_FGD).any() or not (mask == cv2.GC_BGD).any():
        return 0.0
    cv2.setRNGSeed(1)
    bgr = np.ascontiguousarray(small[..., ::-1])
    cv2.grabCut(bgr, mask, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    other = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    return float((other != (guess > 0.5)).mean())  # noqa: PLR2004 - the edge


def to_lab(rgb: Image) -> Floats:
    """Return CIE Lab (L 0..100, a and b about -100..100)."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB))


def _guided(guide: Floats, alpha: Floats) -> Floats:
    size = (2 * _RADIUS + 1, 2 * _RADIUS + 1)

    def mean(values: Floats) -> Floats:
        return cv2.blur(values, size, borderType=cv2.BORDER_REFLECT)

    centre, level = mean(guide), mean(alpha)
    cross = mean(guide * alpha[..., None]) - centre * level[..., None]
    r, g, b = (guide[..., index] for index in range(3))
    mr, mg, mb = (centre[..., index] for index in range(3))
    rr, gg, bb = (mean(x * x) - m * m + _EPSILON for x, m in ((r, mr), (g, mg), (b, mb)))
    rg, rb, gb = mean(r * g) - mr * mg, mean(r * b) - mr * mb, mean(g * b) - mg * mb
    # The inverse of the symmetric 3 x 3 covariance at every pixel, written out.
    irr, igg, ibb = gg * bb - gb * gb, rr * bb - rb * rb, rr * gg - rg * rg
    irg, irb, igb = gb * rb - rg * bb, rg * gb - gg * rb, rb * rg - rr * gb
    det = rr * irr + rg * irg + rb * irb
    cr, cg, cb = (cross[..., index] for index in range(3))
    slope = (
        np.stack([irr * cr + irg * cg + irb * cb, irg * cr + igg * cg + igb * cb, irb * cr + igb * cg + ibb * cb], -1)
        / np.maximum(det, 1e-12)[..., None]
    )
    offset = level - (slope * centre).sum(-1)
    filtered: Floats = (mean(slope) * guide).sum(-1) + mean(offset)
    return filtered
