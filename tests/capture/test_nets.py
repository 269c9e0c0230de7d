from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cardsvc.capture import nets
from cardsvc.capture.nets import ModelDamaged

SHAPES = {
    "face_detection_short_range": (128, [(1, 896, 1), (1, 896, 16)]),
    "face_detection_full_range": (192, [(1, 2304, 1), (1, 2304, 16)]),
    "face_landmark": (192, [(1, 1, 1, 1), (1, 1404, 1, 1)]),
    "iris_landmark": (64, [(1, 213), (1, 15)]),
    "selfie_segmentation": (256, [(1, 1, 256, 256)]),
}


@pytest.mark.parametrize("name", nets.FILES)
def test_each_network_runs_and_keeps_its_shapes(name):
    side, shapes = SHAPES[name]
    outputs = nets.run(name, np.zeros((side, side, 3), np.uint8))
    assert [output.shape for output in outputs] == shapes


def test_all_files_are_there():
    assert nets.available()


def test_a_folder_without_files_is_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(nets, "models_folder", lambda: tmp_path)
    assert not nets.available()


def test_a_changed_file_is_never_run(monkeypatch, tmp_path):
    (tmp_path / "iris_landmark.tflite").write_bytes(b"something else")
    monkeypatch.setattr(nets, "models_folder", lambda: tmp_path)
    with ThreadPoolExecutor(1) as fresh, pytest.raises(ModelDamaged):
        fresh.submit(nets.run, "iris_landmark", np.zeros((64, 64, 3), np.uint8)).result()


def test_each_thread_has_its_own():
    picture = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: nets.run("iris_landmark", picture)[0], range(8)))
    assert all((answer == answers[0]).all() for answer in answers)
