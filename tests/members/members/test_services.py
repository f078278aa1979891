import pytest
from django.utils import timezone

from core.kernel.errors import InvalidInput, StaleVersion
from members.custom_fields import services as custom_fields
from members.custom_fields.models import CustomValue
from members.members import services
from members.profiles.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(actor):
    return {"actor": actor, "now": timezone.now()}


@pytest.fixture(autouse=True)
def field(inside_brand, act):
    values = {"key": "use", "label": "Use", "kind": "text", "is_required": True}
    return custom_fields.create_field(values=values, **act)


def register(act, **custom):
    return services.register_member(values={"display_name": "a"}, custom=custom, **act)


def test_a_member_and_own_values_are_written_together_or_not_at_all(act):
    with pytest.raises(InvalidInput):
        register(act)
    with pytest.raises(InvalidInput):
        register(act, use="x", other="y")
    assert not Member.objects.exists()
    member = register(act, use="x")
    assert CustomValue.objects.get(member=member).text == "x"
    with pytest.raises(InvalidInput):
        services.change_member(
            member=member, changes={"display_name": ""}, custom={"use": "y"}, **act
        )
    assert CustomValue.objects.get(member=member).text == "x"


def test_a_change_of_own_values_alone_is_a_new_version(act):
    member = register(act, use="x")
    seen = member.version
    changed = services.change_member(
        member=member, changes={}, custom={"use": "y"}, version=seen, **act
    )
    assert changed.version == seen + 1
    with pytest.raises(StaleVersion):
        services.change_member(member=member, changes={}, custom={"use": "z"}, version=seen, **act)
    assert CustomValue.objects.get(member=member).text == "y"
