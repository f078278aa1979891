"""Invariant 27 where a brand sets itself up: whoever was outrun is told so, and undoes nothing."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from members.tags.models import TagLimits
from tests.factories.core import DealerFactory, RegionFactory, StoreFactory
from tests.factories.members import TagFactory, TagGroupFactory, VehicleModelFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@dataclass
class Door:
    """A row with its address by REST, its form, and what the form holds unchanged."""

    row: Any
    api: str
    form: str
    body: dict[str, Any]
    name: str = "name"
    later: Any = "后到的"


def _region(brand):
    row = RegionFactory(brand=brand, name="华东")
    return Door(row, f"regions/{row.pk}/", reverse("core:region-edit", args=[row.pk]), {})


def _dealer(brand):
    row = DealerFactory(brand=brand, name="滨江")
    body = {"region": row.region_id, "city": row.city.name, "is_active": "on"}
    return Door(row, f"dealers/{row.pk}/", reverse("core:dealer-edit", args=[row.pk]), body)


def _store(brand):
    row = StoreFactory(brand=brand, name="一店")
    body = {"city": row.city.name, "address": row.address}
    return Door(row, f"stores/{row.pk}/", reverse("core:store-edit", args=[row.pk]), body)


def _vehicle_model(brand):
    row = VehicleModelFactory(brand=brand, name="远航 E7")
    form = reverse("members:vehicle-models-edit", args=[row.pk])
    return Door(row, f"vehicle-models/{row.pk}/", form, {})


def _tag_group(brand):
    row = TagGroupFactory(brand=brand, name="兴趣")
    form = reverse("members:tag-groups-edit", args=[row.pk])
    return Door(row, f"tag-groups/{row.pk}/", form, {})


def _tag(brand):
    row = TagFactory(brand=brand, name="露营")
    return Door(row, f"tags/{row.pk}/", reverse("members:tags-edit", args=[row.pk]), {})


def _tag_limits(brand):
    with tenant(brand.pk):
        row = TagLimits.objects.create(brand=brand)
    body = {"per_group": 200, "per_member": 200}
    return Door(row, "tag-limits/", reverse("members:tags-limits"), body, "tags", 77)


@pytest.fixture(params=[_region, _dealer, _store, _vehicle_model, _tag_group, _tag, _tag_limits])
def door(request, brand):
    return request.param(brand)


def sent(client, door, **body):
    address = f"/api/v1/{door.api}"
    return client.patch(address, body, content_type="application/json")


def held(door):
    with tenant(door.row.brand_id):
        return type(door.row).objects.get(pk=door.row.pk)


def first(client, door):
    """Somebody else's change, of the version that is there."""
    value = 66 if door.name == "tags" else "先到的"
    answer = sent(client, door, **{door.name: value, "version": 1})
    assert (answer.status_code, answer.json()["version"]) == (200, 2), answer.content
    return value


def test_a_program_that_was_outrun_changes_nothing(signed_in, door):
    value = first(signed_in, door)
    late = sent(signed_in, door, **{door.name: door.later, "version": 1})
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert getattr(held(door), door.name) == value
    again = sent(signed_in, door, **{door.name: door.later, "version": 2})
    assert (again.status_code, getattr(held(door), door.name)) == (200, door.later)


def test_a_program_names_the_version_that_it_read(signed_in, door):
    answer = sent(signed_in, door, **{door.name: door.later})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/version"]
    assert held(door).version == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_form_that_was_outrun_keeps_what_was_typed(signed_in, door, headers):
    shown = signed_in.get(door.form, headers=headers)
    assert shown.context["form"]["version"].value() == 1
    assert 'name="version" value="1"' in shown.content.decode()
    value = first(signed_in, door)
    typed = door.body | {door.name: door.later, "version": 1}
    late = signed_in.post(door.form, typed, headers=headers)
    assert late.status_code == 412
    assert str(door.later) in late.content.decode()
    assert getattr(held(door), door.name) == value


def test_a_form_without_its_version_is_of_none(signed_in, door):
    late = signed_in.post(door.form, door.body | {door.name: door.later}, headers=HTMX)
    assert late.status_code == 412
    assert held(door).version == 1


def test_limits_that_nobody_set_do_not_take_a_form_without_a_version(signed_in, brand):
    body = {"tags": 9, "per_group": 8, "per_member": 7}
    late = signed_in.post(reverse("members:tags-limits"), body, headers=HTMX)
    assert late.status_code == 412
    with tenant(brand.pk):
        assert not TagLimits.objects.exists()


def test_what_changes_nothing_outruns_nobody(signed_in, door):
    same = getattr(held(door), door.name)
    answer = sent(signed_in, door, **{door.name: same, "version": 1})
    assert (answer.status_code, held(door).version) == (200, 1), answer.content
