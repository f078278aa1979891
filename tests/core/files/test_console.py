import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.files import services
from core.kernel.access import Permission, system_viewer
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


def stored_in(brand, **changes):
    values = {"name": "错误行.csv", "needs": None} | changes
    return services.store_upload(
        brand_id=brand.pk,
        chunks=[b"=1+1"],
        limit_bytes=100,
        actor=system_viewer(brand.pk),
        now=timezone.now(),
        **values,
    )


def test_a_file_arrives_as_an_attachment(signed_in, brand):
    stored = stored_in(brand, name='a"b\r\n错误.csv')
    response = signed_in.get(f"/files/{stored.pk}/")
    assert response.status_code == 200
    assert response.getvalue() == b"=1+1"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "\r" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    with tenant(brand.pk):
        assert AuditEntry.objects.get().action == "file.downloaded"


def test_another_brands_file_does_not_exist(signed_in):
    stored = stored_in(BrandFactory())
    assert signed_in.get(f"/files/{stored.pk}/").status_code == 404


def test_a_dealer_does_not_find_what_others_made(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(
        brand=brand, staff=staff, role="dealer_manager", dealer=DealerFactory(brand=brand)
    )
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/files/{stored_in(brand).pk}/").status_code == 404


def test_a_file_may_ask_for_a_permission(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    stored = stored_in(brand, needs=Permission.MEMBERS_IMPORT)
    assert client.get(f"/files/{stored.pk}/").status_code == 403


def test_nobody_signed_in_is_led_to_the_sign_in_page_and_back(client, brand):
    response = client.get(f"/files/{stored_in(brand).pk}/")
    assert response.status_code == 302
    assert response["Location"].endswith(f"/sign-in/?next=%2Ffiles%2F{stored_in(brand).pk - 1}%2F")
