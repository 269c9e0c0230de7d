import numpy as np
import pytest

from cardsvc.capture.face import Box, expected_box, find_faces, read_eyes, read_face


@pytest.fixture(scope="module")
def picture(obama, spoil):
    return spoil.pixels(obama)


def test_one_face_is_found_where_it_is(picture):
    boxes = find_faces(picture)
    assert len(boxes) == 1
    assert (boxes[0].x, boxes[0].y) == pytest.approx((495, 250), abs=40)


def test_nothing_is_found_in_noise_or_in_a_wall():
    assert find_faces(np.random.default_rng(3).integers(0, 256, (400, 300, 3), np.uint8)) == []
    assert find_faces(np.full((400, 300, 3), 200, np.uint8)) == []


def test_two_faces_are_two_the_largest_first(picture):
    small = picture[::2, ::2]
    both = np.full((picture.shape[0], picture.shape[1] + small.shape[1], 3), 128, np.uint8)
    both[:, : picture.shape[1]] = picture
    both[: small.shape[0], picture.shape[1] :] = small
    boxes = find_faces(both)
    assert len(boxes) == 2
    assert boxes[0].side > boxes[1].side


def test_the_mesh_lies_on_the_eyes(picture):
    face = read_face(picture, find_faces(picture)[0])
    left, right = face.eyes
    assert left == pytest.approx((444, 217), abs=4)  # read off the picture by eye
    assert right == pytest.approx((549, 216), abs=4)
    assert face.width == pytest.approx(239, abs=6)
    assert abs(face.roll) < 2
    assert all(abs(angle) < 6 for angle in face.turn)


def test_the_mesh_scales_with_the_picture(picture):
    half = np.ascontiguousarray(picture[::2, ::2])
    whole, small = (read_face(one, find_faces(one)[0]) for one in (picture, half))
    assert small.width * 2 == pytest.approx(whole.width, rel=0.03)


def test_no_mesh_where_no_face_is(picture):
    assert read_face(picture, Box(450, 900, 200, 0.0, 1.0)) is None


def test_open_eyes_are_read_as_open(picture):
    face = read_face(picture, find_faces(picture)[0])
    for eye, corner in zip(read_eyes(picture, face), face.eyes, strict=True):
        assert 0.24 < eye.opening < 0.6
        assert eye.iris == pytest.approx(corner, abs=8)


def test_the_box_of_a_finished_portrait_is_in_it(guizhou):
    box = expected_box(guizhou.photo)
    assert 0 < box.x - box.side / 2 < box.x + box.side / 2 < guizhou.photo.width
