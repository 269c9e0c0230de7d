"""A picture of every page and state, both languages, 1366x768, in var/screenshots, with what axe finds."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from axe_playwright_python.sync_playwright import Axe  # noqa: E402 - after the path is set
from PIL import Image  # noqa: E402 - after the path is set
from playwright.sync_api import expect, sync_playwright  # noqa: E402 - after the path is set

from tests.browser import running, walk  # noqa: E402 - after the path is set

OUT = ROOT / "var" / "screenshots"
_SETTLE = 1500  # milliseconds until a PC/SC service has noticed another card
_NO_CAMERA = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }"
_OTHER_PERSON = {
    "name": "李样例", "sex": "2", "nation": "01", "birth": "19491231", "address": "样例路1号",
    "number": "11010519491231002X", "authority": "样例分局", "valid_from": "20200101", "valid_to": "长期",
}  # fmt: skip


def main() -> int:
    """Take the pictures; return 1 if axe finds anything serious."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    found: dict[str, list[dict[str, str]]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = running.fake_camera(Path(folder))
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=running.chromium_arguments(camera)
        )
        for language in ("zh", "en"):
            with running.Demo(Path(folder) / language) as demo:
                context = browser.new_context(
                    viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=demo.url
                )
                context.grant_permissions(["camera"])
                shoot(context, demo, language, found)
                context.close()
        browser.close()
    (OUT / "axe.json").write_text(json.dumps(found, ensure_ascii=False, indent=2))
    serious = {name: items for name, items in found.items() if items}
    print(f"{len(found)} pictures in var/screenshots; serious findings: {json.dumps(serious)}")
    return 1 if serious else 0


class Look:
    """One browser window in one language, and what is seen in it."""

    def __init__(self, context, demo, language, found):
        self.context, self.demo, self.language, self.found = context, demo, language, found
        self.page = context.new_page()

    def __call__(self, name):
        """Take the picture and ask axe."""
        self.page.screenshot(path=str(OUT / f"{name}.{self.language}.png"))
        violations = Axe().run(self.page).response["violations"]
        self.found[f"{name}.{self.language}"] = [
            {"id": item["id"], "impact": item["impact"], "where": str(item["nodes"][0]["target"])}
            for item in violations
            if item["impact"] in {"serious", "critical"}
        ]

    def go(self, path):
        """Open a page of the demo."""
        self.page.goto(f"{self.demo.url}{path}")

    def sees(self, what, seconds=30):
        """Wait until something is there."""
        expect(self.page.locator(what).first).to_be_visible(timeout=seconds * 1000)

    def sign_in(self, who, look=lambda _name: None):
        """Change the person at the desk."""
        self.context.clear_cookies()
        self.go("/sign-in")
        if self.language == "en":
            self.page.get_by_role("button", name="English").click()
            expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()
        walk.sign_in(self.page, self.demo.url, who, look)


def shoot(context, demo, language, found):
    """Walk through everything once, looking at each page."""
    look = Look(context, demo, language, found)
    look.go("/sign-in")
    if language == "en":
        look.page.get_by_role("button", name="English").click()
        expect(look.page.get_by_role("heading", name="Sign in")).to_be_visible()
    look.page.fill("#username", "clerk")
    look.page.fill("#password", "wrong-password")
    look.page.press("#password", "Enter")
    look.sees(".fault[data-code]")
    look("sign-in-wrong")
    look.sign_in("clerk", look)
    look("work-list-empty")
    _reader(look)
    number = _application(look)
    _after_confirming(look)
    _branch(look, number)
    _refused_by_the_bank(look)
    _looking_on(look)
    _interruptions(look)


