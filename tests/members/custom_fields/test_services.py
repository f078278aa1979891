from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput, StaleVersion
from core.kernel.sizes import Size
from members.custom_fields import rules, selectors, services
from members.custom_fields.models import CustomChoice, CustomField, CustomValue
from members.profiles.models import Member
from tests.factories.members import MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]


@pytest.fixture
def put(actor):
    def run(*members, is_new=False, **values):
        return services.set_values(
            member_ids=[member.pk for member in members],
            values=values,
            actor=actor,
            now=timezone.now(),
            is_new=is_new,
        )

    return run


@pytest.fixture
def change(actor):
    def run(field, **changes):
        version = changes.pop("version", None)
        return services.change_field(
            field=field, changes=changes, version=version, actor=actor, now=timezone.now()
        )

    return run


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand)


def held(member):
    fields = selectors.specs(brand_id=member.brand_id)
    found = selectors.values_of(brand_id=member.brand_id, member_ids=[member.pk], fields=fields)
    return {
        spec.key: rules.as_json(spec, found[member.pk][spec.key])
        for spec in fields
        if spec.key in found[member.pk]
    }


def refused(call, *arguments, **values):
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **values)
    return {problem.pointer: problem.code for problem in caught.value.problems}


def test_fields_stand_in_the_order_in_which_they_were_declared(declare, brand):
    for key in ("b", "a", "c"):
        declare(key)
    assert [spec.key for spec in selectors.specs(brand_id=brand.pk)] == ["b", "a", "c"]
    actions = AuditEntry.objects.filter(action="custom_field.created")
    assert [entry.data["key"] for entry in actions.order_by("pk")] == ["b", "a", "c"]


