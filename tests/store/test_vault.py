import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.store.vault import FileKeyProvider, Place, SealBroken, Vault

KEYS = {b"k" * 8: b"1" * 32, b"n" * 8: b"2" * 32}


def vault(current=b"k" * 8, keys=None):
    return Vault(keys or KEYS, current, b"i" * 32)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20))
def test_what_was_sealed_opens_at_its_place(clear, row):
    place = Place("person", "id_number", row)
    sealed = vault().seal(place, clear)
    assert vault().open(place, sealed) == clear
    assert clear not in sealed or len(clear) < 3


@pytest.mark.parametrize(
    "other", [Place("person", "id_number", "2"), Place("person", "mobile", "1"), Place("card_order", "id_number", "1")]
)
def test_a_ciphertext_moved_elsewhere_does_not_open(other):
    sealed = vault().seal(Place("person", "id_number", "1"), b"11010519491231002X")
    with pytest.raises(SealBroken):
        vault().open(other, sealed)


def test_one_changed_byte_does_not_open():
    place = Place("person", "id_number", "1")
    sealed = bytearray(vault().seal(place, b"x" * 18))
    for index in range(len(sealed)):
        broken = bytes(sealed[:index]) + bytes([sealed[index] ^ 1]) + bytes(sealed[index + 1 :])
        with pytest.raises(SealBroken):
            vault().open(place, broken)


def test_an_older_key_still_opens_after_a_new_one_writes():
    place = Place("person", "id_number", "1")
    old = vault().seal(place, b"before")
    assert vault(current=b"n" * 8).open(place, old) == b"before"
    with pytest.raises(SealBroken):
        vault(current=b"n" * 8, keys={b"n" * 8: b"2" * 32}).open(place, old)


def test_the_blind_index_needs_the_key_and_ignores_case():
    assert vault().blind("11010519491231002x") == vault().blind("11010519491231002X ")
    assert vault().blind("11010519491231002X") != Vault(KEYS, b"k" * 8, b"j" * 32).blind("11010519491231002X")
    assert vault().mac("slip", "a") != vault().mac("blind", "a")


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "keys" / "kek"
    first = FileKeyProvider(path)
    wrapped = first.wrap(b"d" * 32)
    assert FileKeyProvider(path).unwrap(wrapped) == b"d" * 32
    assert path.stat().st_mode & 0o777 == 0o400
    path.unlink()
    with pytest.raises(SealBroken):
        FileKeyProvider(path).unwrap(wrapped)
    assert [entry.name for entry in path.parent.iterdir()] == ["kek"]
