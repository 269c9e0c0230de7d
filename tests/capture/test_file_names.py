import pytest

from cardsvc.capture.file_names import is_litter, read_name
from tests.builders import id_number

NUMBER = id_number(31)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        (NUMBER, ""),
        (f"{NUMBER}_王小明", "王小明"),
        (f"{NUMBER}王小明", "王小明"),
        (f"王小明_{NUMBER}", "王小明"),
        (f"王小明+{NUMBER}", "王小明"),
        (f"{NUMBER.lower()}-㛃䶮𬱖", "㛃䶮𬱖"),
    ],
)
@pytest.mark.parametrize("ending", [".jpg", ".JPG", ".heic"])
def test_what_people_call_their_files(stem, name, ending):
    found = read_name(f"unit/{stem}{ending}")
    assert (found.id_number, found.name, found.problem) == (NUMBER, name, "")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (f"{NUMBER} 王小明.jpg", "batch.name_spaces"),
        (f"{NUMBER}\u3000.jpg", "batch.name_spaces"),
        (f"{NUMBER[:-1]}Ｘ.jpg", "batch.name_full_width"),
        ("１１０１０５１９４９１２３１００２X.jpg", "batch.name_full_width"),
        ("王小明.jpg", "batch.name_no_number"),
        (f"王{NUMBER}小明.jpg", "batch.name_no_number"),
        (f"{NUMBER}9.jpg", "batch.name_no_number"),
        ("110105194912310021.jpg", "batch.name_number_wrong"),
        ("110105194913310020.jpg", "batch.name_number_wrong"),
        (f"{NUMBER}.pdf", "batch.not_a_picture"),
        (f"{NUMBER}", "batch.not_a_picture"),
        ("", "batch.not_a_picture"),
    ],
)
def test_what_cannot_be_matched_has_its_reason(name, problem):
    assert read_name(name).problem == problem


@pytest.mark.parametrize("name", ["Thumbs.db", "a/.DS_Store", "__MACOSX/a/._1.jpg", "b/desktop.ini", "._x.jpg"])
def test_litter_is_not_counted(name):
    assert is_litter(name)


def test_a_photo_is_no_litter():
    assert not is_litter(f"a/{NUMBER}.jpg")
