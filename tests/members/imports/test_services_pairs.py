"""Refused rows that mix two members up leave the pair to be judged."""

import pytest

from members.duplicates.models import DuplicatePair
from tests.factories.members import (
    IdentityFactory,
    MemberFactory,
    OwnershipFactory,
    VehicleModelFactory,
)
from tests.members.imports.conftest import table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
VIN, DAY = "LSVAM4187C2184847", "2024-03-01"
HEAD = ("客户编号", "手机", "unionid", "车架号", "车型", "交付日期")


@pytest.fixture
def two(brand):
    """Two members; the other has a unionid and a car too."""
    both = [
        MemberFactory(brand=brand, customer_no=f"C{n}", phone=f"+861380000000{n}") for n in (1, 2)
    ]
    IdentityFactory(brand=brand, member=both[1], kind="unionid", value="oM")
    model = VehicleModelFactory(brand=brand, code="E7", name="远航 E7")
    OwnershipFactory(brand=brand, member=both[1], vehicle__vin=VIN, vehicle__model=model)
    return both


def pairs():
    rows = DuplicatePair.objects.all()
    return [([r.first_id, r.second_id], r.score, sorted(r.reasons)) for r in rows]


@pytest.mark.parametrize(
    ("row", "score", "reasons"),
    [
        (("C1", "13800000002", "", "", "", ""), 100, ["phone"]),
        (("C1", "", "oM", "", "", ""), 100, ["unionid"]),
        (("C1", "", "", VIN, "E7", DAY), 97, ["vin"]),
        (("", "13800000001", "oM", VIN, "E7", DAY), 100, ["unionid", "vin"]),
    ],
)
def test_a_refused_row_of_a_file_tells_of_its_pair(two, bring_in, row, score, reasons):
    file = table(HEAD, row, ("C7", "13800000007", "", "", "", ""))
    assert bring_in(file, is_dry_run=True).rejected_count == 1
    assert pairs() == []
    file.seek(0)
    job = bring_in(file)
    assert (job.created_count, job.rejected_count) == (1, 1)
    assert pairs() == [([member.pk for member in two], score, reasons)]


def test_rows_of_which_one_member_is_known_tell_of_nobody(two, bring_in):
    assert bring_in(table(("客户编号", "手机"), ("C9", "13800000002"))).rejected_count == 1
    assert pairs() == []


def test_a_phone_that_is_handed_on_within_the_file_tells_of_nobody(two, bring_in):
    rows = (("C1", "13800000011"), ("C2", "13800000001"))
    assert bring_in(table(("客户编号", "手机"), *rows)).updated_count == 2
    assert pairs() == []
