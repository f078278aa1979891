import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.duplicates.models import DuplicatePair
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def pair(brand):
    first = MemberFactory(brand=brand, display_name="陈小宇", phone="+8613811110001")
    second = MemberFactory(brand=brand, display_name="陈小宇", phone="+8613922220001")
    with tenant(brand.pk):
        return DuplicatePair.objects.create(
            brand=brand,
            first=first,
            second=second,
            score=80,
            reasons=["name_tail"],
            found_at=timezone.now(),
        )


def test_pairs_are_shown_with_their_reasons(signed_in, pair, query_budget):
    with query_budget(5):
        page = signed_in.get(reverse("members:duplicates-list")).content.decode()
    assert "139****0001" in page
    assert "手机号后四位" in page
    compare = reverse("members:merges-preview", args=[pair.first_id, pair.second_id])
    assert compare in page


def test_a_pair_is_kept_apart_and_stays_so(signed_in, brand, pair):
    url = reverse("members:duplicates-dismiss", args=[pair.pk])
    assert signed_in.post(url, headers=HTMX).status_code == 204
    page = signed_in.get(reverse("members:duplicates-list")).content.decode()
    assert "139****0001" not in page
    kept = signed_in.get(reverse("members:duplicates-list"), {"state": "dismissed"})
    assert "139****0001" in kept.content.decode()


def test_looking_leads_to_its_task(signed_in, brand):
    answer = signed_in.post(reverse("members:duplicates-find"))
    with tenant(brand.pk):
        run = Run.objects.get()
    assert answer["Location"] == reverse("core:runs-detail", args=[run.pk])
