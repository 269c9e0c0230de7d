"""What disagrees on a card is pointed out, and nothing else is."""

from dataclasses import replace
from datetime import date

import pytest

from cardsvc.devices.base import Warned
from cardsvc.devices.idcard.checks import with_checks
from cardsvc.devices.idcard.layouts import parse_text
from cardsvc.devices.simulated.id_cards import build_text, default_person, synthetic_people
from cardsvc.domain.ids import check_character
from cardsvc.domain.people import LONG_TERM, DocumentKind, Sex
from cardsvc.domain.words import LANGUAGES, catalogue


def with_check(body):
    return body + check_character(body)


TODAY = date(2026, 3, 1)
RECORD = parse_text(build_text(default_person()))


def warned(record=RECORD, newest_address="", **changes):
    return with_checks(replace(record, **changes), today=TODAY, newest_address=newest_address).warnings


def codes(**changes):
    return [warning.code for warning in warned(**changes)]


def test_good_cards_have_no_warning():
    for person in synthetic_people(50, seed=2):
        assert warned(parse_text(build_text(person))) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": "110105194912310020"}, "idcard.number_wrong"),
        ({"number": ""}, "idcard.number_wrong"),
        ({"number": "110105491231002"}, "idcard.number_wrong"),
        ({"number": RECORD.number.lower()}, "idcard.number_wrong"),
        ({"birth": date(1990, 1, 1)}, "idcard.birth_differs"),
        ({"number": with_check("11010519490231002")}, "idcard.birth_differs"),
        ({"sex": Sex.FEMALE if RECORD.sex is Sex.MALE else Sex.MALE}, "idcard.sex_differs"),
        ({"name": "王\ue81e"}, "idcard.rare_name"),
        ({"name": "王" * 15}, "idcard.name_maybe_cut"),
        ({"name": ""}, "idcard.name_missing"),
        ({"valid_to": date(2026, 2, 28)}, "idcard.expired"),
        ({"valid_from": date(2026, 3, 2)}, "idcard.not_yet_valid"),
        ({"newest_address": "别处"}, "idcard.newer_address"),
    ],
)
def test_each_disagreement_has_its_code(changes, code):
    assert codes(**changes) == [code]


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": TODAY},
        {"valid_to": LONG_TERM},
        {"valid_to": None},
        {"sex": Sex.UNKNOWN},
        {"sex": Sex.UNSTATED},
        {"birth": None},
        {"newest_address": RECORD.address},
        {"nation": "97"},
        {"kind": DocumentKind.FOREIGNER_2017, "number": "ABC110080010101"},
    ],
)
def test_what_is_allowed_is_not_pointed_out(changes):
    assert codes(**changes) == []


def test_an_unknown_region_is_only_pointed_out():
    record = replace(RECORD, number=with_check("99010519491231002"), birth=date(1949, 12, 31), sex=Sex.FEMALE)
    assert warned(record) == (Warned("idcard.region_unknown", {"region": "990105"}),)


def test_a_foreigners_number_has_no_region():
    record = replace(
        RECORD, kind=DocumentKind.FOREIGNER_2023, number=with_check("99010519491231002"), birth=date(1949, 12, 31)
    )
    assert warned(record) == ()


def test_earlier_warnings_stay():
    record = replace(RECORD, warnings=(Warned("idcard.sex_unreadable"),))
    assert warned(record) == (Warned("idcard.sex_unreadable"),)


def test_every_code_in_the_package_has_words():
    import re
    from pathlib import Path

    import cardsvc.devices.idcard as package

    folder = Path(package.__file__).parent
    used = {code for file in folder.glob("*.py") for code in re.findall(r'"(idcard\.\w+)"', file.read_text("utf-8"))}
    assert used == {code for code in catalogue() if code.startswith("idcard.")}
    assert all(set(catalogue()[code]) == set(LANGUAGES) for code in used)
