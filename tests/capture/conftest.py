"""The two public-domain portraits, and ways to spoil them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cardsvc.domain.profiles import RegionProfile, load_profile

PORTRAITS = Path(__file__).resolve().parents[2] / "var" / "portraits"


def _portrait(name: str) -> bytes:
    path = PORTRAITS / name
    if not path.is_file():
        pytest.fail(f"{name} is missing under var/portraits: run tools/fetch_assets.py --portraits")
    return path.read_bytes()


@pytest.fixture(scope="session")
def obama() -> bytes:
    return _portrait("obama.jpg")


@pytest.fixture(scope="session")
def biden() -> bytes:
    return _portrait("biden.jpg")


@pytest.fixture(scope="session")
def guizhou() -> RegionProfile:
    return load_profile("guizhou")


class Spoil:
    """Pictures and files made from a portrait."""

    @staticmethod
    def pixels(data: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    @staticmethod
    def file(pixels, kind="PNG", **options) -> bytes:
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        image.save(buffer, kind, **({"compress_level": 1} if kind == "PNG" else {}) | options)
        return buffer.getvalue()


@pytest.fixture(scope="session")
def spoil() -> type[Spoil]:
    return Spoil
