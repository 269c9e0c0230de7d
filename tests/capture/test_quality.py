import numpy as np
import pytest

from cardsvc.capture import quality
from cardsvc.capture.problems import Severity

GOOD = {
    "second_face": 0.0, "source_face_width": 400.0, "outside": 0.0, "yaw": 2.0, "pitch": 3.0, "roll": 1.0,
    "eye_opening": 31.0, "mouth_gap": 1.0, "eye_glare": 0.0, "red_eye": -9.0, "sharpness": 42.0, "steadiness": 75.0,
    "face_luma": 80.0, "overexposed": 0.0, "cheek_difference": 6.0, "half_difference": 10.0, "chroma": 22.0,
    "skin_a": 13.0, "skin_b": 17.0, "stray": 0.0, "jpeg_quality": 90.0, "edge_hidden": 4.0, "edge_dispute": 1.2,
    "body_edge": 100.0,
}  # fmt: skip
CASES = [
    ("photo.several_faces", {"second_face": 5.0}, {"second_face": 40.0}),
    ("photo.too_small", {"source_face_width": 179.0}, {"source_face_width": 129.0}),
    ("photo.cropped", {"outside": 3.0}, {"outside": 9.0}),
    ("photo.not_frontal", {"yaw": 9.0}, {"yaw": 16.0}),
    ("photo.not_frontal", {"pitch": 13.0}, {"pitch": 21.0}),
    ("photo.not_frontal", {"roll": 9.0}, {"roll": 21.0}),
    ("photo.eyes_closed", {"eye_opening": 23.0}, {"eye_opening": 14.0}),
    ("photo.mouth_open", {"mouth_gap": 10.0}, None),
    ("photo.glare", {"eye_glare": 5.0}, {"eye_glare": 13.0}),
    ("photo.red_eye", {"red_eye": 9.0}, {"red_eye": 16.0}),
    ("photo.blurred", {"sharpness": 27.0}, {"sharpness": 21.0}),
    ("photo.blurred", {"steadiness": 45.0}, {"steadiness": 30.0}),
    ("photo.dark", {"face_luma": 49.0}, {"face_luma": 35.0}),
    ("photo.bright", {"overexposed": 4.0}, {"overexposed": 16.0}),
    ("photo.uneven_light", {"cheek_difference": 35.0}, {"half_difference": 55.0}),
    ("photo.uneven_light", {"half_difference": 31.0}, {"cheek_difference": 29.0, "half_difference": 29.0}),
    ("photo.grey", {"skin_a": 2.0, "skin_b": 9.0, "chroma": 9.2}, {"chroma": 1.0, "skin_a": 0.5, "skin_b": 0.8}),
    ("photo.colour_cast", {"skin_b": -5.0}, None),
    ("photo.colour_cast", {"skin_a": 35.0}, None),
    ("photo.bystander", {"stray": 12.0}, None),
    ("photo.compressed", {"jpeg_quality": 50.0}, {"jpeg_quality": 20.0}),
    ("photo.edge_review", {"edge_hidden": 30.0}, None),
    ("photo.edge_review", {"edge_dispute": 4.0}, None),
    ("photo.background", None, {"edge_hidden": 80.0}),
    ("photo.background", None, {"edge_dispute": 7.0}),
    ("photo.background", None, {"body_edge": 60.0}),
]


def test_good_measures_raise_nothing():
    assert list(quality.judge(GOOD)) == []


def test_measures_not_taken_raise_nothing():
    assert list(quality.judge({})) == []


@pytest.mark.parametrize(("code", "mild", "bad"), CASES)
def test_each_limit_warns_and_refuses_by_itself(code, mild, bad):
    for change, severity in ((mild, Severity.WARN), (bad, Severity.REFUSE)):
        if change is not None:
            found = [problem for problem in quality.judge(GOOD | change) if problem.severity is severity]
            assert [problem.code for problem in found] == [code]


def test_every_finding_says_what_to_do_in_both_languages():
    for code, mild, bad in CASES:
        for problem in quality.judge(GOOD | (mild or {}) | (bad or {})):
            for language in ("zh", "en"):
                sentence = problem.sentence(language)
                assert sentence != code
                assert "{" not in sentence
                assert "None" not in sentence


def test_sharpness_falls_with_blur_and_steadiness_with_motion():
    cv2 = pytest.importorskip("cv2")
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(128, 40, (200, 200)).astype(np.float32), (0, 0), 0.6)
    where = np.ones((200, 200), bool)
    sharp, still = quality.sharpness(noise, where)
    blurred, still_blurred = quality.sharpness(cv2.GaussianBlur(noise, (0, 0), 1.5), where)
    _, moved = quality.sharpness(cv2.blur(noise, (9, 1)), where)
    assert blurred < 0.6 * sharp
    assert min(still, still_blurred) > 0.6
    assert moved < 0.5
    assert quality.sharpness(noise, np.zeros((200, 200), bool)) == (0.0, 0.0)
