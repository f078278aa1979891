"""The demonstration data: drawn from a seed, loaded by COPY, all of it or nothing."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.models import F
from django.utils import timezone

from core.kernel.scoping import tenant
from core.organizations.models import Brand, City
from core.runs.models import Run
from core.staff.models import Staff
from events.points.models import PointsEntry
from integrations.demo import (
    binary,
    finishing,
    loader,
    names,
    plan,
    services,
    vins,
    week,
)
from members.erasure.models import Erasure
from members.lifecycle.models import StageChange
from members.orders.models import Order
from members.orders.selectors import categories_in_use
from members.privacy.models import Consent
from members.profiles.models import Member
from members.revealing.models import Reveal
from members.snapshots.models import Snapshot
from members.tags.models import MemberTag
from members.vehicles.models import MileageReading, ServiceVisit
from members.vehicles.rules import has_right_check_digit

CATALOG = """
    SELECT pg_get_constraintdef(oid), conname::text, NULL FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef, indexname::text, NULL FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT relname::text, relrowsecurity::text, relforcerowsecurity::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT tgname::text, tgrelid::regclass::text, tgenabled::text FROM pg_trigger
    WHERE NOT tgisinternal
    ORDER BY 1, 2
"""


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    path = tmp_path / "secrets" / "logins.json"
    monkeypatch.setattr("integrations.demo.staff.secrets_file", lambda: path)
    return path


@pytest.fixture
def cities(transactional_db):
    call_command("load_divisions", verbosity=0)


def draw(members=60, brand=plan.MAIN_BRAND, now=None):
    drawn = plan.Plan(brand, members)
    return services.seed(plan=drawn, now=now or timezone.now(), say=lambda _step: None)


def rows(sql):
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.usefixtures("cities")
class TestLoading:
    def test_the_product_finishes_it_and_all_invariants_hold(self, secrets):
        made = draw(members=400)
        finishing.finish(brand_id=made.brand_id, clock=timezone.now)
        with tenant(made.brand_id):
            assert ServiceVisit.objects.count() == MileageReading.objects.count() > 0
            states = set(Run.objects.values_list("kind", "state"))
            _earlier, later = Snapshot.objects.order_by("number")
            assert set(Erasure.objects.values_list("state", flat=True)) == {"done", "waiting"}
            assert Reveal.objects.count() == len(week.LOOKED_UP)
            early = PointsEntry.objects.filter(occurred_at__lt=F("member__created_at"))
            assert PointsEntry.objects.count() > 100
            assert not early.exists()
            said = Consent.objects.filter(withdrawn_evidence__in=week.WITHDRAWN)
            assert said.count() == len(week.WITHDRAWN)
        assert ("find_duplicates", "succeeded") in states
        assert ("export", "succeeded") in states
        assert later.plus_count > 0 < later.minus_count
        call_command("check_invariants", verbosity=0)

    @pytest.mark.parametrize("rebuild_from", [1, 10**9])
    def test_all_of_it_is_there_and_the_schema_as_before(self, rebuild_from, secrets, monkeypatch):
        monkeypatch.setattr(loader, "REBUILD_FROM", rebuild_from)
        before = rows(CATALOG)
        made = draw()
        assert rows(CATALOG) == before
        with tenant(made.brand_id):
            assert Member.objects.count() == 60
            assert MemberTag.objects.count() > 240
            sorted_ = Order.objects.exclude(category="").values_list("category", flat=True)
            assert len(sorted_) == Order.objects.count() > 0
            assert set(sorted_) <= set(categories_in_use(made.brand_id))
        call_command("check_invariants", database="default", verbosity=0)

    def test_members_came_into_their_stages_by_changes(self, secrets):
        made, now = draw(600), timezone.now()
        with tenant(made.brand_id):
            told = StageChange.objects.values_list("from_stage", "to_stage").distinct()
            assert len(set(told)) >= 6
            assert StageChange.objects.filter(at__gt=now).count() == 0
        call_command("check_invariants", database="default", verbosity=0)

    @pytest.mark.parametrize("hour", [1, 8, 20])
    def test_nothing_happens_to_members_before_they_come(self, secrets, hour):
        made = draw(600, now=timezone.localtime().replace(hour=hour))
        early = """
            SELECT count(*) FROM members_member AS m JOIN {table} AS x ON x.member_id = m.id
            WHERE m.brand_id = %s AND x.{moment} < m.created_at
        """
        with tenant(made.brand_id), connection.cursor() as cursor:
            for table, moment in (
                ("members_order", "ordered_at + interval '1 day'"),
                ("members_consent", "given_at"),
                ("members_membertag", "tagged_at"),
                ("members_identity", "created_at"),
                ("members_ownership", "delivered_on + 1"),
            ):
                cursor.execute(early.format(table=table, moment=moment), [made.brand_id])
                assert (table, cursor.fetchone()[0]) == (table, 0)
            ids = list(Member.objects.order_by("created_at", "pk").values_list("pk", flat=True))
        assert ids == sorted(ids)

    def test_a_second_brand_may_be_loaded_beside_the_first(self, secrets, monkeypatch):
        monkeypatch.setattr(loader, "REBUILD_FROM", 1)
        draw()
        made = draw(brand=plan.SECOND_BRAND)
        with tenant(made.brand_id):
            assert Member.objects.count() == 60

    def test_a_brand_with_members_is_refused_and_left_alone(self, secrets):
        made = draw()
        with pytest.raises(services.BrandNotEmpty):
            draw()
        with pytest.raises(CommandError):
            call_command("seed_demo", members=10, brand="yuanhang", verbosity=0)
        call_command("seed_demo", members=10, brand="yuanhang", if_empty=True, verbosity=0)
        with tenant(made.brand_id):
            assert Member.objects.count() == 60

    def test_a_load_that_breaks_leaves_nothing(self, secrets, monkeypatch):
        before = rows(CATALOG)

        def broken(**_rows):
            raise RuntimeError("the disk is full")

        monkeypatch.setattr("integrations.demo.members.load_orders", broken)
        with pytest.raises(RuntimeError):
            draw()
        assert rows(CATALOG) == before
        assert not Brand.objects.exists()
        assert not Staff.objects.exists()

    def test_there_is_one_login_per_role_and_a_password_that_works(self, secrets, capsys):
        draw()
        kept = json.loads(secrets.read_text())
        assert secrets.stat().st_mode & 0o777 == 0o600
        assert len(kept) == Staff.objects.count() == 7
        assert all(Staff.objects.get(username=name).check_password(kept[name]) for name in kept)
        call_command("demo_logins")
        out = capsys.readouterr().out
        assert all(name in out and kept[name] in out for name in kept)
        call_command("demo_logins", reset=True)
        assert json.loads(secrets.read_text()) != kept

    def test_loading_cities_again_changes_nothing(self, capsys):
        call_command("load_divisions")
        assert "341 cities, 0 added or renamed" in capsys.readouterr().out
        assert City.objects.get(pk="5001").name == "重庆市"
        assert not City.objects.filter(name="市辖区").exists()


def test_the_same_seed_draws_the_same_names():
    genders = np.zeros(50, dtype=np.int64)
    once, again = (names.full_names(np.random.default_rng(plan.SEED), genders) for _ in "12")
    assert once == again
    assert len(set(once)) > 40


def test_numbers_of_vehicles_have_their_check_digit():
    serials = np.arange(1, 2_000_001, 9_973)
    models, years = serials % 6, 2015 + serials % 10
    drawn = vins.vins(maker="LYH", models=models, years=years, serials=serials)
    assert len(set(drawn)) == len(drawn)
    assert all(len(vin) == 17 and has_right_check_digit(vin) for vin in drawn)
    assert not any(set("IOQ") & set(vin) for vin in drawn)


def test_phones_never_repeat():
    drawn = names.phones(100_000, plan.SEED)
    assert len(set(drawn)) == 100_000
    assert all(len(phone) == 11 and phone[:3] in names.PHONE_PREFIXES for phone in drawn)


@pytest.mark.django_db
def test_binary_columns_arrive_as_they_were():
    columns = [
        binary.int8(np.array([1, -5, 2**40])),
        binary.int4(7),
        binary.text("中文"),
        binary.text(None),
        binary.text(""),
        binary.numbered("N", np.array([1, 20, 300]), 5),
        binary.date(np.array([0, 10_957, 20_000])),
        binary.timestamp(np.array([0, 1_000_000, 86_400_000_000])),
        binary.boolean(1),
        binary.fixed([b"xx", b"yy", b"\0\xff"]),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE got (a bigint, b int, c text, d text, e text, f text, g date,"
            " h timestamptz, i boolean, j bytea) ON COMMIT DROP"
        )
        parts = binary.stream(binary.rows(3, columns))
        cursor.cursor.copy_expert("COPY got FROM STDIN (FORMAT binary)", binary.Reader(parts))
        cursor.execute(
            "SELECT a, b, c, d, e, f, g - '1970-01-01', extract(epoch FROM h)::bigint, i,"
            " encode(j, 'hex') FROM got"
        )
        assert cursor.fetchall() == [
            (1, 7, "中文", None, "", "N00001", 0, 0, True, "7878"),
            (-5, 7, "中文", None, "", "N00020", 10_957, 1, True, "7979"),
            (2**40, 7, "中文", None, "", "N00300", 20_000, 86_400, True, "00ff"),
        ]
