"""A picture of every page and state, both languages, 1366x768, in var/screenshots, with what axe finds."""

import json
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


def main() -> int:
    """Take the pictures; return 1 if axe finds anything serious."""
    OUT.mkdir(parents=True, exist_ok=True)
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


def shoot(context, demo, language, found):
    """Walk through everything once, looking at each page."""
    page = context.new_page()

    def look(name):
        page.screenshot(path=str(OUT / f"{name}.{language}.png"))
        violations = Axe().run(page).response["violations"]
        found[f"{name}.{language}"] = [
            {"id": item["id"], "impact": item["impact"], "where": str(item["nodes"][0]["target"])}
            for item in violations
            if item["impact"] in {"serious", "critical"}
        ]

    page.goto(f"{demo.url}/sign-in")
    if language == "en":
        page.get_by_role("button", name="English").click()
    page.fill("#username", "clerk")
    page.fill("#password", "wrong-password")
    page.press("#password", "Enter")
    expect(page.locator(".fault")).to_be_visible()
    look("sign-in-wrong")
    walk.sign_in(page, demo.url, "clerk", look)
    look("work-list-empty")
    demo.id_card(remove=True)
    page.goto(f"{demo.url}/orders/new")
    walk.press(page, "F2")
    expect(page.locator("#reading .fault")).to_be_visible(timeout=20000)
    look("clerk-1-no-card")
    page.click("details > summary")
    page.fill("#id_number", "110105194912310021")
    look("clerk-1-typed-wrong")
    demo.id_card(place=None)
    walk.clerk_opens(page, demo.url, look)
    page.fill("#mobile", "123")
    walk.press(page, "F8")
    expect(page.locator(".fault")).to_be_visible()
    look("clerk-2-wrong")
    page.goto(page.url)
    walk.clerk_contact(page, look)
    one, two = (
        Image.open(running.PORTRAITS / name).convert("RGB").resize((700, 875)) for name in ("obama.jpg", "biden.jpg")
    )
    both = Image.new("RGB", (1400, 875))
    both.paste(one, (0, 0))
    both.paste(two, (700, 0))
    both.save(demo.folder / "two.jpg")
    page.set_input_files("#file", demo.folder / "two.jpg")
    expect(page.locator(".verdict.bad")).to_be_visible(timeout=20000)
    look("clerk-3-refused")
    page.goto(page.url)
    walk.clerk_photographs(page, look)
    demo.bank(down=True)
    number = walk.clerk_confirms(page, look)
    expect(page.locator(".waiting")).to_be_visible()
    look("order-waiting")
    demo.bank(down=False)
    expect(page.locator("#state[data-state=accepted]")).to_be_visible(timeout=30000)
    look("order-accepted")
    page.goto(f"{demo.url}/orders/new")
    walk.press(page, "F2")
    expect(page.locator("#reading .fault")).to_be_visible(timeout=20000)
    look("clerk-1-open-already")
    page.goto(f"{demo.url}/orders")
    look("work-list")
    page.keyboard.press("?")
    look("help")
    page.keyboard.press("Escape")
    context.clear_cookies()
    page.goto(f"{demo.url}/sign-in")
    if language == "en":
        page.get_by_role("button", name="English").click()
    walk.sign_in(page, demo.url, "teller", look)
    demo.cards(insert="bank")
    page.goto(f"{demo.url}/branch/{number}")
    walk.press(page, "F2")
    expect(page.locator("[data-step=blank_taken].now")).to_be_visible(timeout=15000)
    walk.press(page, "F8")
    expect(page.locator(".fault")).to_be_visible(timeout=15000)
    look("teller-3-bank-card")
    demo.cards(insert="next")
    walk.press(page, "F8")
    expect(page.locator("[data-step=enabled].now")).to_be_visible(timeout=30000)
    look("teller-4-made")
    walk.press(page, "F8")
    expect(page.locator("[data-step=handed_over].now")).to_be_visible()
    look("teller-5-hand-over")
    walk.press(page, "F8")
    expect(page.locator("h2.good")).to_be_visible()
    look("teller-6-done")
    page.goto(f"{demo.url}/branch")
    look("teller-1-bench")
    page.goto(f"{demo.url}/orders/{number}")
    look("order-handed-over")
    for who, path in (("supervisor", "/bank-queue"), ("auditor", "/audit")):
        context.clear_cookies()
        page.goto(f"{demo.url}/sign-in")
        if language == "en":
            page.get_by_role("button", name="English").click()
        walk.sign_in(page, demo.url, who, lambda _name: None)
        page.goto(f"{demo.url}{path}")
        look(f"{who}{path.replace('/', '-')}")


if __name__ == "__main__":
    sys.exit(main())
