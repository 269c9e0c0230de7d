"""The five small networks (Apache-2.0, MediaPipe), run by OpenCV's DNN module; one set a thread, loaded on first use.

Files and their origin: tools/fetch_assets.py. All take one RGB picture as float32 NCHW:

==========================  ======  ========  ================================================================
network                     side    range     output
==========================  ======  ========  ================================================================
face_detection_short_range  128     -1..1     896 anchors: score logit; 16 numbers (box and 6 points) in pixels
face_detection_full_range   192     -1..1     2304 anchors, the same
face_landmark               192     0..1      presence logit; 468 points (x, y, z) in pixels
iris_landmark               64      0..1      71 points of eye contour and brow; 5 points of the iris, in pixels
selfie_segmentation         256     0..1      probability that the pixel is a person
==========================  ======  ========  ================================================================
"""

import hashlib
import threading
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cardsvc.errors import CardsvcError

Pixels = NDArray[np.uint8]  # (height, width, 3) RGB
Plane = NDArray[np.float32]  # (height, width)

FILES: Final = {
    "face_detection_short_range": "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_detection_full_range": "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    "face_landmark": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    "iris_landmark": "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    "selfie_segmentation": "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
}
_OUTPUTS: Final = {
    "face_detection_short_range": ("classificators", "regressors"),
    "face_detection_full_range": ("reshaped_classifier_face_4", "reshaped_regressor_face_4"),
    "face_landmark": ("conv2d_31", "conv2d_21"),
    "iris_landmark": ("output_eyes_contours_and_brows", "output_iris"),
    "selfie_segmentation": ("activation_10",),
}
_SIGNED: Final = ("face_detection_short_range", "face_detection_full_range")


class ModelDamaged(CardsvcError, code="photo.model_damaged"):
    """A network file is not the one this service was measured with; facts: name."""


_threads: Final = threading.local()


def models_folder() -> Traversable:
    """Return where the network files lie."""
    return resources.files("cardsvc") / "assets" / "models"


def available() -> bool:
    """Return whether all five network files are there (their content is checked when they are loaded)."""
    folder = models_folder()
    return all((folder / f"{name}.tflite").is_file() for name in FILES)


def run(name: str, picture: Pixels) -> list[NDArray[np.float32]]:
    """Run the network on a picture of its own side, and return its outputs, flattened but for segmentation."""
    scale, shift = (1 / 127.5, -1.0) if name in _SIGNED else (1 / 255, 0.0)
    blob = picture.transpose(2, 0, 1)[None].astype(np.float32) * np.float32(scale) + np.float32(shift)
    net = _net(name)
    net.setInput(blob)
    return [np.asarray(output, np.float32) for output in net.forward(_OUTPUTS[name])]


def _net(name: str) -> cv2.dnn.Net:
    """Return this thread's own copy: a Net keeps its activations, so it cannot be shared; raise ModelDamaged."""
    loaded: dict[str, cv2.dnn.Net] = _threads.__dict__.setdefault("nets", {})
    if name not in loaded:
        with resources.as_file(models_folder() / f"{name}.tflite") as path:
            if hashlib.sha256(path.read_bytes()).hexdigest() != FILES[name]:
                raise ModelDamaged(name=name)
            # OpenCV 5's new engine cannot run these files; the classic one can. Asked for by path, because
            # the overload that takes bytes ignores the engine (5.0.0).
            loaded[name] = cv2.dnn.readNetFromTFLite(str(path), engine=cv2.dnn.ENGINE_CLASSIC)
    return loaded[name]
