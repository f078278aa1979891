import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.custom_fields import services


@pytest.fixture
def declare(brand, actor):
    """Declare a field as a service does; of choices, with three."""

    def make(key, kind="text", **more):
        values = {"key": key, "label": more.pop("label", key), "kind": kind, **more}
        if kind.startswith("choice"):
            values.setdefault("choices", ["家用", "通勤", "自驾游"])
        with tenant(brand.pk):
            return services.create_field(values=values, actor=actor, now=timezone.now())

    return make
