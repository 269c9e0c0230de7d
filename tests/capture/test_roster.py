import io

import pytest
import xlsxwriter

from cardsvc.capture.file_names import read_name
from cardsvc.capture.matching import match
from cardsvc.capture.roster import RosterHeadless, RosterUnreadable, read_roster
from tests.builders import id_number


def sheet(*rows):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        for line, row in enumerate(rows):
            page.write_row(line, 0, row)
    return out.getvalue()


HEAD = ("序号", "姓名", "身份证号码（必填）")


def test_people_are_read_wherever_the_header_stands():
    data = sheet(("某某公司花名册",), (), HEAD, (1, " 王清河 ", id_number(1).lower()), (), (2, "㛃䶮𬱖", id_number(2)))
    people = read_roster(data, "a.xlsx")
    assert [(row.line, row.id_number, row.name, row.problem) for row in people] == [
        (4, id_number(1), "王清河", ""),
        (6, id_number(2), "㛃䶮𬱖", ""),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ((1, "王", 110105194912310021.0), "roster.number_lost_digits"),
        ((1, "王", ""), "roster.no_number"),
        ((1, "", id_number(3)), "roster.no_name"),
        ((1, "王", "110105194912310021"), "id.check_digit"),
        ((1, "王", "11010519491231"), "id.malformed"),
        ((1, "王", "11010519491332002X"), "id.check_digit"),
    ],
)
def test_a_row_that_cannot_be_has_its_reason(row, problem):
    (person,) = read_roster(sheet(HEAD, row), "a.xlsx")
    assert (person.line, person.problem) == (2, problem)


def test_the_second_of_the_same_person_is_named():
    people = read_roster(sheet(HEAD, (1, "王", id_number(4)), (2, "王", id_number(4))), "a.xlsx")
    assert [row.problem for row in people] == ["", "roster.twice"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_csv_from_any_program(encoding, mark):
    lines = [mark.join(("姓名", "身份证号", "电话")), mark.join(("㛃龘", f'="{id_number(5)}"', "1")), ""]
    (person,) = read_roster("\r\n".join(lines).encode(encoding), "名单.csv")
    assert (person.id_number, person.name) == (id_number(5), "㛃龘")


@pytest.mark.parametrize(
    ("data", "name", "error"),
    [
        (b"%PDF-1.7", "a.xlsx", RosterUnreadable),
        (b"", "a.xls", RosterUnreadable),
        (b"\xff\xff\xff", "a.csv", RosterUnreadable),
        (sheet(("电话", "住址")), "a.xlsx", RosterHeadless),
        (sheet(("姓名", "住址")), "a.xlsx", RosterHeadless),
        (b"", "a.csv", RosterHeadless),
    ],
)
def test_what_is_no_roster_says_so(data, name, error):
    with pytest.raises(error):
        read_roster(data, name)


def test_everybody_and_every_file_is_accounted_for():
    people = read_roster(
        sheet(HEAD, *((i, "王李赵钱孙"[i - 1], id_number(i)) for i in range(1, 6)), (9, "李", "1")), "a.xlsx"
    )
    names = [
        f"{id_number(1)}.jpg",
        f"{id_number(2)}_李.jpg",
        f"{id_number(3)}_王.jpg",
        f"{id_number(4)}.jpg",
        f"a/{id_number(4)}.png",
        f"{id_number(9)}.jpg",
        "谁.jpg",
    ]
    found = {(one.ref, one.line): one.problem for one in match(map(read_name, names), people)}
    assert found == {
        (names[0], 2): "",
        (names[1], 3): "",
        (names[2], 4): "batch.name_differs",
        (names[3], 5): "batch.duplicate",
        (names[4], 5): "batch.duplicate",
        (names[5], None): "batch.not_on_roster",
        (names[6], None): "batch.name_no_number",
        ("", 6): "batch.no_photo",
        ("", 7): "id.malformed",
    }


def test_without_a_roster_every_well_named_file_is_a_person():
    (one,) = match([read_name(f"{id_number(1)}_王清河.jpg")], None)
    assert (one.line, one.name, one.problem) == (None, "王清河", "")
