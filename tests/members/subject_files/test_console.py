from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.access import Permission
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.staff.rules import PERMISSIONS_OF_ROLE
from members.subject_files.models import SubjectFile
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="欧阳若兰", phone="+8613812345678")


def test_a_file_is_asked_for_and_fetched(brand, signed_in, member):
    answer = signed_in.post(f"/members/{member.pk}/files/", {"is_whole": "on"})
    assert answer.status_code == 302
    assert "/tasks/" in answer["Location"]
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    page = signed_in.get(f"/members/{member.pk}/files/").content.decode()
    with tenant(brand.pk):
        made = SubjectFile.objects.get()
    assert made.is_whole
    assert f"/files/{made.file_id}/" in page
    answer = signed_in.get(f"/files/{made.file_id}/")
    assert b"".join(answer.streaming_content)[:2] == b"PK"


def test_it_needs_its_permission(brand, client, member):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="analyst")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/members/{member.pk}/files/").status_code == 403
    assert "/files/" not in client.get(f"/members/{member.pk}/").content.decode()


def test_whole_numbers_are_refused_where_the_role_does_not_allow_them(
    brand, client, member, monkeypatch
):
    fewer = PERMISSIONS_OF_ROLE["hq_operator"] - {Permission.MEMBERS_REVEAL}
    monkeypatch.setitem(PERMISSIONS_OF_ROLE, "hq_operator", fewer)
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="hq_operator")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(f"/members/{member.pk}/files/", {"is_whole": "on"})
    assert answer.status_code == 422
    with tenant(brand.pk):
        assert not SubjectFile.objects.exists()
