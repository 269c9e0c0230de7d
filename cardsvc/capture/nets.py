"""Five small nets, run by OpenCV's own DNN module; their files come out of pinned packages at install time.

Models: MediaPipe's BlazeFace short and full range, face mesh (468 points), iris, selfie segmentation; Apache-2.0.
A net is not thread-safe: each thread has its own set, read and checked once.
"""

import hashlib
import threading
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV's own annotations promise no element type; these names say what is meant.
Image = NDArray[Any]  # uint8
Floats = NDArray[Any]  # float32

SHORT_RANGE: Final = "face_detection_short_range"
FULL_RANGE: Final = "face_detection_full_range"
MESH: Final = "face_landmark"
IRIS: Final = "iris_landmark"
SELFIE: Final = "selfie_segmentation"

_SHA256: Final = {
    SHORT_RANGE: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    MESH: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    IRIS: "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    SELFIE: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    FULL_RANGE: "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
}
# By name: asking OpenCV for the unconnected layers gives the last one only.
_OUTPUTS: Final = {
    SHORT_RANGE: ("regressors", "classificators"),
    FULL_RANGE: ("reshaped_regressor_face_4", "reshaped_classifier_face_4"),
    MESH: ("conv2d_21",),
    IRIS: ("output_eyes_contours_and_brows",),
    SELFIE: ("activation_10",),
}
_local = threading.local()


class ModelAltered(RuntimeError):
    """A model file is not the one it should be."""


@cache
def available() -> bool:
    """Return whether all model files are there."""
    folder = resources.files("cardsvc") / "assets" / "models"
    return all((folder / f"{name}.tflite").is_file() for name in _SHA256)


@cache
def _model(name: str) -> Path:
    with resources.as_file(resources.files("cardsvc") / "assets" / "models" / f"{name}.tflite") as path:
        if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256[name]:
            raise ModelAltered(name)
        return path


def run(name: str, rgb: Image, *, low: float) -> list[Floats]:
    """Return the net's outputs, flattened, for an RGB picture of its input size scaled to ``low``..1."""
    nets = getattr(_local, "nets", None)
    if nets is None:
        nets = _local.nets = {}
    net = nets.get(name)
    if net is None:
        # OpenCV 5's new graph engine sees one output only; read from memory, the choice of engine is ignored.
        net = nets[name] = cv2.dnn.readNetFromTFLite(str(_model(name)), cv2.dnn.ENGINE_CLASSIC)
    scale = (1.0 - low) / 255.0
    blob = np.ascontiguousarray(rgb.astype(np.float32).transpose(2, 0, 1)[None] * scale + low)
    net.setInput(blob)
    return [np.asarray(out, np.float32).reshape(-1) for out in net.forward(list(_OUTPUTS[name]))]
