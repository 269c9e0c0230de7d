from dataclasses import replace

import numpy as np
import pytest

from cardsvc.capture import geometry
from cardsvc.capture.face import CHIN, EAR_LEFT, EAR_RIGHT, EYE_LEFT, EYE_RIGHT, Face
from cardsvc.capture.geometry import Frame


def made_up_face(width=300.0, roll=0.0, at=(600.0, 500.0)):
    points = np.zeros((468, 3))
    spots = {EAR_LEFT: (-0.5, 0.1), EAR_RIGHT: (0.5, 0.1), CHIN: (0, 0.6)}
    spots |= dict.fromkeys(EYE_LEFT, (-0.22, 0)) | dict.fromkeys(EYE_RIGHT, (0.22, 0))
    angle = np.radians(roll)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for number, spot in spots.items():
        points[number, :2] = spin @ np.array(spot) * width + at
    return Face(points)


@pytest.mark.parametrize("roll", [-20, 0, 13])
@pytest.mark.parametrize("width", [140.0, 300.0, 1500.0])
def test_the_canvas_levels_the_eyes_and_scales_the_face(guizhou, width, roll):
    face = made_up_face(width, roll)
    assert face.roll == pytest.approx(roll, abs=0.01)
    canvas = geometry.canvas_frame(face, guizhou.photo)
    there = Face(canvas.points(face.points))
    assert there.width == pytest.approx(207, abs=0.01)
    assert there.roll == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("tall", "face", "hair"),
    [
        (150, 207, 14),
        (215, 207, 14),
        (220, 207, 11),
        (228, 197.0, 14),
        (260, 196, 0),  # a top-knot: the eye line wins and hair is cut
    ],
)
def test_hair_eyes_and_face_go_where_the_standard_wants_them(guizhou, tall, face, hair):
    rules = guizhou.photo
    canvas = geometry.canvas_frame(made_up_face(), rules)
    eye = (canvas.width / 2, float(Face(canvas.points(made_up_face().points)).eyes[0][1]))
    frame = geometry.place(canvas, eye, eye[1] - tall, rules)
    zoom = frame.scale / canvas.scale
    row = (Face(frame.points(made_up_face().points))).eyes[0][1]
    assert 207 * zoom == pytest.approx(face, abs=0.6)
    assert rules.height - row >= rules.eye_line_min + geometry.MARGIN - 0.01
    assert max(0, row - tall * zoom) == pytest.approx(hair, abs=1)


@pytest.mark.parametrize("tall", [112, 150, 230])
def test_the_canvas_holds_the_whole_portrait(guizhou, tall):
    canvas = geometry.canvas_frame(made_up_face(), guizhou.photo)
    eye = Face(canvas.points(made_up_face().points)).eyes[0]
    middle = (canvas.width / 2, float(eye[1]))
    frame = geometry.place(canvas, middle, middle[1] - tall, guizhou.photo)
    zoom = frame.scale / canvas.scale
    assert middle[1] + (frame.height - Face(frame.points(made_up_face().points)).eyes[0][1]) / zoom <= canvas.height
    assert middle[1] - tall >= 0


def test_cutting_out_keeps_positions(guizhou):
    rows, columns = np.mgrid[0:800, 0:1000]
    picture = np.dstack([columns / 4, rows / 4, np.zeros_like(rows)]).astype(np.uint8)
    for scale in (0.2, 0.45, 0.9, 1.4):
        matrix = np.array([[scale, 0, -100 * scale], [0, scale, -60 * scale]])
        out = geometry.cut_out(picture, Frame(matrix, 100, 80))
        assert out[40, 50, 0] == pytest.approx((100 + 50 / scale) / 4, abs=1.2)
        assert out[40, 50, 1] == pytest.approx((60 + 40 / scale) / 4, abs=1.2)


def test_fine_stripes_turn_grey_and_not_into_patterns():
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[:, ::2] = 255
    out = geometry.cut_out(stripes, Frame(np.array([[0.31, 0, 0], [0, 0.31, 0]]), 200, 200))
    assert out.std() < 45


def test_what_lies_outside_is_known():
    picture = np.zeros((100, 100, 3), np.uint8)
    inside = geometry.covered(picture, Frame(np.array([[1.0, 0, 50], [0, 1.0, 0]]), 100, 100))
    assert inside.mean() == pytest.approx(0.5, abs=0.02)
    assert not inside[:, :49].any()


def test_the_hair_top_is_the_first_row_with_enough_of_it():
    alpha = np.zeros((100, 200), np.float32)
    alpha[20, 90:95] = 1  # a stray strand
    alpha[30:, 60:140] = 1
    assert geometry.hair_top(alpha, 100) == 30
    assert geometry.hair_top(np.zeros((100, 200), np.float32), 100) == 100


def test_other_regions_other_numbers(guizhou):
    rules = replace(guizhou.photo, face_width=(179, 255), eye_line_min=200)
    face = made_up_face()
    assert Face(geometry.canvas_frame(face, rules).points(face.points)).width == pytest.approx(217, abs=0.01)
    assert geometry.lowest_eye_row(rules) == 441 - 200 - geometry.MARGIN
