import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import walk

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def accessible(page):
    def look(name):
        found = Axe().run(page).response["violations"]
        serious = [
            (item["id"], item["nodes"][0]["target"]) for item in found if item["impact"] in {"serious", "critical"}
        ]
        assert serious == [], name

    return look


def test_the_clerks_and_the_tellers_whole_path(demo, page):
    refused = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    look = accessible(page)
    walk.sign_in(page, demo.url, "clerk", look)
    walk.clerk_opens(page, demo.url, look)
    walk.clerk_contact(page, look)
    walk.clerk_photographs(page, look)
    demo.bank(down=True)
    number = walk.clerk_confirms(page, look)
    expect(page.locator(".waiting")).to_be_visible()
    demo.bank(down=False)
    expect(page.locator("#state[data-state=accepted]")).to_be_visible(timeout=30000)  # without a reload
    page.context.clear_cookies()
    walk.sign_in(page, demo.url, "teller", look)
    walk.teller_makes(page, demo.url, number, look)
    assert refused == []


def test_every_failure_is_said_where_the_person_looks(demo, page):
    quiet = lambda _name: None  # noqa: E731 - one line
    walk.sign_in(page, demo.url, "clerk", quiet)
    demo.id_card(remove=True)
    page.goto(f"{demo.url}/orders/new")
    walk.press(page, "F2")
    expect(page.locator("#reading [data-code='idcard.no_card']")).to_be_visible(timeout=20000)
    demo.id_card(unplug=True)
    walk.press(page, "F2")
    expect(page.locator("#reading .fault[data-code^='device.']")).to_be_visible(timeout=20000)
    page.click("details > summary")
    page.fill("#id_number", "110105194912310021")
    expect(page.locator("[data-id-hint].bad")).to_be_visible()
    page.fill("#name", "王")
    page.fill("#address", "样例路")
    page.fill("#valid_to", "2040-01-01")
    page.press("#address", "Enter")
    expect(page.locator("[data-code='id.check_digit']")).to_be_visible()
    page.fill("#id_number", "11010519491231002X")
    page.fill("#valid_to", "2020-01-01")
    page.press("#address", "Enter")
    expect(page.locator("[data-code='intake.expired']")).to_be_visible()


def test_the_language_switch_keeps_the_page_and_the_session_ends(demo, page):
    walk.sign_in(page, demo.url, "clerk", lambda _name: None)
    page.goto(f"{demo.url}/orders/new")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Read the applicant's ID card")).to_be_visible()
    assert page.url.endswith("/orders/new?") or page.url.endswith("/orders/new")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{demo.url}/orders")
    expect(page.locator("#username")).to_be_visible()


def test_the_camera_guides_and_shows_before_and_after(demo, page):
    walk.sign_in(page, demo.url, "clerk", lambda _name: None)
    walk.clerk_opens(page, demo.url, lambda _name: None)
    walk.clerk_contact(page, lambda _name: None)
    expect(page.locator("#camera-message[data-code^='guide.']")).to_be_visible(timeout=15000)
    expect(page.locator("#camera-message")).not_to_be_empty()
    walk.press(page, "F4")
    expect(page.locator("#before img")).to_be_visible(timeout=30000)
    expect(page.locator(".verdict figure:not(#before) img")).to_be_visible()
    walk.press(page, "F4")  # once more: another one takes its place
    expect(page.locator("#before img")).to_be_visible(timeout=30000)
