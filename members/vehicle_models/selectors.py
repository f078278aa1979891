from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from core.kernel.sizes import COUNT_CAP, Size
from members.segments.models import Segment
from members.tags.models import TagRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from members.vehicles.models import VehicleModel

FIELD = "vehicle.model"
# One look into ``members_vehicle_by_model`` per model, and no further than anybody reads.
COUNTS = """
SELECT model.id, (
    SELECT count(*) FROM (
        SELECT FROM members_vehicle AS car
        WHERE car.brand_id = %(brand)s AND car.model_id = model.id LIMIT %(enough)s
    ) AS seen
) FROM members_vehiclemodel AS model WHERE model.brand_id = %(brand)s
"""


def counts(*, brand_id: int) -> Mapping[int, Size]:
    """Return how many cars there are of each model, counting on to COUNT_CAP in each."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"brand": brand_id, "enough": COUNT_CAP + 1})
        return {
            pk: Size(min(number, COUNT_CAP), is_capped=number > COUNT_CAP)
            for pk, number in cursor.fetchall()
        }


def names_of_conditions(*, model: VehicleModel) -> list[str]:
    """Return the segments, archived ones too, and the tags whose conditions ask for the model."""
    segments = Segment.objects.filter(brand_id=model.brand_id).order_by("pk")
    rules = TagRule.objects.filter(brand_id=model.brand_id).order_by("pk")
    trees = [*segments.values_list("name", "tree"), *rules.values_list("tag__name", "tree")]
    return [name for name, tree in trees if model.pk in _models_in(tree)]


def _models_in(node: Any) -> Iterator[int]:
    """Yield the models that a tree asks for, however deep."""
    if not isinstance(node, dict):
        return
    for item in node.get("items") or ():
        yield from _models_in(item)
    value = node.get("value")
    if node.get("field") == FIELD and value is not None:
        yield from value.get("in", ()) if isinstance(value, dict) else value
