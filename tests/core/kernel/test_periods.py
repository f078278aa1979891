"""Bad inputs 45 and 47 of invariants.md by the console: no page breaks at the calendar's ends."""

from datetime import date

import pytest
from django import forms
from django.urls import reverse
from django.utils import timezone

from core.api_keys.models import ApiKey
from core.kernel.periods import within_years
from core.kernel.scoping import tenant
from members.privacy.models import ConsentText
from members.tags.forms import EndForm

pytestmark = pytest.mark.django_db
ENDS = ["0001-01-01", "9999-12-31"]


@pytest.mark.parametrize(
    ("day", "is_meant"),
    [
        (date(1899, 12, 31), False),
        (date(1900, 1, 1), True),
        (date(2200, 12, 31), True),
        (date(2201, 1, 1), False),
    ],
)
def test_days_are_in_years_that_people_mean(day, is_meant):
    if is_meant:
        within_years(day)
        return
    with pytest.raises(forms.ValidationError):
        within_years(day)


@pytest.mark.parametrize("place", ["core:audit-list", "communities:broadcasts-list"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("day", ENDS)
def test_45_a_list_is_narrowed_by_no_such_day(signed_in, place, name, day):
    answer = signed_in.get(reverse(place), {name: day})
    assert answer.status_code == 200
    assert "1900" in answer.content.decode()


@pytest.mark.parametrize("day", ENDS)
def test_45_a_key_does_not_end_on_such_a_day(signed_in, day):
    body = {"name": "App", "permissions": ["members.view"], "expires_on": day}
    answer = signed_in.post(reverse("core:api-keys-new"), body)
    assert (answer.status_code, ApiKey.objects.count()) == (422, 0)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30T10:00"])
def test_45_a_text_does_not_begin_at_such_a_moment(signed_in, moment, brand):
    body = {"purpose": "marketing", "version": "1", "body": "同意", "effective_from": moment}
    assert signed_in.post(reverse("members:consent-texts-new"), body).status_code == 422
    with tenant(brand.pk):
        assert not ConsentText.objects.exists()


@pytest.mark.parametrize("day", [*ENDS, "2026-02-30"])
def test_45_a_tag_does_not_end_on_such_a_day(day):
    assert not EndForm({"ends_on": day}, now=timezone.now()).is_valid()


@pytest.mark.parametrize("end", ["starts_at", "ends_at"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_45_a_community_does_not_begin_or_end_at_such_a_moment(signed_in, moment, end):
    body = {"kind": "service", "name": "快闪", end: moment}
    answer = signed_in.post(reverse("communities:communities-new"), body)
    assert answer.status_code == 422
    assert end in answer.context["form"].errors
