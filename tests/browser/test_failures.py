import pytest
from PIL import Image
from playwright.sync_api import expect

from cardsvc.domain.ids import parse_id_number
from tests.browser import running, walk
from tests.builders import id_number

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def quiet(_name):
    """Look at nothing."""


def refused(page, code):
    expect(page.locator(f"#verdict [data-code='{code}']")).to_be_visible(timeout=20000)


def two_faces(folder):
    both = Image.new("RGB", (1400, 875))
    for index, name in enumerate(("obama.jpg", "biden.jpg")):
        with Image.open(running.PORTRAITS / name) as one:
            both.paste(one.convert("RGB").resize((700, 875)), (700 * index, 0))
    both.save(folder / "two.jpg")
    return folder / "two.jpg"


def test_the_whole_picture_of_the_camera_is_seen(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    expect(page.locator("#shoot")).to_be_enabled(timeout=15000)
    inside, frame = page.locator("#video").bounding_box(), page.locator("#camera").bounding_box()
    assert inside["width"] <= frame["width"]
    assert inside["height"] <= frame["height"]
    assert abs(inside["x"] + inside["width"] / 2 - frame["x"] - frame["width"] / 2) < 2


def test_photos_that_are_none_are_refused_and_leave_nothing(demo, page, tmp_path):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    page.fill("#mobile", "123")
    walk.press(page, "F8")
    expect(page.locator("#mobile.is-invalid")).to_be_visible()
    expect(page.locator(".fault")).to_contain_text("手机号码")
    page.fill("#mobile", "13800138000")
    page.check("[name=by_agent]")
    page.fill("#agent_name", "李远山")
    walk.press(page, "F8")
    expect(page.locator("#agent_id_number.is-invalid")).to_be_visible()
    page.fill("#agent_id_number", id_number(8))
    walk.press(page, "F8")
    expect(page.locator("#camera")).to_be_visible()
    (tmp_path / "paper.jpg").write_bytes(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")
    page.set_input_files("#file", tmp_path / "paper.jpg")
    refused(page, "photo.not_an_image")
    page.set_input_files("#file", two_faces(tmp_path))
    refused(page, "photo.several_faces")
    page.goto(page.url.replace("/photo", "/check"))
    expect(page.get_by_text("还没有照片。")).to_be_visible()
    expect(page.locator(".answers")).to_contain_text(id_number(8))
    expect(page.locator(".answers")).to_contain_text("13800138000")


def test_id_cards_that_open_nothing(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    demo.id_card(fault="half")
    page.goto(f"{demo.url}/orders/new")
    walk.press(page, "F2")
    expect(page.locator("#reading [data-code='idcard.lifted']")).to_be_visible(timeout=20000)
    demo.id_card(heal=True)
    number = id_number(11)
    assert parse_id_number(number) == number
    demo.id_card(place={"number": number, "name": "王清河", "valid_from": "2000-01-01", "valid_to": "2020-01-01"})
    walk.press(page, "F2")
    expect(page.locator("#reading .warned")).to_contain_text("2020")
    walk.press(page, "F8")
    expect(page.locator(".fault[data-code='intake.expired']")).to_be_visible()
    page.goto(f"{demo.url}/orders")
    expect(page.get_by_text(number[:6])).to_have_count(0)


def test_a_form_from_another_time_changes_nothing(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    page.fill("#mobile", "13800138000")
    page.evaluate("document.querySelector('[name=version]').value = 'x'")
    walk.press(page, "F8")
    expect(page.locator(".fault[data-code='record.stale']")).to_be_visible()


def test_a_bank_card_and_a_wrong_person_at_the_branch(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    walk.clerk_photographs(page, quiet)
    number = walk.clerk_confirms(page, quiet)
    expect(page.locator("#state[data-state=accepted]")).to_be_visible(timeout=30000)
    page.context.clear_cookies()
    walk.sign_in(page, demo.url, "teller", quiet)
    page.goto(f"{demo.url}/branch/{number}")
    demo.id_card(
        place={"number": id_number(12), "name": "王清河", "valid_from": "2020-01-01", "valid_to": "2040-01-01"}
    )
    walk.press(page, "F2")
    expect(page.locator("#panel [data-code='making.person_differs']")).to_be_visible(timeout=15000)
    demo.id_card(place=None)
    walk.press(page, "F2")
    expect(page.locator("[data-step=blank_taken].now")).to_be_visible(timeout=15000)
    demo.cards(insert="bank")
    walk.press(page, "F8")
    expect(page.locator("#panel [data-code='smartcard.bank_card']")).to_be_visible(timeout=15000)
    code = demo.cards(insert="next")["code"]
    demo.cards(tear_after=12)
    walk.press(page, "F8")
    expect(page.locator("#panel .fault[data-code^='smartcard.']")).to_be_visible(timeout=20000)
    demo.cards(insert=code)
    walk.press(page, "F8")
    expect(page.locator("[data-step=enabled].now")).to_be_visible(timeout=30000)
    expect(page.locator("#panel")).to_contain_text(code)
