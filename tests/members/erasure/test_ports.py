"""No table can be forgotten: the registry names each, and every column that can name a member."""

import re

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.data_inventory.ports import DataClass, holding_of
from members.erasure import ports
from members.orders.models import Order
from members.profiles.models import Member
from members.tags.models import TagChangeBatch

PRODUCT = ("core", "members", "communities", "events", "analytics", "integrations")
NAMES_A_MEMBER = re.compile(r"(^|_)(member|winner|loser|sender|subject)(_ids?)?$").search
# Names and marks of people who work with the product.
STAFF = re.compile(r"(_label|_by|^author_ids|^dealer_ids)$").search
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
# Columns of tables whose rows stay, in which nothing of a member can stand.
HARMLESS = {
    "core_auditentry": {"action", "subject_type", "data"},  # no personal values, by its contract
    # Which columns, and a keyed hash of what was asked for.
    "core_exportrequest": {"list_key", "columns", "file_format", "digest"},
    "core_idempotencykey": {"actor", "request_hash"},
    "core_run": {"kind", "unit", "subject_url"},
    "core_savedview": {"list_key"},
    "core_storedfile": {"path", "sha256", "needs", "holds"},
    "communities_buildrule": {"group_by"},
    "communities_room": {"channel"},
    "communities_roommessage": {"dedupe_key"},
    "members_erasure": {"mark", "note", "traces"},  # a constraint empties what tells anything
    "members_importrejection": {"code"},
}
# Texts in rows that go with the member they belong to, in which nobody writes of another one.
ITSELF, SYSTEMS = "what this person is called or numbered", "a number or word of another system"
THEIR_OWN = {
    "events_pointsentry.source_id": SYSTEMS,
    "members_identity.value": SYSTEMS,
    "members_member.customer_no": ITSELF,
    "members_member.display_name": ITSELF,
    "members_member.phone_masked": ITSELF,
    "members_member.phone_tail": ITSELF,
    "members_membermerge.loser_name": ITSELF,
    "members_mergedmember.customer_no": ITSELF,
    "members_order.category": SYSTEMS,
    "members_order.channel": SYSTEMS,
    "members_order.order_no": SYSTEMS,
    "members_vehicle.vin_tail": ITSELF,
}


def product_tables():
    every = [model for name in PRODUCT for model in _models(name)]
    return [model for model in every if model._meta.managed]


def _models(name):
    return apps.get_app_config(name).get_models() if apps.is_installed(name) else []


def can_name_a_member(field):
    if isinstance(field, models.ForeignKey):
        return field.related_model is Member
    if isinstance(field, ArrayField):
        return isinstance(field.base_field, models.BigIntegerField) and not STAFF(field.name)
    return isinstance(field, models.BigIntegerField) and bool(NAMES_A_MEMBER(field.name))


def holds_text(field):
    return isinstance(field, TEXTS) and not field.choices and not STAFF(field.name)


def is_personal(field):
    """What whoever reads it could read about somebody; what is sealed or hashed is found by key."""
    said = holding_of(field.model._meta.label).fields[field.name]
    return said.data_class == DataClass.PERSONAL


def forgotten(tables, holdings, searches, impersonal):
    """Return what nobody said anything about: tables, and columns as ``table.column``."""
    missing = []
    for model in tables:
        table = model._meta.db_table
        held = [h for h in holdings if h.model is model]
        named = {column for h in held for column in h.columns}
        if table not in impersonal and table not in searches and not held:
            missing.append(table)
            continue
        rows_go = any(h.erase is None and not h.kept for h in held)
        told = named | set(searches[table].columns if table in searches else ())
        told |= HARMLESS.get(table, set())
        for field in model._meta.concrete_fields:
            column = field.column
            if can_name_a_member(field) and column not in named | {"id"}:
                missing.append(f"{table}.{column}")
            if not holds_text(field) or table in impersonal:
                continue
            is_told = f"{table}.{column}" in THEIR_OWN if is_personal(field) else rows_go
            if column not in told and not is_told:
                missing.append(f"{table}.{column}")
    return missing


def test_every_table_and_every_column_that_names_a_member_is_announced():
    found = forgotten(product_tables(), ports.holdings(), ports.searches(), ports.impersonal())
    assert found == [], "say in the concept's personal.py how these go with a member"


@pytest.mark.parametrize("model", [Order, TagChangeBatch, Member])
def test_a_table_that_nobody_announced_is_named(model):
    """The control: without one entry the walk names its table."""
    some = [holding for holding in ports.holdings() if holding.model is not model]
    found = forgotten(product_tables(), some, ports.searches(), ports.impersonal())
    assert found == [model._meta.db_table]


def test_a_column_that_nobody_announced_is_named():
    some = ports.searches()
    some.pop("core_run")
    found = forgotten(product_tables(), ports.holdings(), some, ports.impersonal())
    assert "core_run" in found


@pytest.mark.parametrize(
    ("table", "column"),
    [("members_customvalue", "text"), ("events_pointsentry", "reason"), ("members_reveal", "note")],
)
def test_a_text_in_rows_that_go_with_somebody_else_is_named(table, column):
    """The control: its rows go with their own member, and the text may be about another one."""
    some = ports.searches()
    some.pop(table)
    found = forgotten(product_tables(), ports.holdings(), some, ports.impersonal())
    assert found == [f"{table}.{column}"]


def test_no_reason_is_given_for_what_is_not_there():
    columns = {
        f"{model._meta.db_table}.{field.column}"
        for model in product_tables()
        for field in model._meta.concrete_fields
        if holds_text(field)
    }
    assert set(THEIR_OWN) <= columns


def test_what_stays_says_why_and_what_is_told_says_how():
    for holding in ports.holdings():
        assert not (holding.kept and holding.erase), holding
        assert bool(holding.fields) != bool(holding.untold), holding
    assert all(ports.impersonal().values())
