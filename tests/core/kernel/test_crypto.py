"""Personal numbers at rest: one by one and by the file."""

import pytest
from cryptography.exceptions import InvalidTag

from core.kernel import crypto

NUMBERS = ["+8613800138000", "+8613800138001", "", "LYHA2B4C1N0000001", "张"]


def test_many_are_sealed_as_one_is():
    sealed = crypto.encrypt_many(NUMBERS)
    assert [crypto.decrypt(each) for each in sealed] == NUMBERS
    assert len(set(crypto.encrypt_many(["+8613800138000"] * 3))) == 3


def test_many_are_found_as_one_is():
    one_by_one = [crypto.lookup_hash(brand_id=7, kind="phone", value=each) for each in NUMBERS]
    assert crypto.lookup_hashes(brand_id=7, kind="phone", values=NUMBERS) == one_by_one
    assert {len(each) for each in one_by_one} == {crypto.LOOKUP_BYTES}


@pytest.mark.parametrize("other", [{"brand_id": 8}, {"kind": "vin"}, {"value": "+8613800138001"}])
def test_brands_kinds_and_numbers_do_not_meet(other):
    asked = {"brand_id": 7, "kind": "phone", "value": "+8613800138000"}
    assert crypto.lookup_hash(**asked) != crypto.lookup_hash(**asked | other)


def test_what_was_altered_is_refused():
    sealed = bytearray(crypto.encrypt("+8613800138000"))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        crypto.decrypt(bytes(sealed))
