"""Each region's portrait from the same two photos, measured on the written file."""

import io

import numpy as np
import pytest
from PIL import Image

from cardsvc.capture.file_names import read_name
from cardsvc.capture.matching import match
from cardsvc.capture.normalise import normalise
from cardsvc.domain.profiles import FileNaming, load_profile, profile_names
from tests.builders import id_number


@pytest.fixture(scope="module", params=[(region, name) for region in profile_names() for name in ("obama", "biden")])
def made(request, portraits):
    region, name = request.param
    profile = load_profile(region)
    return profile.photo, normalise((portraits / f"{name}.jpg").read_bytes(), profile)


def test_it_is_accepted_and_inside_every_limit(made):
    rules, outcome = made
    assert outcome.accepted, [problem.code for problem in outcome.problems]
    measures = outcome.measures
    assert rules.face_width[0] <= measures["face_width"] <= rules.face_width[1]
    assert measures["eye_line"] >= rules.eye_line_min
    assert measures["off_centre"] <= rules.centre_tolerance
    assert measures["hair_top"] <= rules.hair_top[1]


def test_the_file_is_what_the_region_asks_for(made):
    rules, outcome = made
    with Image.open(io.BytesIO(outcome.portrait)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (rules.width, rules.height))
        assert image.info["dpi"] == (rules.dpi, rules.dpi)
        assert "exif" not in image.info
        assert "icc_profile" not in image.info
        assert not image.info.get("progressive")
        corner = np.asarray(image)[:6, :6].reshape(-1, 3)
    assert rules.min_bytes <= len(outcome.portrait) < rules.max_bytes
    assert np.abs(corner.astype(int) - rules.backgrounds[0]).max() <= 12
    if rules.quality is not None:
        assert outcome.measures["quality"] == rules.quality


@pytest.mark.parametrize(
    ("naming", "name", "problem", "portrait"),
    [
        (FileNaming.ID, "{}.jpg", "", "{}.jpg"),
        (FileNaming.ID, "{}_王清河.jpg", "batch.name_not_id_only", "{}.jpg"),
        (FileNaming.ID_NAME, "{}_王清河.png", "", "{}_王清河.jpg"),
        (FileNaming.ID_NAME, "{}.jpg", "batch.name_lacks_name", "{}.jpg"),
        (FileNaming.ANY, "王清河{}.jpg", "", "{}.jpg"),
    ],
)
def test_files_are_named_as_the_region_asks(naming, name, problem, portrait):
    (one,) = match([read_name(name.format(id_number(7)))], None, naming)
    assert (one.problem, one.portrait_name(naming)) == (problem, portrait.format(id_number(7)))
    assert one.key == f"person:{id_number(7)}"