@pytest.mark.parametrize("key", ["", "Big", "1st", "a-b", "a b", "é", "a" * 41])
def test_a_key_is_plain(key, declare):
    assert refused(declare, key, label="x") == {"/key": "key"}


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"label": " \u200b"}, "/label"),
        ({"label": "x" * 41}, "/label"),
        ({"help": "x" * 201}, "/help"),
        ({"max_length": 0}, "/max_length"),
        ({"max_length": 501}, "/max_length"),
        ({"kind": "number", "decimals": 5}, "/decimals"),
        ({"kind": "number", "low": Decimal(10) ** 13}, "/low"),
        ({"kind": "number", "low": Decimal(2), "high": Decimal(1)}, "/high"),
        ({"kind": "choice", "choices": []}, "/choices"),
        ({"kind": "choice", "choices": ["a", "Ａ"]}, "/choices/1"),
        ({"kind": "choice", "choices": ["a;b"]}, "/choices/0"),
        ({"kind": "choice", "choices": ["x" * 61]}, "/choices/0"),
        ({"kind": "choice", "choices": [f"c{n}" for n in range(201)]}, "/choices"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(values, pointer, declare):
    assert list(refused(declare, "key", **values)) == [pointer]


def test_key_and_name_are_one_fields_alone_also_when_it_is_archived(declare, actor):
    field = declare("car", label="Car")
    services.archive_field(field=field, actor=actor, now=timezone.now())
    assert refused(declare, "car", label="Other") == {"/key": "taken"}
    assert refused(declare, "other", label="CAR") == {"/label": "taken"}


def test_a_brand_has_at_most_a_hundred(declare, brand):
    CustomField.objects.bulk_create(
        CustomField(brand=brand, key=f"k{n}", label=f"k{n}", kind="text", created_at=timezone.now())
        for n in range(rules.MOST_FIELDS)
    )
    assert refused(declare, "more") == {"": "too_many"}


def test_changes_count_and_a_stale_one_is_refused(declare, change):
    field = declare("size", kind="number", decimals=1)
    changed = change(field, label="Größe", low=Decimal("0.5"), version=1)
    assert (changed.label, changed.low, changed.version) == ("Größe", 5_000, 2)
    assert change(field, label="Größe").version == 2
    with pytest.raises(StaleVersion):
        change(field, label="X", version=1)


def test_choices_are_renamed_archived_and_taken_into_use_again(declare, change, member, put):
    field = declare("use", kind="choice")
    home, work, tour = CustomChoice.objects.filter(field=field).order_by("position")
    put(member, use="通勤")
    change(
        field,
        choices=[
            {"id": tour.pk, "label": "远途"},
            {"id": home.pk, "label": "家用"},
            {"label": "新"},
        ],
    )
    (spec,) = selectors.specs_of([field])
    assert [choice.label for choice in spec.offered] == ["远途", "家用", "新"]
    assert held(member) == {"use": "通勤"}
    change(field, choices=[{"id": home.pk, "label": "远途"}, {"id": tour.pk, "label": "家用"}])
    (spec,) = selectors.specs_of([field])
    assert [(choice.pk, choice.label) for choice in spec.offered] == [
        (home.pk, "远途"),
        (tour.pk, "家用"),
    ]
    change(field, choices=["通勤", "新"])
    (spec,) = selectors.specs_of([field])
    assert {choice.label: choice.pk for choice in spec.offered}["通勤"] == work.pk


def test_a_choice_of_another_field_is_refused(declare, change):
    field, other = declare("use", kind="choice"), declare("why", kind="choice")
    foreign = CustomChoice.objects.filter(field=other).first()
    assert refused(change, field, choices=[{"id": foreign.pk, "label": "x"}]) == {
        "/choices/0": "unknown"
    }


def test_fields_are_put_in_order(declare, actor, brand):
    fields = [declare(key) for key in "abc"]
    services.move_field(field=fields[2], to=0, actor=actor, now=timezone.now())
    services.move_field(field=fields[0], to=99, actor=actor, now=timezone.now())
    assert [spec.key for spec in selectors.specs(brand_id=brand.pk)] == ["c", "b", "a"]


def test_an_archived_field_takes_no_value_and_keeps_those_it_has(declare, put, member, actor):
    field = declare("use")
    put(member, use="x")
    services.archive_field(field=field, actor=actor, now=timezone.now())
    services.archive_field(field=field, actor=actor, now=timezone.now())
    assert held(member) == {}
    assert refused(put, member, use="y") == {"/custom/use": "unknown_field"}
    services.restore_field(field=field, actor=actor, now=timezone.now())
    assert held(member) == {"use": "x"}
    assert AuditEntry.objects.filter(action="custom_field.archived").count() == 1


def test_values_of_every_kind_are_set_replaced_and_taken_away(declare, put, member):
    kinds = {"t": "text", "n": "number", "d": "date", "c": "choice", "m": "choices"}
    for key, kind in kinds.items():
        declare(key, kind)
    first = {"t": "x", "n": 4, "d": "2026-11-23", "c": "家用", "m": ["家用", "自驾游"]}
    assert put(member, **first) == 1
    assert held(member) == first
    assert put(member, **first) == 0
    second = {"t": "y", "n": -1, "d": "2027-01-01", "c": "通勤", "m": ["通勤", "自驾游"]}
    assert put(member, **second) == 1
    assert held(member) == second
    assert put(member, t=None, m=[]) == 1
    assert held(member) == {key: second[key] for key in "ndc"}
    assert CustomValue.objects.filter(member=member).count() == 3


def test_many_members_get_the_same_in_one_statement(declare, put, brand, query_budget):
    declare("use", kind="choices")
    declare("size", kind="number")
    members = [MemberFactory(brand=brand) for _ in range(5)]
    put(members[0], use=["家用"], size=2)
    with query_budget(12):
        assert put(*members, use=["家用"], size=2) == 4
    assert [held(member) for member in members] == [{"use": ["家用"], "size": 2}] * 5
    versions = Member.objects.order_by("pk").values_list("version", flat=True)
    assert list(versions) == [2] * 5
    told = AuditEntry.objects.filter(action="custom_field.set_for_many")
    assert [entry.data["count"] for entry in told] == [4, 4]


def test_the_trail_keeps_what_changed_and_no_values(declare, put, member):
    declare("use", kind="choice", label="购车用途")
    declare("nick", label="备注昵称", data_class="personal")
    put(member, use="家用", nick="小陈")
    put(member, use="通勤", nick="老陈")
    entry = AuditEntry.objects.filter(action="member.custom_changed").order_by("-pk")[0]
    assert entry.data == {"said": "购车用途; 备注昵称", "fields": ["use", "nick"]}


def test_every_problem_names_its_field(declare, put, member):
    declare("use", kind="choice", is_required=True)
    declare("size", kind="number")
    problems = refused(put, member, use=None, size="big", nothing=1)
    assert problems == {
        "/custom/use": "required",
        "/custom/size": "custom_number",
        "/custom/nothing": "unknown_field",
    }
    assert refused(put, member, is_new=True, size=1) == {"/custom/use": "required"}
    assert put(member, size=1) == 1


def test_a_member_of_another_brand_gets_nothing(declare, put):
    declare("use")
    assert put(MemberFactory(), use="x") == 0


def test_the_database_keeps_one_value_in_one_column(declare, brand, member):
    field = declare("use")
    common = {"brand": brand, "member": member, "field": field}
    for wrong in ({}, {"text": "x", "number": 1}, {"day": date(2026, 1, 1), "text": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CustomValue.objects.create(**common, **wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomValue.objects.create(**common, slot=5, text="x")
    CustomValue.objects.create(**common, text="x")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO members_customvalue (brand_id, member_id, field_id, slot, text)"
            " VALUES (%s, %s, %s, 0, 'y')",
            [brand.pk, member.pk, field.pk],
        )


def test_members_with_a_value_are_counted_once(declare, put, brand):
    use, size = declare("use", kind="choices"), declare("size", kind="number")
    members = [MemberFactory(brand=brand) for _ in range(3)]
    put(*members[:2], use=["家用", "通勤"])
    put(members[0], size=1)
    free = declare("free")
    assert selectors.counts(brand_id=brand.pk) == {
        use.pk: Size(2),
        size.pk: Size(1),
        free.pk: Size(0),
    }


@pytest.mark.parametrize("kind", ["choice", "choices"])
def test_members_with_a_value_are_counted_up_to_so_many(kind, declare, put, brand):
    use = declare("use", kind=kind)
    given = {"choice": "家用", "choices": ["家用", "通勤"]}[kind]
    put(*(MemberFactory(brand=brand) for _ in range(3)), use=given)
    assert selectors.counts(brand_id=brand.pk, most=2) == {use.pk: Size(2, is_capped=True)}
    assert selectors.counts(brand_id=brand.pk, most=3) == {use.pk: Size(3)}
