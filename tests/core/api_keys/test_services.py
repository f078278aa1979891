from datetime import timedelta

import pytest
from django.utils import timezone

from core.api_keys import services
from core.api_keys.models import ApiKey
from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer, system_viewer
from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def make(actor, **changes):
    values = {"name": "DMS", "permissions": [Permission.MEMBERS_VIEW], "expires_at": None}
    return services.create_api_key(**values | changes, actor=actor, now=NOW)


def test_a_key_opens_what_it_was_made_for(inside_brand, actor):
    key, secret = make(actor)
    viewer = services.viewer_of_api_key(secret=secret, now=NOW)
    assert viewer.brand_id == inside_brand.pk
    assert viewer.permissions == {Permission.MEMBERS_VIEW}
    assert (viewer.api_key_id, viewer.staff_id) == (key.pk, None)
    assert secret.startswith("qy_")
    assert secret.startswith(key.prefix)


def test_the_secret_is_nowhere_kept(inside_brand, actor):
    key, secret = make(actor)
    kept = " ".join(str(value) for value in vars(ApiKey.objects.get(pk=key.pk)).values())
    assert secret[services.PREFIX_LENGTH :] not in kept
    assert secret not in str(AuditEntry.objects.get().data)


@pytest.mark.parametrize("spoil", ["", "qy_", "x", "\0", "qy_" + "ü" * 43])
def test_a_wrong_secret_opens_nothing(inside_brand, actor, spoil):
    make(actor)
    assert services.viewer_of_api_key(secret=spoil, now=NOW) is None


def test_a_right_prefix_is_not_enough(inside_brand, actor):
    _key, secret = make(actor)
    forged = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    assert services.viewer_of_api_key(secret=forged, now=NOW) is None


def test_a_key_ends_with_its_day(inside_brand, actor):
    _key, secret = make(actor, expires_at=NOW + timedelta(hours=1))
    assert services.viewer_of_api_key(secret=secret, now=NOW) is not None
    assert services.viewer_of_api_key(secret=secret, now=NOW + timedelta(hours=1)) is None


def test_a_revoked_key_opens_nothing(inside_brand, actor):
    key, secret = make(actor)
    services.revoke_api_key(key_id=key.pk, actor=actor, now=NOW)
    assert services.viewer_of_api_key(secret=secret, now=NOW) is None
    with pytest.raises(services.KeyRevoked):
        services.revoke_api_key(key_id=key.pk, actor=actor, now=NOW)
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["api_key.created", "api_key.revoked"]


def test_another_brands_key_cannot_be_revoked(inside_brand, actor):
    other = BrandFactory()
    with tenant(other.pk):
        key, _secret = make(system_viewer(other.pk))
    with pytest.raises(ApiKey.DoesNotExist):
        services.revoke_api_key(key_id=key.pk, actor=actor, now=NOW)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"permissions": []}, "/permissions"),
        ({"expires_at": NOW}, "/expires_on"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(inside_brand, actor, changes, pointer):
    with pytest.raises(InvalidInput) as refusal:
        make(actor, **changes)
    assert refusal.value.problems[0].pointer == pointer
    assert not ApiKey.objects.exists()


def test_a_key_cannot_do_more_than_its_maker(inside_brand):
    maker = Viewer(
        brand_id=inside_brand.pk, label="x", permissions=frozenset({Permission.API_KEYS_EDIT})
    )
    with pytest.raises(InvalidInput):
        make(maker)


def test_the_last_use_is_noted_by_the_day(inside_brand, actor, django_assert_num_queries):
    key, secret = make(actor)
    services.viewer_of_api_key(secret=secret, now=NOW)
    assert ApiKey.objects.get(pk=key.pk).last_used_on == NOW.date()
    with django_assert_num_queries(1):
        services.viewer_of_api_key(secret=secret, now=NOW)
