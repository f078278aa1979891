"""What comes in all the same and should be looked at again: VINs of cars built abroad."""

from datetime import date

import pytest
from django.utils import timezone

from members.imports import handlers, selectors, services
from members.imports.models import ImportJob
from members.vehicles.models import Vehicle
from tests.factories.members import MemberFactory, OwnershipFactory, VehicleModelFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
HEAD = ("客户编号", "车架号", "车型", "交付日期")
RIGHT, ODD, ODD_TOO = "LSVAM4187C2184847", "LSVAM4180C2184847", "1M8GDM9A0KP042788"
CODE = "vin_check_digit"


@pytest.fixture(autouse=True)
def model(brand):
    return VehicleModelFactory(brand=brand, code="E7")


def car(number, vin, model="E7"):
    return (number, vin, model, "2024-03-01")


def warned(job):
    rows = selectors.first_warnings(job=job, limit=20)
    return [(row.row_number, row.column, row.code) for row in rows]


def test_rows_are_taken_counted_and_listed(bring_in, files_dir):
    file = table(HEAD, car("C1", RIGHT), car("C2", ODD), car("C3", ODD_TOO, "S5"))
    job = bring_in(file, is_domestic=False)
    assert counts(job) == (2, 0, 0, 1)
    assert job.warning_count == 1  # The third row stays out, and for another reason.
    assert warned(job) == [(3, "车架号", CODE)]
    assert Vehicle.objects.count() == 2
    assert [row.row_number for row in selectors.first_rejections(job=job, limit=20)] == [4]
    text = (files_dir / job.errors_file.path).read_bytes().decode("utf-8-sig")
    lines = text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["4", "3"]
    assert [line.split(",")[-1] for line in lines[1:]] == ["否", "是"]
    assert ODD not in text


def test_a_row_that_the_database_refuses_is_not_warned_about(brand, bring_in):
    job = bring_in(table(HEAD, car("C1", ODD)), is_domestic=False)
    assert job.warning_count == 1
    again = bring_in(table(HEAD, car("C2", ODD)), is_domestic=False)
    assert (counts(again), again.warning_count, warned(again)) == ((0, 0, 0, 1), 0, [])


def test_cars_built_here_are_refused_as_before(bring_in):
    job = bring_in(table(HEAD, car("C1", ODD)))
    assert (counts(job), job.warning_count) == ((0, 0, 0, 1), 0)
    assert job.rejections.get().code == CODE


def test_of_many_some_are_kept_and_all_are_counted(bring_in, monkeypatch):
    monkeypatch.setattr(handlers, "MOST_WARNINGS", 1)
    job = bring_in(table(HEAD, car("C1", ODD), car("C2", ODD_TOO)), is_domestic=False)
    assert (job.warning_count, warned(job)) == (2, [(2, "车架号", CODE)])


def test_bringing_in_forgets_what_the_trial_warned_of(bring_in, actor):
    job = bring_in(table(HEAD, car("C1", ODD)), is_dry_run=True, is_domestic=False)
    assert job.warning_count == 1
    services.start_import(
        job_id=job.pk,
        mapping=job.mapping,
        options=job.options,
        is_dry_run=False,
        actor=actor,
        now=timezone.now(),
    )
    job = ImportJob.objects.get(pk=job.pk)
    assert (job.warning_count, job.rejections.count()) == (0, 0)


@pytest.mark.parametrize("what", ["warnings", "rejections"])
def test_lists_of_a_file_are_read_page_by_page(bring_in, signed_in, what):
    odd = [car(f"C{n}", vin) for n, vin in enumerate([ODD, ODD_TOO, "LSV", "L"])]
    job = bring_in(table(HEAD, *odd), is_domestic=False)
    page = signed_in.get(f"/api/v1/imports/{job.pk}/{what}/?limit=1").json()
    [first] = page["results"]
    [second] = signed_in.get(page["next"]).json()["results"]
    rows = {"warnings": {2, 3}, "rejections": {4, 5}}[what]
    assert {first["row_number"], second["row_number"]} == rows


def test_batches_warn_row_by_row(brand, actor):
    owner = MemberFactory(brand=brand, customer_no="C1")
    taken = OwnershipFactory(brand=brand, vehicle__vin=ODD_TOO, delivered_on=date(2024, 1, 1))
    assert taken.member_id != owner.pk
    row = {"customer_no": "C1", "model": "E7", "delivered_on": "2024-03-01"}
    vins = [RIGHT, ODD, ODD_TOO, "LSV"]
    found = services.bring_in_rows(
        kind="vehicles",
        rows=[row | {"vin": vin} for vin in vins],
        is_domestic=False,
        actor=actor,
        now=timezone.now(),
    )
    assert [each.outcome for each in found] == ["updated", "updated", "refused", "refused"]
    codes = [[(name, code) for name, code, _text in each.warned()] for each in found]
    assert codes == [[], [("vin", CODE)], [], []]
