"""Files of lists that hold somebody who is deleted are emptied, whatever became of the request."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from core.exports import services as exports
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.files import storage
from core.files.models import StoredFile
from core.files.services import FileGone, open_file
from core.kernel.scoping import tenant
from core.staff.selectors import viewer_of_staff
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
State = ExportRequest.State


@pytest.fixture
def member(brand):
    MemberFactory(brand=brand, display_name="司马相如")
    return MemberFactory(brand=brand, display_name="欧阳若兰", phone="+8613812345678")


@pytest.fixture
def export(brand, staff, work):
    """Have a file of the members written."""

    def exported(file_format="csv", filters=""):
        with tenant(brand.pk):
            exports.start_export(
                list_key="members",
                query=QueryDict(filters),
                columns=[],
                file_format=FileFormat(file_format),
                actor=viewer_of_staff(staff_id=staff.pk),
                now=timezone.now(),
            )
        work()
        with tenant(brand.pk):
            return StoredFile.objects.get(purpose=StoredFile.Purpose.RESULT)

    return exported


@pytest.mark.parametrize("state", [State.ALONE, State.APPROVED, State.WITHDRAWN, State.LAPSED])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_file_that_holds_them_is_emptied(brand, member, export, erase, state, file_format):
    stored = export(file_format)
    with tenant(brand.pk):
        ExportRequest.objects.update(state=state, decided_by_id=0)
        if state == State.LAPSED:
            past = timezone.now() - timedelta(days=1)
            StoredFile.objects.filter(pk=stored.pk).update(expires_at=past)
    assert storage.absolute(stored.path).exists()
    erase(member)
    assert not storage.absolute(stored.path).exists()
    with tenant(brand.pk):
        stored.refresh_from_db()
        assert (stored.size_bytes, stored.sha256) == (0, "")
        assert stored.deleted_at is not None
        with pytest.raises(FileGone):
            open_file(stored=stored, now=timezone.now())


def test_a_file_without_them_stays(brand, member, export, erase):
    stored = export(filters="q=司马相如")
    erase(member)
    assert storage.absolute(stored.path).exists()


def test_words_of_a_request_forget_them(brand, member, export, erase):
    export()
    with tenant(brand.pk):
        ExportRequest.objects.update(words="欧阳若兰", reason="13812345678 来电")
    erase(member)
    with tenant(brand.pk):
        kept = ExportRequest.objects.get()
        assert (kept.words, kept.reason) == ("…", "… 来电")
