import pytest

from cardsvc.capture.pool import PhotoPool, died
from cardsvc.domain.profiles import load_profile
from tests.capture.children import PORTRAIT, pretend

GUIZHOU = load_profile("guizhou")


@pytest.fixture(scope="module")
def pool():
    with PhotoPool(1, seconds=2.0, normalise=pretend) as made:
        yield made


@pytest.mark.parametrize("harm", [b"die", b"hang", b"eat"])
def test_a_photo_that_harms_its_process_harms_nobody_elses(pool, harm):
    before, harmful, after = (pool.start(data, GUIZHOU) for data in (b"fine", harm, b"fine"))
    assert died(harmful.exception(timeout=30))
    assert before.result(timeout=30).portrait == after.result(timeout=30).portrait == PORTRAIT


def test_a_photo_made_elsewhere_is_the_same_as_here(portraits):
    from cardsvc.capture.normalise import normalise

    data = (portraits / "biden.jpg").read_bytes()
    with PhotoPool(1) as real:
        assert real.start(data, GUIZHOU).result(timeout=60) == normalise(data, GUIZHOU)
