import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from core.retention.models import RetentionRule

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_the_page_says_what_the_night_would_do(signed_in):
    answer = signed_in.get(reverse("core:retention"))
    assert answer.status_code == 200
    assert {line.kind for line in answer.context["lines"]} >= {"file", "message", "import", "task"}


def test_a_rule_is_changed_in_a_dialog(signed_in, brand):
    place = reverse("core:retention-edit", args=["message"])
    assert signed_in.get(place, headers=HTMX).status_code == 200
    answer = signed_in.post(place, {"days": "3"}, headers=HTMX)
    assert answer.status_code == 422
    assert 'value="3"' in answer.content.decode()
    assert signed_in.post(place, {"days": "90"}).status_code == 302
    with tenant(brand.pk):
        assert RetentionRule.objects.get().days == 90
    assert signed_in.get(reverse("core:retention-edit", args=["dreams"])).status_code == 404
