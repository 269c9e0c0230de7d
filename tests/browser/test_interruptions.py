"""What gets between a person and the counter: a lost line, a second press, a camera that will not, a key held down."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import walk

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def quiet(_name):
    pass


def test_a_whole_application_and_a_card_with_enter_alone(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    page.keyboard.press("F8")
    expect(page.locator("main [data-fkey=F2]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#reading .main-action")).to_be_focused(timeout=15000)
    page.keyboard.press("Enter")
    expect(page.locator("#mobile")).to_be_focused()
    page.keyboard.type("13800138000")
    page.keyboard.press("Enter")
    expect(page.locator("#shoot")).to_be_focused(timeout=15000)
    page.keyboard.press("Enter")
    expect(page.locator(".verdict.good .main-action")).to_be_focused(timeout=30000)
    page.keyboard.press("Enter")
    expect(page.locator(".check-step ~ .main-action")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[name=signed]")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#state[data-state=accepted]")).to_be_visible(timeout=30000)
    number = re.search(r"/orders/(\d{20})", page.url).group(1)
    page.context.clear_cookies()
    walk.sign_in(page, demo.url, "teller", quiet)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(number, delay=150)
    page.keyboard.press("Enter")
    for step in ("identified", "blank_taken", "enabled", "handed_over"):
        expect(page.locator(f"[data-step={step}].now")).to_be_visible(timeout=30000)
        expect(page.locator("#panel .main-action")).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.locator("h2.good")).to_be_visible()


def test_after_a_refusal_the_hand_is_where_it_tries_again(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    demo.id_card(remove=True)
    page.goto(f"{demo.url}/orders/new")
    page.keyboard.press("F2")
    expect(page.locator("#reading .fault")).to_be_visible(timeout=20000)
    expect(page.locator("[data-fkey=F2]")).to_be_focused()
    demo.id_card(place=None)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    expect(page.locator("#shoot")).to_be_enabled(timeout=15000)
    (demo.folder / "scan.jpg").write_bytes(b"%PDF-1.7 no photo")
    page.set_input_files("#file", demo.folder / "scan.jpg")
    expect(page.locator(".verdict.bad [data-code='photo.not_an_image']")).to_be_visible(timeout=20000)
    expect(page.locator("#shoot")).to_be_focused()


def test_the_preview_stands_in_the_middle_of_the_oval(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    expect(page.locator("#shoot")).to_be_enabled(timeout=15000)
    video, oval = (page.locator(name).bounding_box() for name in ("#video", ".oval"))
    assert abs(video["x"] + video["width"] / 2 - oval["x"] - oval["width"] / 2) < 2


@pytest.mark.parametrize("name", ["NotAllowedError", "NotFoundError", "NotReadableError"])
def test_a_camera_that_will_not_says_why_and_a_file_does(demo, page, portraits, name):
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{name}'); }}"
    )
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    said = {"NotAllowedError": "未允许", "NotFoundError": "没有找到", "NotReadableError": "占用"}[name]
    expect(page.locator("#camera-message")).to_contain_text(said)
    expect(page.locator("#file")).to_be_focused()
    page.set_input_files("#file", portraits / "obama.jpg")
    expect(page.locator(".verdict.good .main-action")).to_be_focused(timeout=30000)


def test_a_camera_pulled_out_is_noticed(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    expect(page.locator("#shoot")).to_be_enabled(timeout=15000)
    page.evaluate("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#camera-message")).to_contain_text("断开")
    expect(page.locator("#shoot")).to_be_disabled()
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(page.locator("#shoot")).to_be_enabled()


def test_a_key_held_down_and_a_button_pressed_twice_send_once(demo, page):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    page.fill("#mobile", "13800138000")
    sent.clear()
    page.route("**/contact", lambda route: (page.wait_for_timeout(300), route.continue_()))
    for _ in range(5):
        page.keyboard.down("F8")
    page.keyboard.up("F8")
    expect(page.locator("#camera")).to_be_visible()
    assert [url for url in sent if url.endswith("/contact")] == [page.url.replace("/photo", "/contact")]


def test_a_lost_line_is_said_keeps_what_was_typed_and_heals(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    page.fill("#mobile", "13800138000")
    page.route("**/*", lambda route: route.abort("connectionrefused"))
    page.keyboard.press("F8")
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#offline code")).to_have_text("link.lost")
    assert page.input_value("#mobile") == "13800138000"
    page.unroute("**/*")
    expect(page.locator("#offline")).to_be_hidden(timeout=10000)
    page.keyboard.press("F8")
    expect(page.locator("#camera")).to_be_visible()


def test_a_line_lost_while_the_card_is_written_goes_on_from_the_saved_step(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    walk.clerk_photographs(page, quiet)
    number = walk.clerk_confirms(page, quiet)
    expect(page.locator("#state[data-state=accepted]")).to_be_visible(timeout=30000)
    page.route("**/status", lambda route: route.abort("connectionrefused"))
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/status")
    expect(page.locator("#offline")).to_be_hidden(timeout=10000)
    page.context.clear_cookies()
    walk.sign_in(page, demo.url, "teller", quiet)
    page.goto(f"{demo.url}/branch/{number}")
    page.keyboard.press("F2")
    expect(page.locator("[data-step=blank_taken].now")).to_be_visible(timeout=15000)
    asked = []

    def once(route):
        asked.append(route)
        return route.abort("connectionrefused") if len(asked) == 2 else route.continue_()

    page.route("**/advance", once)
    page.keyboard.press("F8")
    expect(page.get_by_role("button", name="继续")).to_be_focused(timeout=15000)
    page.keyboard.press("Enter")
    expect(page.locator("[data-step=enabled].now")).to_be_visible(timeout=30000)


def test_the_list_keeps_the_row_under_the_finger_while_it_refreshes(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    page.goto(f"{demo.url}/orders")
    row = page.locator("#lines a.number").first
    row.focus()
    with page.expect_response(lambda answer: "/orders" in answer.url and answer.request.headers.get("x-cardsvc-poll")):
        pass
    page.wait_for_timeout(200)
    expect(row).to_be_focused()


def test_the_session_that_ended_under_a_page_brings_back_to_it(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    page.goto(f"{demo.url}/orders?state=draft")
    other = page.context.new_page()
    other.goto(f"{demo.url}/orders")
    other.get_by_role("button", name="退出").click()
    expect(other.locator("#username")).to_be_visible()
    expect(page.locator("#username")).to_be_visible(timeout=10000)  # the list asks by itself and is sent to the door
    walk_back = page.url
    assert "next=" in walk_back
    page.fill("#username", "clerk")
    page.fill("#password", walk.DEMO_PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("#lines")).to_be_visible()
    assert page.url.endswith("/orders?state=draft")


def test_what_may_be_done_follows_the_state_without_a_reload(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    walk.clerk_contact(page, quiet)
    walk.clerk_photographs(page, quiet)
    demo.bank(down=True)
    walk.clerk_confirms(page, quiet)
    expect(page.locator(".waiting")).to_be_visible()
    expect(page.locator(".danger")).to_have_count(0)
    demo.bank(down=False)
    expect(page.locator("#state[data-state=accepted]")).to_be_visible(timeout=30000)
    page.click(".danger summary")
    page.fill("#reason", "申请人撤回")
    page.press("#reason", "Enter")
    expect(page.locator("#state[data-state=cancelled]")).to_be_visible(timeout=30000)


def test_an_order_that_is_open_already_is_one_key_away(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    walk.clerk_opens(page, demo.url, quiet)
    page.goto(f"{demo.url}/orders/new")
    page.keyboard.press("F2")
    expect(page.locator("#reading [data-code='intake.open_order_exists']")).to_be_visible(timeout=20000)
    expect(page.locator("#reading .main-action")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#state[data-state=draft]")).to_be_visible()


def test_the_main_action_is_in_sight_with_everything_open_and_wrong(demo, page):
    walk.sign_in(page, demo.url, "clerk", quiet)
    page.goto(f"{demo.url}/orders/new")
    page.click("details > summary")
    page.fill("#id_number", "123")
    page.press("#id_number", "Enter")
    expect(page.locator("details [data-code='input.invalid'], details [data-code='id.malformed']")).to_be_visible()
    expect(page.locator("details form button")).to_be_in_viewport(ratio=1)
    walk.clerk_opens(page, demo.url, quiet)
    page.check("[name=by_agent]")
    page.fill("#mobile", "13800138000")
    page.fill("#agent_name", "李")
    page.fill("#agent_id_number", "110105194912310021")
    expect(page.locator("#agent-id-hint.bad")).to_be_visible()
    page.keyboard.press("F8")
    expect(page.locator("#agent [data-code='id.check_digit']")).to_be_visible()
    expect(page.locator("#agent_id_number")).to_be_focused()
    expect(page.locator(".main-action")).to_be_in_viewport(ratio=1)


def test_a_wrong_code_is_replaced_by_the_next_one(demo, page):
    walk.sign_in(page, demo.url, "teller", quiet)
    page.keyboard.type("123")
    page.keyboard.press("Enter")
    expect(page.locator("[data-code='order.number']")).to_be_visible()
    page.keyboard.type("456")
    expect(page.locator("#code")).to_have_value("456")
