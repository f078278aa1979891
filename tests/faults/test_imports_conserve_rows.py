"""Invariant 15: 100,000 rows, 5 % bad, killed again and again: every row is counted once."""

import json
import os
import random
import signal

import pytest

from tests.faults.product import wait_until

pytestmark = pytest.mark.fault

ROWS = 100_000
ROWS_OF_CONTROL = 60_000  # three chunks, so that one is left when the second is torn
BAD_EVERY = 20
HEAD = "客户编号,姓名,手机,城市,入会日期\n"
BAD_COLUMNS = {"手机": "phone_scientific", "城市": "city", "入会日期": "date"}

SEED = """
from core.organizations.models import Brand, City
City.objects.using("owner").get_or_create(
    code="3301", defaults={"name": "杭州市", "province_name": "浙江省"})
print(Brand.objects.get_or_create(code=CODE)[0].pk)
"""
START = """
from django.utils import timezone
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.imports import services
actor, now = system_viewer(BRAND), timezone.now()
with open(FILE, "rb") as file:
    job = services.receive_file(file=file, name="c.csv", subject="members", actor=actor, now=now)
with tenant(BRAND):
    services.start_import(job_id=job.pk, mapping=job.mapping, options={}, is_dry_run=False,
                          actor=actor, now=now)
print(job.pk)
"""
WORK = """
import django; django.setup()
import time
from datetime import timedelta
from django.utils import timezone
from core.kernel.scoping import tenant
from core.runs import services
from core.runs.models import Run
services.LEASE = timedelta(seconds=2)
{prepare}
is_open = True
while is_open:
    services.work_due(brand_id={brand}, clock=timezone.now, budget=timedelta(seconds=5))
    with tenant({brand}):
        is_open = Run.objects.open().exists()
    time.sleep(0.2)
"""
# What would happen if the rows and the place in the file were not committed together.
TORN = """
def torn(run, clock):
    from core.kernel import faults
    with tenant(run.brand_id):
        step = services.handler_of(run.kind).step(
            run=services.RunView.of(run), actor=services._actor_of(run), now=clock())
    faults.point("imports.torn")
    with tenant(run.brand_id):
        return services._checkpoint(run, step, clock())
services._step = torn
"""
JOB = """
SELECT job.read_count, job.created_count, job.updated_count, job.unchanged_count,
       job.rejected_count, job.errors_file_id IS NOT NULL, run.state, run.error
FROM members_importjob AS job JOIN core_run AS run ON run.id = job.run_id WHERE job.id = %s
"""


def table(rows, bad_every=BAD_EVERY):
    """A file in which every twentieth row is bad in one of three columns, or none is."""
    lines = [HEAD]
    for i in range(rows):
        cells = [f"C{i}", "陈小宇", f"138{i:08d}", "杭州", "2024-05-06"]
        if bad_every and i % bad_every == 3:
            at, value = [(2, "1.38E+10"), (3, "某地"), (4, "2024-02-30")][i // bad_every % 3]
            cells[at] = value
        lines.append(",".join(cells) + "\n")
    return "".join(lines)


def write(tmp_path, rows, bad_every=BAD_EVERY):
    path = tmp_path / "customers.csv"
    path.write_text(table(rows, bad_every), encoding="utf-8")
    return str(path)


def ask(product, code, tmp_path, **names):
    given = "".join(f"{name} = {json.dumps(value)}\n" for name, value in names.items())
    return int(product.run(given + code, FILES_DIR=str(tmp_path / "files")))


def worker(product, brand, tmp_path, name, prepare="", faults=""):
    code = WORK.format(brand=brand, prepare=prepare)
    return product.spawn(name, "-c", code, FILES_DIR=str(tmp_path / "files"), FAULT_POINTS=faults)


def done(product, brand):
    return product.one(brand, "SELECT done FROM core_run ORDER BY id DESC LIMIT 1")


def test_a_killed_import_goes_on_and_counts_every_row_once(product, tmp_path):
    file = write(tmp_path, ROWS)
    brand = ask(product, SEED, tmp_path, CODE="import-killed")
    job = ask(product, START, tmp_path, BRAND=brand, FILE=file)
    seed = random.Random(15)

    killed = worker(product, brand, tmp_path, "first", faults="imports.step=kill@2")
    assert killed.wait(240) == -signal.SIGKILL
    assert 0 < done(product, brand) < ROWS

    for number in range(2):
        victim = worker(product, brand, tmp_path, f"victim{number}")
        before, further = done(product, brand), seed.randrange(5_000, 25_000)
        wait_until(lambda b=before, f=further: done(product, brand) > b + f, seconds=60, every=0.01)
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()

    assert worker(product, brand, tmp_path, "last").wait(180) == 0
    bad = ROWS // BAD_EVERY
    counts = (ROWS, ROWS - bad, 0, 0, bad, True, "succeeded", "")
    assert product.all(brand, JOB, job) == [counts]
    assert product.one(brand, "SELECT count(*) FROM members_member") == ROWS - bad
    assert (
        product.one(brand, "SELECT count(DISTINCT customer_no) FROM members_member") == ROWS - bad
    )
    rejected = product.all(
        brand,
        """SELECT row_number, "column", code, reason <> '' FROM members_importrejection
           WHERE job_id = %s ORDER BY row_number""",
        job,
    )
    assert len(rejected) == bad
    assert [row for row, *_ in rejected] == [i + 2 for i in range(ROWS) if i % BAD_EVERY == 3]
    assert all(BAD_COLUMNS[column] == code and told for _, column, code, told in rejected)
    assert product.breaches(brand) == []

    again = ask(product, START, tmp_path, BRAND=brand, FILE=file)
    before = product.all(brand, "SELECT sum(version), max(updated_at) FROM members_member")
    assert worker(product, brand, tmp_path, "again").wait(180) == 0
    assert product.all(brand, JOB, again) == [(ROWS, 0, 0, ROWS - bad, bad, True, "succeeded", "")]
    assert product.all(brand, "SELECT sum(version), max(updated_at) FROM members_member") == before


def test_without_one_transaction_for_rows_and_place_rows_are_counted_twice(product, tmp_path):
    """The negative control: the same kill does harm when the two are committed apart.

    No row is bad: of one that is refused twice a key of the database would tell.
    """
    file = write(tmp_path, ROWS_OF_CONTROL, bad_every=0)
    brand = ask(product, SEED, tmp_path, CODE="import-torn")
    job = ask(product, START, tmp_path, BRAND=brand, FILE=file)
    killed = worker(product, brand, tmp_path, "torn", TORN, faults="imports.torn=kill@2")
    assert killed.wait(240) == -signal.SIGKILL
    torn = done(product, brand)
    assert worker(product, brand, tmp_path, "last").wait(180) == 0
    [(read, created, updated, unchanged, rejected, _file, state, error)] = product.all(
        brand, JOB, job
    )
    assert (state, error) == ("succeeded", "")
    assert (created, updated, rejected) == (ROWS_OF_CONTROL, 0, 0)
    # The stretch that was written when the worker died is read again, as rows that are there.
    assert torn < ROWS_OF_CONTROL < read
    assert unchanged == read - ROWS_OF_CONTROL