def _reader(look):
    """Hear all an ID reader may say, and type without one."""
    page, demo = look.page, look.demo
    for name, steer in (
        ("no-card", {"remove": True}),
        ("lifted", {"fault": "half"}),
        ("wrong-card", {"fault": "wrong"}),
        ("no-reader", {"unplug": True}),
    ):
        demo.id_card(heal=True)
        demo.id_card(place=None)
        demo.id_card(**steer)
        look.go("/orders/new")
        page.keyboard.press("F2")
        look.sees("#reading .fault")
        look(f"clerk-1-{name}")
    page.click("details > summary")
    page.fill("#id_number", "110105194912310021")
    look("clerk-1-typing-wrong-digit")
    page.fill("#name", "王")
    page.fill("#address", "样例路 1 号")
    page.fill("#valid_to", "2040-01-01")
    page.press("#address", "Enter")
    look.sees("[data-code='id.check_digit']")
    look("clerk-1-typed-wrong")
    page.fill("#id_number", "11010519491231002X")
    page.fill("#valid_to", "2020-01-01")
    page.press("#address", "Enter")
    look.sees("[data-code='intake.expired']")
    look("clerk-1-expired")
    demo.id_card(replug=True)
    demo.id_card(heal=True)
    demo.id_card(place=None)


def _application(look):
    """Take five steps, with what may be wrong in each; return the order's number."""
    page, demo = look.page, look.demo
    walk.clerk_opens(page, demo.url, look)
    look("clerk-2-contact")
    page.fill("#mobile", "123")
    page.keyboard.press("F8")
    look.sees(".fault[data-code]")
    look("clerk-2-wrong")
    page.check("[name=by_agent]")
    page.fill("#mobile", "13800138000")
    page.fill("#agent_name", "李")
    page.fill("#agent_id_number", "110105194912310021")
    page.keyboard.press("F8")
    look.sees("[data-code='id.check_digit']")
    look("clerk-2-agent-wrong")
    page.uncheck("[name=by_agent]")
    walk.clerk_contact(page, lambda _name: None)
    expect(page.locator("#shoot")).to_be_enabled(timeout=15000)
    look("clerk-3-camera")
    for name, file in (("two-faces", _two_faces(demo.folder)), ("pdf", _pdf(demo.folder))):
        page.set_input_files("#file", file)
        look.sees({"two-faces": "[data-code='photo.several_faces']", "pdf": "[data-code='photo.not_an_image']"}[name])
        look(f"clerk-3-{name}")
    page.add_init_script(_NO_CAMERA)
    page.reload()
    expect(page.locator("#file")).to_be_focused()
    look("clerk-3-camera-refused")
    page.set_input_files("#file", running.PORTRAITS / "obama.jpg")
    look.sees(".verdict.good")
    look("clerk-3-verdict")
    page.keyboard.press("F8")
    look.sees(".check-step")
    demo.bank(down=True)
    number = walk.clerk_confirms(page, look)
    look.sees(".waiting")
    look("order-waiting")
    look.sign_in("supervisor")
    look.go("/bank-queue")
    look("supervisor-bank-queue-waiting")
    demo.bank(down=False)
    return number


def _after_confirming(look):
    look.sign_in("clerk")
    look.page.click("#lines a.number")
    look.sees("#state[data-state=accepted]")
    look("order-accepted")
    look.page.click(".reveal summary")
    look.page.fill("#why", "核对")
    look.page.press("#why", "Enter")
    look.sees(".reveal b")
    look("order-revealed")
    look.go("/orders/new")
    look.page.keyboard.press("F2")
    look.sees("#reading .fault")
    look("clerk-1-open-already")
    look.go("/orders")
    look("work-list")
    look.go("/orders?text=nobody")
    look("work-list-nothing-found")
    look.page.locator("h1").click()
    look.page.keyboard.press("?")
    look("help")


