import pytest

from cardsvc.domain.words import say


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("zh", "“手机号码”填写有误：应为 11 位手机号码"),
        ("en", "“mobile number” is not right: a mobile number has 11 digits and begins with 1"),
    ],
)
def test_facts_that_are_codes_are_said_in_words(language, wanted):
    assert say("input.invalid", language, field="mobile", reason="mobile") == wanted


def test_states_and_actions_too():
    said = say("order.illegal_move", "zh", state="draft", action="hand_over", allowed="")
    assert "draft" not in said
    assert "hand_over" not in said


def test_a_fact_that_is_no_code_stays_as_it_is():
    assert "wobble" in say("input.invalid", "en", field="wobble", reason="wobble")


def test_what_has_no_words_is_its_own_name():
    assert say("no.such_code", "zh") == "no.such_code"
