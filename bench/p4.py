"""P4: a file of members, 5 % of its rows bad, from the upload to the last row in its table.

floor: COPY of the same good rows into the same table with the same indexes, by the owner with
row-level security out of the way. usual: read with csv, look each row up with the ORM, bulk_create
a thousand at a time; measured on the first rows and scaled, since it grows evenly.
"""

import argparse
import csv
import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
from django.conf import settings
from django.db import connections

from bench.report import Report, Result
from core.kernel import crypto
from core.kernel.formats import masked_phone
from core.kernel.scoping import tenant
from core.organizations.models import Brand, City, Dealer, Region
from members.imports.models import ImportJob
from members.profiles.models import Member

CODE = "bench-import"
GOAL, MEMORY_GOAL_MB = 2.0, 256
USUAL_ROWS = 4000
XLSX_ROWS = JUDGED_FROM = 100_000
DEALERS = 1200
HEAD = ["客户编号", "姓名", "手机", "性别", "城市", "经销商", "阶段", "入会日期"]
STAGES = ["潜客", "导入期", "成长期", "成熟期", "沉睡"]
FAMILY, GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡", "伟芳娜敏静磊洋艳勇军杰娟涛明超霞平刚桂英"
CITIES = {"3101": "上海市", "3301": "杭州市", "3201": "南京市", "4401": "广州市", "5101": "成都市"}
COLUMNS = [field.column for field in Member._meta.local_concrete_fields]


def run(options: argparse.Namespace) -> Report:
    """Measure sizes up to ``options.members`` as CSV, and a hundred thousand rows as XLSX."""
    most = options.members or 100_000
    brand = _brand()
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size < most] + [most]
    with tempfile.TemporaryDirectory() as folder:
        settings.FILES_DIR = Path(folder)
        results = [_measure(brand, "xlsx", min(XLSX_ROWS, most), options.rounds)]
        results += [_measure(brand, "csv", size, options.rounds) for size in sizes]
    _empty_members()
    # Below that, what every import costs outweighs its rows.
    judged = [result for result in results if result.members >= JUDGED_FROM]
    slowest = max((result.ratio_to_floor or 0 for result in judged), default=0.0)
    peak = max(result.notes["peak_mb"] for result in results)
    return Report(
        title="members from a file, 5 % bad rows",
        goal=f"at most {GOAL} × floor from 100,000 rows on, at most {MEMORY_GOAL_MB} MB",
        met=slowest <= GOAL and peak <= MEMORY_GOAL_MB,
        judged_from=JUDGED_FROM,
        results=results,
        notes={"peak_mb": peak, "usual": f"first {USUAL_ROWS:,} rows, scaled"},
    )


def _measure(brand: Brand, kind: str, rows: int, rounds: int) -> Result:
    print(f"{kind}, {rows:,} rows …", flush=True)
    file = _csv(rows) if kind == "csv" else _xlsx(rows)
    floor, ours, peaks = [], [], []
    with tempfile.TemporaryFile() as same_rows:
        for number in range(rounds):
            _empty_members()
            seconds, peak = _ours(brand, file, kind, rows)
            ours.append(seconds)
            peaks.append(peak)
            if number == 0:
                with _owner() as cursor:
                    cursor.copy_expert(_copy("TO STDOUT"), same_rows)
            _empty_members()
            floor.append(_floor(same_rows))
    _empty_members()
    usual = _usual(brand, io.StringIO(_csv(USUAL_ROWS).getvalue().decode()))
    return Result(
        members=rows,
        floor=floor,
        usual=[usual * rows / USUAL_ROWS],
        ours=ours,
        notes={"file": kind, "peak_mb": max(peaks), "rows_per_s": round(rows / min(ours))},
    )


def _ours(brand: Brand, file: io.BytesIO, kind: str, rows: int) -> tuple[float, int]:
    """Let a process of its own take the file in and bring its rows in; its seconds and peak."""
    upload = Path(settings.FILES_DIR) / f"bench.{kind}"
    upload.write_bytes(file.getbuffer())
    argv = ["-m", "bench.p4_worker", str(brand.pk), str(settings.FILES_DIR), str(upload)]
    found = json.loads(
        subprocess.run([sys.executable, *argv], check=True, capture_output=True).stdout
    )
    with tenant(brand.pk):
        job = ImportJob.objects.get(pk=found["job"])
        good = Member.objects.count()
    if job.finished_at is None or job.created_count != good or job.read_count != rows:
        raise RuntimeError(f"The import did not end well: {job.run.error}")
    return found["seconds"], found["peak_mb"]


def _floor(same_rows: object) -> float:
    same_rows.seek(0)  # type: ignore[attr-defined]
    with _owner() as cursor:
        start = time.perf_counter()
        cursor.copy_expert(_copy("FROM STDIN"), same_rows)
        cursor.connection.commit()
        return time.perf_counter() - start