def _branch(look, number):
    """Make the card, with a wrong code, another person, a bank card and a card pulled out midway."""
    page, demo = look.page, look.demo
    look.sign_in("teller")
    look("teller-1-bench")
    page.fill("#code", "123")
    page.keyboard.press("F8")
    look.sees(".fault[data-code]")
    look("teller-1-wrong-code")
    look.go(f"/branch/{number}")
    look("teller-2-person")
    demo.id_card(place=_OTHER_PERSON)
    page.keyboard.press("F2")
    look.sees("[data-code='making.person_differs']")
    look("teller-2-other-person")
    demo.id_card(place=None)
    page.keyboard.press("F2")
    look.sees("[data-step=blank_taken].now")
    look("teller-3-blank")
    demo.cards(insert="bank")
    page.wait_for_timeout(_SETTLE)
    page.keyboard.press("F8")
    look.sees("[data-code='smartcard.bank_card']")
    look("teller-3-bank-card")
    code = demo.cards(insert="next")["code"]
    page.wait_for_timeout(_SETTLE)
    demo.cards(tear_after=30)
    page.keyboard.press("F8")
    look.sees(".fault[data-code]")
    look("teller-4-pulled")
    demo.cards(insert=code)
    page.wait_for_timeout(_SETTLE)
    page.keyboard.press("F8")
    look.sees("[data-step=enabled].now")
    look("teller-4-made")
    page.keyboard.press("F8")
    look.sees("[data-step=handed_over].now")
    look("teller-5-hand-over")
    page.keyboard.press("F8")
    look.sees("h2.good")
    look("teller-6-done")
    look.go("/branch")
    look("teller-1-bench-empty")
    look.go(f"/orders/{number}")
    look("order-handed-over")


def _refused_by_the_bank(look):
    """Take in another applicant, whom the bank refuses."""
    page, demo = look.page, look.demo
    look.sign_in("clerk")
    demo.id_card(place=_OTHER_PERSON)
    walk.clerk_opens(page, demo.url, lambda _name: None)
    page.fill("#mobile", "13800130001")
    page.keyboard.press("F8")
    look.sees("#file", 10)
    page.set_input_files("#file", running.PORTRAITS / "obama.jpg")
    look.sees(".verdict.good")
    page.keyboard.press("F8")
    look.sees(".check-step")
    walk.clerk_confirms(page, lambda _name: None)
    look.sees("#state[data-state=refused]")
    look("order-refused")
    page.click(".danger summary")
    page.locator(".danger button").scroll_into_view_if_needed()
    look("order-cancel")


def _looking_on(look):
    for who, path in (("supervisor", "/bank-queue"), ("auditor", "/audit"), ("auditor", "/audit?subject=nobody")):
        look.sign_in(who)
        look.go(path)
        look(f"{who}{path.replace('/', '-').replace('?subject=', '-')}")


def _interruptions(look):
    """Look at what no clerk asks for: no such page, not allowed, the line lost, the session ended."""
    page = look.page
    look.sign_in("clerk")
    for name, path in (("error-no-page", "/nowhere"), ("error-not-allowed", "/audit")):
        look.go(path)
        look(name)
    look.go("/orders")
    page.route("**/orders?*", lambda route: route.abort("connectionrefused"))
    page.route("**/orders", lambda route: route.abort("connectionrefused"))
    page.route("**/healthz", lambda route: route.abort("connectionrefused"))
    look.sees("#offline")
    look("line-lost")
    page.unroute_all()
    other = look.context.new_page()
    other.goto(f"{look.demo.url}/orders")
    other.locator("form[action='/sign-out'] button").click()
    expect(other.locator("#username")).to_be_visible()
    other.close()
    look.sees("#username")
    look("sign-in-again")


def _two_faces(folder):
    one, two = (
        Image.open(running.PORTRAITS / name).convert("RGB").resize((700, 875)) for name in ("obama.jpg", "biden.jpg")
    )
    both = Image.new("RGB", (1400, 875))
    both.paste(one, (0, 0))
    both.paste(two, (700, 0))
    both.save(folder / "two.jpg")
    return folder / "two.jpg"


def _pdf(folder):
    (folder / "scan.jpg").write_bytes(b"%PDF-1.7 no photo")
    return folder / "scan.jpg"


if __name__ == "__main__":
    sys.exit(main())
