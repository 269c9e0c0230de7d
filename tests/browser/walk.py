"""What a clerk and a teller do, key by key; ``look`` is called on every page and state."""

import re

from playwright.sync_api import expect

from cardsvc.services.seed import DEMO_PASSWORD


def press(page, key):
    """Press a key on a page that has its scripts: a person is never as quick as that, a test is."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def sign_in(page, url, who, look):
    page.goto(f"{url}/sign-in")
    look("sign-in")
    page.fill("#username", who)
    page.fill("#password", DEMO_PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("nav")).to_be_visible()


def clerk_opens(page, url, look):
    page.goto(f"{url}/orders/new")
    look("clerk-1-card")
    press(page, "F2")
    expect(page.locator("#reading .facts")).to_be_visible(timeout=15000)
    look("clerk-1-read")
    press(page, "F8")
    expect(page.locator("#mobile")).to_be_visible()


def clerk_contact(page, look, mobile="13800138000"):
    page.fill("#mobile", mobile)
    look("clerk-2-contact")
    press(page, "F8")
    expect(page.locator("#camera")).to_be_visible()


def clerk_photographs(page, look):
    expect(page.locator("#shoot")).to_be_enabled(timeout=15000)
    look("clerk-3-camera")
    press(page, "F4")
    expect(page.locator(".verdict.good")).to_be_visible(timeout=30000)
    look("clerk-3-verdict")
    press(page, "F8")
    expect(page.locator(".check-step")).to_be_visible()


def clerk_confirms(page, look):
    look("clerk-4-check")
    press(page, "F8")
    expect(page.locator("#slip")).to_be_visible()
    look("clerk-5-sign")
    page.check("[name=signed]")
    press(page, "F8")
    expect(page.locator("#state")).to_be_visible()
    return re.search(r"/orders/(\d{20})", page.url).group(1)


def teller_makes(page, url, number, look):
    page.goto(f"{url}/branch")
    look("teller-1-bench")
    page.keyboard.type(number, delay=5)
    press(page, "Enter")
    expect(page.locator("[data-step=identified].now")).to_be_visible()
    look("teller-2-person")
    press(page, "F2")
    expect(page.locator("[data-step=blank_taken].now")).to_be_visible(timeout=15000)
    look("teller-3-blank")
    press(page, "F8")
    expect(page.locator("[data-step=enabled].now")).to_be_visible(timeout=30000)
    look("teller-4-made")
    press(page, "F8")
    expect(page.locator("[data-step=handed_over].now")).to_be_visible()
    look("teller-5-hand-over")
    press(page, "F8")
    expect(page.locator("h2.good")).to_be_visible()
    look("teller-6-done")