def _usual(brand: Brand, file: io.StringIO) -> float:
    """Do what a team would write first; bad rows are found by exceptions."""
    start = time.perf_counter()
    with tenant(brand.pk):
        cities = {city.short_name: city for city in City.objects.all()}
        fresh: list[Member] = []
        for row in csv.DictReader(file):
            member = Member.objects.filter(customer_no=row["客户编号"]).first()
            dealer = Dealer.objects.filter(code=row["经销商"]).first()
            try:
                joined = date.fromisoformat(row["入会日期"])
                phone = f"+86{int(row['手机']):011d}"
            except ValueError:
                continue
            if member is not None:
                member.display_name = row["姓名"]
                member.save()
                continue
            fresh.append(_member(brand, row, phone, joined, cities.get(row["城市"]), dealer))
            if len(fresh) == 1000:
                Member.objects.bulk_create(fresh, ignore_conflicts=True)
                fresh = []
        Member.objects.bulk_create(fresh, ignore_conflicts=True)
    return time.perf_counter() - start


def _member(
    brand: Brand,
    row: dict[str, str],
    phone: str,
    joined: date,
    city: City | None,
    dealer: Dealer | None,
) -> Member:
    now = datetime.now(UTC)
    return Member(
        brand=brand,
        customer_no=row["客户编号"],
        display_name=row["姓名"],
        phone_cipher=crypto.encrypt(phone),
        phone_hash=crypto.lookup_hash(brand_id=brand.pk, kind="phone", value=phone),
        phone_masked=masked_phone(phone),
        phone_tail=phone[-4:],
        city=city,
        home_dealer=dealer,
        joined_on=joined,
        source="import",
        created_at=now,
        updated_at=now,
    )


def _rows(count: int) -> Iterator[list[str]]:
    """Yield the header and ``count`` rows, one in twenty of them bad in one of five ways."""
    draw = random.Random(4)
    names = [a + b + c for a in FAMILY for b in GIVEN for c in ("", *GIVEN[:5])]
    cities = [name.removesuffix("市") for name in CITIES.values()]
    yield HEAD
    for i in range(count):
        joined = date(2020, 1, 1) + timedelta(days=draw.randrange(2000))
        row = [f"C{i:08d}", draw.choice(names), f"1{3 + i % 7}{i * 7919 % 10**9:09d}"]
        row += [draw.choice("男女"), draw.choice(cities), f"D{draw.randrange(DEALERS):04d}"]
        row += [draw.choice(STAGES), joined.isoformat()]
        if i % 20 == 7:
            at, value = [
                (2, "1.38E+10"),
                (4, "某地"),
                (7, "2024-02-30"),
                (5, "?"),
                (0, "C00000001"),
            ][i // 20 % 5]
            row[at] = value
        yield row


def _csv(count: int) -> io.BytesIO:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(_rows(count))
    return io.BytesIO(text.getvalue().encode())


def _xlsx(count: int) -> io.BytesIO:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("客户")
    for row in _rows(count):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file


def _brand() -> Brand:
    """Return the brand of the bench.

    Raises:
        SystemExit: other brands are here; the bench empties tables.
    """
    if Brand.objects.exclude(code=CODE).exists():
        raise SystemExit("P4 empties the members' tables: give it a database of its own.")
    brand, is_new = Brand.objects.get_or_create(code=CODE, defaults={"name": "Bench"})
    for code, name in CITIES.items():
        City.objects.using("owner").get_or_create(
            code=code, defaults={"name": name, "province_name": "-"}
        )
    if is_new:
        with tenant(brand.pk):
            region = Region.objects.create(brand=brand, code="R", name="R")
            Dealer.objects.bulk_create(
                Dealer(brand=brand, region=region, code=f"D{i:04d}", name=f"D{i}", city_id="3101")
                for i in range(DEALERS)
            )
    return brand


def _copy(direction: str) -> str:
    return f"COPY members_member ({', '.join(COLUMNS)}) {direction}"


def _empty_members() -> None:
    with _owner() as cursor:
        cursor.execute("TRUNCATE members_member, members_importrejection CASCADE")
        cursor.connection.commit()
        cursor.connection.autocommit = True
        cursor.execute("CHECKPOINT") if _may_checkpoint(cursor) else None
        cursor.connection.autocommit = False


def _may_checkpoint(cursor: object) -> bool:
    cursor.execute("SELECT pg_has_role(current_user, 'pg_checkpoint', 'MEMBER')")  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]


@contextmanager
def _owner() -> Iterator[object]:
    """Give a plain cursor of the owner, whom no policy binds meanwhile."""
    connections["owner"].ensure_connection()
    with connections["owner"].connection.cursor() as cursor:
        connection = cursor.connection
        connection.rollback()
        connection.autocommit = False
        cursor.execute("ALTER TABLE members_member NO FORCE ROW LEVEL SECURITY")
        try:
            yield cursor
        finally:
            connection.rollback()
            connection.autocommit = True
