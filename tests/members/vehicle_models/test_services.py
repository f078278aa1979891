from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from members.vehicle_models import selectors, services
from members.vehicle_models.services import ModelInUse
from members.vehicles.models import VehicleModel
from tests.factories.members import SegmentFactory, VehicleFactory, VehicleModelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def create(actor, code="E7", name="远航 E7"):
    return services.create_model(code=code, name=name, actor=actor, now=NOW)


def told():
    return list(AuditEntry.objects.order_by("id").values_list("action", "data"))


def test_a_model_is_added_renamed_and_deleted_on_record(actor):
    model = create(actor, " E7 ", " 远航  E7 ")
    assert (model.code, model.name) == ("E7", "远航 E7")
    renamed = services.rename_model(model=model, name="远航 E7 Max", actor=actor, now=NOW)
    assert (renamed.code, renamed.name) == ("E7", "远航 E7 Max")
    services.rename_model(model=renamed, name="远航 E7 Max", actor=actor, now=NOW)
    services.delete_model(model=renamed, actor=actor, now=NOW)
    assert not VehicleModel.objects.exists()
    assert told() == [
        ("vehiclemodel.created", {"code": "E7"}),
        ("vehiclemodel.renamed", {"before": "远航 E7", "after": "远航 E7 Max"}),
        ("vehiclemodel.deleted", {"code": "E7", "name": "远航 E7 Max"}),
    ]
    with pytest.raises(NotFound):
        services.rename_model(model=renamed, name="x", actor=actor, now=NOW)


@pytest.mark.parametrize(
    ("code", "name", "pointer"),
    [
        ("E7", "另一款", "/code"),
        ("e-7", "另一款", "/code"),
        ("S5", "远航e7", "/name"),
        ("S5", "E7", "/name"),
        ("S 5", "另一款", "/code"),
        ("S5", "", "/name"),
    ],
)
def test_what_files_could_not_tell_apart_is_refused(actor, code, name, pointer):
    create(actor)
    with pytest.raises(InvalidInput) as refused:
        create(actor, code, name)
    assert refused.value.problems[0].pointer == pointer
    assert VehicleModel.objects.count() == 1


def test_a_name_of_another_model_cannot_be_taken_by_renaming(actor):
    create(actor)
    other = create(actor, "S5", "远航 S5")
    with pytest.raises(InvalidInput):
        services.rename_model(model=other, name="E7", actor=actor, now=NOW)
    assert services.rename_model(model=other, name="S5", actor=actor, now=NOW).name == "S5"


def test_another_brands_codes_do_not_matter(actor):
    VehicleModelFactory(code="E7")
    assert create(actor).code == "E7"


def test_there_is_an_end_to_models(actor, monkeypatch):
    create(actor)
    monkeypatch.setattr("members.vehicle_models.rules.MOST_MODELS", 1)
    with pytest.raises(InvalidInput) as refused:
        create(actor, "S5", "远航 S5")
    assert refused.value.problems[0].code == "too_many"


def test_a_model_of_cars_stays(actor, brand):
    model = create(actor)
    VehicleFactory(brand=brand, model=model)
    with pytest.raises(ModelInUse):
        services.delete_model(model=model, actor=actor, now=NOW)
    assert selectors.counts(brand_id=brand.pk)[model.pk].number == 1


def test_a_model_that_conditions_ask_for_stays(actor, brand):
    model = create(actor)
    asked = {"field": "vehicle.model", "cmp": "in", "value": [model.pk]}
    tree = {"op": "all", "items": [{"op": "any", "items": [asked]}]}
    segment = SegmentFactory(brand=brand, name="E7 车主", tree=tree)
    with pytest.raises(ModelInUse, match="E7 车主"):
        services.delete_model(model=model, actor=actor, now=NOW)
    segment.delete()
    services.delete_model(model=model, actor=actor, now=NOW)


def test_who_may_not_set_up_is_refused(actor, brand):
    model = create(actor)
    other = Viewer(brand_id=brand.pk, label="x", permissions=frozenset({Permission.MEMBERS_EDIT}))
    for act in (
        lambda: create(other, "S5", "S5"),
        lambda: services.rename_model(model=model, name="x", actor=other, now=NOW),
        lambda: services.delete_model(model=model, actor=other, now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()
