"""One font chain for all tests of papers, and the programs that read papers back."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cardsvc.slips.fonts import FontChain


@pytest.fixture(scope="session")
def fonts() -> FontChain:
    return FontChain.discover()


class Reader:
    """What poppler sees in a PDF; without poppler-utils every test that asks fails."""

    def __init__(self, folder: Path, pdf: bytes) -> None:
        self.file = folder / "paper.pdf"
        self.file.write_bytes(pdf)

    def run(self, *command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, timeout=60, encoding="utf-8").stdout

    def text(self) -> str:
        """Return the text in the order it was drawn, all white space removed."""
        return "".join(self.run("pdftotext", "-raw", str(self.file), "-").split())

    def image(self, dpi: int) -> Image.Image:
        target = self.file.with_suffix("")
        self.run("pdftoppm", "-r", str(dpi), "-png", "-singlefile", str(self.file), str(target))
        with Image.open(target.with_suffix(".png")) as picture:
            picture.load()
            return picture.convert("L")


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Reader]:
    return lambda pdf: Reader(tmp_path, pdf)
