from importlib import resources

import pytest

from cardsvc.domain.profile_check import profile_faults
from cardsvc.domain.profiles import FileNaming, ProfileUnknown, ProfileWrong, load_profile, profile_names, read_profile
from cardsvc.domain.words import catalogue

GUIZHOU = (resources.files("cardsvc.domain") / "profiles" / "guizhou.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", profile_names())
def test_every_region_there_is_can_be_used(name):
    assert load_profile(name).name == name


def test_regions_have_their_own_figures():
    nantong, fushan, wuhan = (load_profile(name).photo for name in ("nantong", "fushan", "wuhan"))
    assert (nantong.quality, nantong.min_bytes, nantong.max_bytes) == (70, 14336, 40000)
    assert (nantong.face_width, nantong.centre_tolerance, nantong.file_name) == ((179, 255), 17, FileNaming.ID_NAME)
    assert (fushan.max_bytes, fushan.file_name) == (100000, FileNaming.ID)
    assert (wuhan.backgrounds, wuhan.width, wuhan.dpi) == (((255, 0, 0),), 295, 300)


def test_a_new_region_is_one_file():
    assert (read_profile("here", GUIZHOU.replace("贵州", "此地")).title_zh, load_profile("guizhou").title_zh) == (
        "此地",
        "贵州",
    )


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("width = 358", "width = 3", "photo.width", "profile.pixels"),
        ("width = 358", "widht = 358", "photo.widht", "profile.unknown_key"),
        ("width = 358  ", "# width = 358", "photo.width", "profile.missing"),
        ("[193, 221]", "[221, 193]", "photo.face_width", "profile.pair"),
        ("[193, 221]", "[193, 194]", "photo.face_width", "profile.too_narrow"),
        ("[193, 221]", "[193, 400]", "photo.face_width", "profile.wider_than_photo"),
        ("[255, 255, 255]", "[255, 255]", "photo.backgrounds", "profile.colours"),
        ("max_bytes = 50000", "max_bytes = 50000\nmin_bytes = 60000", "photo.min_bytes", "profile.window_empty"),
        ("replace_background = true", 'replace_background = "yes"', "photo.replace_background", "profile.yes_or_no"),
        ("eye_line_min = 207", "eye_line_min = 400", "photo.eye_line_min", "profile.no_room"),
        ('opens = "08:00"', 'opens = "20:00"', "window.opens", "profile.closes_before"),
        ('opens = "08:00"', 'opens = "8:00"', "window.opens", "profile.time"),
        ('region_code = "520100"', "region_code = 520100", "region_code", "profile.six_digits"),
        ("[photo]", "[photo", "", "profile.not_toml"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, key, reason):
    text = GUIZHOU.replace(old, new, 1)
    assert text != GUIZHOU
    found = {(fault.key, fault.reason): fault.line for fault in profile_faults(text)}
    assert (key, reason) in found
    if reason != "profile.missing":
        wrong = text.splitlines()[found[key, reason] - 1]
        assert key.rpartition(".")[2] in wrong
    with pytest.raises(ProfileWrong):
        read_profile("wrong", text)


def test_everything_is_said_at_once():
    text = GUIZHOU.replace("width = 358", "width = 3").replace("dpi = 350", "dpi = 1")
    assert {fault.key for fault in profile_faults(text)} == {"photo.width", "photo.dpi"}
    assert all(fault.reason in catalogue() for fault in profile_faults(text))


def test_a_region_nobody_knows():
    with pytest.raises(ProfileUnknown):
        load_profile("atlantis")
