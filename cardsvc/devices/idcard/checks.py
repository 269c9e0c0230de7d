"""Cross-checks of a reading: what disagrees is a warning, for the clerk to compare with the card in hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from cardsvc.devices.base import IdRecord, Warned
from cardsvc.domain.ids import IdNumberBirthWrong, birth_of, parse_id_number, region_known, sex_of
from cardsvc.domain.names import suspect_characters
from cardsvc.domain.people import DocumentKind, Sex, is_expired
from cardsvc.errors import Rejected

_NAME_UNITS = 15  # UTF-16 code units the chip has for a Chinese name


def with_checks(record: IdRecord, *, today: date, newest_address: str = "") -> IdRecord:
    """Return the record with the warnings that its fields, ``today`` and the newest address give rise to."""
    found = (*_number(record), *_text(record), *_validity(record, today), *_moved(record, newest_address))
    return replace(record, warnings=record.warnings + found)


def _number(record: IdRecord) -> Iterator[Warned]:
    if record.kind is DocumentKind.FOREIGNER_2017:  # three letters and twelve digits, with a rule of their own
        return
    try:
        if parse_id_number(record.number) != record.number:
            yield Warned("idcard.number_wrong")  # a chip carries 18 characters in upper case, nothing else
            return
        birth = birth_of(record.number)
    except IdNumberBirthWrong:
        yield Warned("idcard.birth_differs")
        return
    except Rejected:
        yield Warned("idcard.number_wrong")
        return
    if record.birth is not None and birth != record.birth:
        yield Warned("idcard.birth_differs")
    if record.kind is DocumentKind.FOREIGNER_2023:  # begins with 9 and a country: no region, parity not documented
        return
    if record.sex in {Sex.MALE, Sex.FEMALE} and sex_of(record.number) != record.sex:
        yield Warned("idcard.sex_differs")
    if not region_known(record.number):
        yield Warned("idcard.region_unknown", {"region": record.number[:6]})


def _text(record: IdRecord) -> Iterator[Warned]:
    suspects = suspect_characters(record.name)
    if suspects:
        yield Warned("idcard.rare_name", {"characters": ", ".join(suspects)})
    if len(record.name.encode("utf-16-le", "surrogatepass")) // 2 >= _NAME_UNITS:
        yield Warned("idcard.name_maybe_cut")
    if not record.name and not record.english_name:
        yield Warned("idcard.name_missing")


def _validity(record: IdRecord, today: date) -> Iterator[Warned]:
    if is_expired(record.valid_to, today):
        yield Warned("idcard.expired", {"valid_to": str(record.valid_to)})
    if record.valid_from is not None and record.valid_from > today:
        yield Warned("idcard.not_yet_valid", {"valid_from": str(record.valid_from)})


def _moved(record: IdRecord, newest_address: str) -> Iterator[Warned]:
    if newest_address and newest_address != record.address:
        yield Warned("idcard.newer_address", {"address": newest_address})
