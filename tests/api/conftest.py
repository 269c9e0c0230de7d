import pytest

from cardsvc.capture.guidance import Guidance
from cardsvc.parts import Desk, Parts
from counter_ui import create_app
from tests.services.conftest import counter, fonts, good_photo, person

__all__ = ["counter", "fonts", "person"]


@pytest.fixture
def app(counter):
    parts = Parts(
        uow=counter.uow,
        clock=counter.clock,
        profile=counter.profile,
        desks={"1": Desk("1", counter.plate, counter.slot)},
        normalise=good_photo,
        guide=lambda *_, **__: Guidance(("guide.good",), None),
        fonts=counter.fonts,
        banks=counter.banks,
        bank_verifier=counter.banks["ICBC"]._verifier,
        bank_of_key={"bank-1": "ICBC"},
        secret_key=b"s" * 32,
        data_dir=None,
        secure_cookies=False,
        demo=True,
    )
    made = create_app(parts)
    made.config["RATELIMIT_ENABLED"] = False
    return made
