"""Invariant 19: a field without a class, purpose, retention and mask fails the build."""

from io import StringIO

import pytest
from django.apps.registry import Apps
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection, models

from core.data_inventory import checks, ports, selectors
from core.data_inventory.ports import Keep, Mask, Purpose, holding
from core.management.commands import data_inventory
from members.profiles.models import Member

# Django's own book about migrations; no model, and nothing in it is anybody's.
WITHOUT_MODEL = {"django_migrations"}


@pytest.fixture
def declared(monkeypatch):
    """A copy of the declarations that a test may spoil."""
    copy = dict(ports._holdings)
    monkeypatch.setattr(ports, "_holdings", copy)
    return copy


def found():
    return {(error.id.rpartition(".")[2], error.obj) for error in run_checks(tags=[checks.TAG])}


def test_every_field_of_every_table_is_classified():
    assert run_checks(tags=[checks.TAG]) == []


def test_every_item_says_all_four_things():
    items = list(selectors.items())
    assert len(items) > 300
    assert all(item.data_class and item.purpose and item.keep and item.mask for item in items)


def test_a_table_without_classes_fails(declared):
    del declared["members.member"]
    assert found() == {("table", "members.Member")}


def test_a_field_without_a_class_fails_and_is_named(declared):
    said = declared["members.member"]
    fields = {name: each for name, each in said.fields.items() if name != "gender"}
    declared["members.member"] = ports.Holding(said.model, fields)
    [error] = run_checks(tags=[checks.TAG])
    assert "members.Member.gender" in error.msg


def test_a_new_field_of_a_model_fails():
    """The control with a real model: what a developer adds and forgets."""
    model = type(
        "Forgetful",
        (models.Model,),
        {
            "__module__": __name__,
            "nickname": models.CharField(max_length=20),
            "Meta": type("Meta", (), {"app_label": "members", "apps": Apps()}),
        },
    )
    gaps = {(gap.field, gap.kind) for gap in selectors.gaps(models=[model, Member])}
    assert gaps == {("", "table")}
    known = holding("members.Forgetful", Purpose.PEOPLE, Keep.MEMBER, internal="id")
    ports._holdings["members.forgetful"] = known
    try:
        gaps = {(gap.field, gap.kind) for gap in selectors.gaps(models=[model])}
        assert gaps == {("nickname", "field")}
    finally:
        del ports._holdings["members.forgetful"]


def test_what_is_gone_must_leave_the_declarations(declared):
    said = declared["members.member"]
    extra = {**said.fields, "fax": said.fields["gender"]}
    declared["members.member"] = ports.Holding(said.model, extra)
    declared["members.telegram"] = holding("members.Telegram", Purpose.PEOPLE, Keep.MEMBER)
    assert found() == {("gone", "members.Member"), ("gone_table", "members.Telegram")}


def test_a_field_has_one_class_and_a_sensitive_one_a_mask():
    with pytest.raises(ValueError, match="twice"):
        holding("a.B", Purpose.PEOPLE, Keep.MEMBER, public="x", internal="x")
    with pytest.raises(ValueError, match="as they are"):
        holding("a.B", Purpose.PEOPLE, Keep.MEMBER, sensitive={"x": Mask.PLAIN})


@pytest.mark.django_db
def test_the_database_has_no_column_beside_the_models():
    """What a migration creates by hand would hide from a check of models."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " AND table_name IN (SELECT relname FROM pg_class WHERE relkind IN ('r', 'p'))"
        )
        there = set(cursor.fetchall())
    known = {
        (item.model._meta.db_table, item.model._meta.get_field(item.field).column)
        for item in selectors.items()
    }
    assert {pair for pair in there - known if pair[0] not in WITHOUT_MODEL} == set()


def test_everything_encrypted_is_known_to_the_rotation():
    names = {f"{item.model._meta.label}.{item.field}" for item in selectors.sealed_items()}
    assert names >= {
        "members.Member.phone_cipher",
        "members.Vehicle.vin_cipher",
        "core.IdempotencyKey.answer",
        "core.SavedView.query",
        "core.Run.params",
    }


def test_the_page_is_true():
    call_command("data_inventory", check=True, stdout=StringIO())


def test_a_page_that_is_out_of_date_fails_and_is_written_anew(tmp_path, settings, capsys):
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    with pytest.raises(CommandError, match="out of date"):
        call_command("data_inventory", check=True)
    call_command("data_inventory")
    call_command("data_inventory", check=True)
    page = (tmp_path / data_inventory.PAGE).read_text()
    assert "| `phone_cipher` | Sensitive |" in page
