import numpy as np
import pytest

from cardsvc.capture import background
from cardsvc.capture.background import Surround

WHITE, BLUE = (255, 255, 255), (67, 142, 219)


def disc(size=200, radius=60):
    rows, columns = np.mgrid[0:size, 0:size]
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)


def scene(alpha, front, back, noise=2.0):
    mixed = np.asarray(front) * alpha[..., None] + np.asarray(back) * (1 - alpha[..., None])
    return np.clip(mixed + np.random.default_rng(0).normal(0, noise, mixed.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("colour", "spread", "right"),
    [
        (WHITE, 1.0, True),
        ((246, 245, 243), 2.0, True),
        (BLUE, 1.5, True),
        (WHITE, 6.0, False),
        ((215, 215, 215), 1.0, False),
        ((200, 40, 40), 1.0, False),
    ],
)
def test_a_plain_background_of_the_right_colour_is_left_alone(colour, spread, right):
    lab = background.to_lab(np.array([[colour]], np.uint8))[0, 0]
    assert background.is_already_right(Surround(tuple(map(float, lab)), spread, 0.0), (WHITE, BLUE)) is right


def test_the_surround_is_measured_beside_the_person():
    alpha = disc()
    lab = background.to_lab(scene(alpha, (20, 20, 20), (120, 160, 90)))
    around = background.look_behind(lab, alpha, alpha, 100, 120)
    wanted = background.to_lab(np.array([[(120, 160, 90)]], np.uint8))[0, 0]
    assert around.colour == pytest.approx(tuple(wanted), abs=1)
    assert around.spread < 3
    assert around.stray == 0


def test_somebody_beside_the_head_is_noticed():
    alpha = disc()
    everybody = alpha.copy()
    everybody[20:90, 0:40] = 1
    lab = background.to_lab(scene(alpha, (20, 20, 20), (120, 160, 90)))
    assert background.look_behind(lab, alpha, everybody, 100, 80).stray > 0.1


def test_replacing_leaves_the_person_and_paints_the_rest():
    alpha = disc()
    picture = scene(alpha, (60, 40, 30), (30, 140, 40))
    out = background.replace(picture, alpha, WHITE).astype(int)
    assert (out[alpha == 0] == WHITE).all()
    inside = alpha == 1
    assert np.abs(out[inside] - picture[inside].astype(int)).max() <= 2


def test_no_fringe_of_the_old_background_stays():
    alpha = disc()
    green = background.replace(scene(alpha, (90, 60, 50), (20, 200, 30), noise=0), alpha, WHITE).astype(int)
    edge = (alpha > 0.2) & (alpha < 0.8)
    greenness = green[..., 1] - (green[..., 0] + green[..., 2]) / 2
    assert np.abs(greenness[edge]).mean() < 12


def test_a_visible_edge_is_trusted_and_a_hidden_one_is_not():
    alpha = disc()
    clear = background.judge_edge(background.to_lab(scene(alpha, (30, 25, 20), (230, 230, 230))), alpha, alpha, 200)
    hidden = background.judge_edge(background.to_lab(scene(alpha, (30, 25, 20), (34, 30, 28))), alpha, alpha, 200)
    assert clear.hidden < 0.05
    assert clear.dispute < 0.2
    assert hidden.hidden > 0.9


def test_no_person_is_no_edge():
    nobody = np.zeros((50, 50), np.float32)
    edge = background.judge_edge(np.zeros((50, 50, 3), np.float32), nobody, nobody, 50)
    assert edge.hidden == 1.0


@pytest.mark.parametrize("back", [(235, 235, 235), (150, 60, 60), (60, 90, 150)])
def test_the_colour_cut_finds_the_true_edge_from_a_rough_one(back):
    alpha = disc(200, 60)
    rough = np.roll(disc(200, 57), 4, axis=1)
    found = background._cut_by_colour(scene(alpha, (60, 50, 45), back, 4), rough)
    assert np.abs(found - alpha).sum() < 0.4 * np.abs(rough - alpha).sum()


def test_a_person_everywhere_or_nowhere_is_left_to_the_network():
    picture = np.zeros((40, 40, 3), np.uint8)
    for mask in (np.ones((40, 40), np.float32), np.zeros((40, 40), np.float32)):
        assert (background._cut_by_colour(picture, mask) == mask).all()
