"""The frame itself; tests/test_data_invariants.py breaks every invariant of the apps."""

import logging
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection
from django.utils import timezone

from config.celery import app
from core.audit.models import AuditEntry
from core.kernel import invariants, tasks
from core.kernel.invariants import Invariant, register_invariants
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def only(monkeypatch):
    """Run the named invariants alone."""

    def register(*chosen):
        monkeypatch.setattr(invariants, "_invariants", {})
        register_invariants(*chosen)

    return register


def unnamed(
    sql="SELECT id FROM members_member WHERE display_name = '' AND brand_id = %(brand_id)s",
):
    return Invariant("every member has a name", sql)


def test_an_invariant_that_holds_prints_a_line_per_brand(only, capsys):
    only(unnamed())
    MemberFactory(), BrandFactory()
    call_command("check_invariants", database="default")
    out = capsys.readouterr().out
    assert out.count("ok      brand-") == 2
    assert "2 checks, all hold." in out


def test_without_brands_there_is_nothing_to_say_it_of(only, capsys):
    only(unnamed())
    call_command("check_invariants", database="default")
    assert "nothing to check" in capsys.readouterr().out


def test_a_broken_one_names_rows_and_fails(only, capsys):
    only(unnamed())
    member = MemberFactory(display_name="")
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("check_invariants", database="default")
    assert f"({member.pk},)" in capsys.readouterr().out


def test_each_brand_is_looked_at_alone(only, capsys):
    only(unnamed("SELECT count(*) FROM members_member HAVING count(*) > 1"))
    MemberFactory(), MemberFactory()
    call_command("check_invariants", database="default")
    assert "2 checks, all hold." in capsys.readouterr().out


def test_every_registered_invariant_is_valid_sql(capsys):
    BrandFactory()
    call_command("check_invariants", database="default")
    assert "all hold" in capsys.readouterr().out


def test_looking_writes_nothing_and_leaves_no_setting_behind(brand):
    names = ["transaction_read_only", "statement_timeout", "app.brand_id"]

    def settings_now():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(name, true) FROM unnest(%s) AS name", [names])
            return cursor.fetchall()

    MemberFactory(brand=brand)
    before = settings_now()
    limit = timedelta(seconds=30)
    invariants.check(invariant=unnamed(), brand=brand, using="default", limit=limit)
    assert settings_now() == before
    writing = Invariant("it only reads", "UPDATE members_member SET display_name = '' RETURNING id")
    with pytest.raises(InternalError, match="read-only"):
        invariants.check(invariant=writing, brand=brand, using="default", limit=limit)
    assert settings_now() == before


def nightly(brand):
    """What a night leaves in the brand's audit trail."""
    invariants.check_by_night(brand=brand, now=timezone.now())
    with tenant(brand.pk):
        return AuditEntry.objects.get(action="brand.checked").data


def test_a_night_tells_what_is_broken_without_telling_of_whom(only, brand, caplog):
    only(unnamed(), Invariant("two is two", "SELECT 1 WHERE 2 <> 2"))
    MemberFactory.create_batch(2, brand=brand, display_name="")
    assert nightly(brand) == {"count": 2, "broken": 1, "unknown": 0}
    [record] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert record.getMessage() == f"brand {brand.code}: broken in 2 rows: every member has a name"


def test_what_takes_too_long_is_cut_off_and_the_rest_goes_on(only, brand, caplog, monkeypatch):
    monkeypatch.setattr(invariants, "STATEMENT_LIMIT", timedelta(seconds=0.05))
    only(Invariant("nobody sleeps", "SELECT 1 FROM pg_sleep(9)"), unnamed())
    MemberFactory(brand=brand, display_name="")
    assert nightly(brand) == {"count": 2, "broken": 1, "unknown": 1}
    assert "1 invariants could not be checked in time" in caplog.text


def test_a_brand_has_its_share_of_the_night_and_no_more(only, brand, monkeypatch):
    monkeypatch.setattr(invariants, "BRAND_LIMIT", timedelta(0))
    only(unnamed())
    assert nightly(brand) == {"count": 1, "broken": 0, "unknown": 1}


def test_brands_are_checked_one_after_the_other_also_when_one_fails(only, settings, monkeypatch):
    entry = settings.CELERY_BEAT_SCHEDULE["check-invariants"]
    assert entry["task"] == tasks.check_invariants.name
    only(unnamed("SELECT 1 / 0"))
    first, second = BrandFactory(), BrandFactory()
    rung = []
    monkeypatch.setattr(app, "send_task", lambda task, args: rung.append((task, args)))
    with pytest.raises(Exception, match="division by zero"):
        tasks.check_invariants(first.pk - 1)
    only(unnamed())
    tasks.check_invariants(*rung[0][1])
    tasks.check_invariants(*rung[1][1])
    assert rung == [(tasks.check_invariants.name, [brand.pk]) for brand in (first, second)]
    with tenant(second.pk):
        assert AuditEntry.objects.filter(action="brand.checked").count() == 1
