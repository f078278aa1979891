import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from core.saved_views.models import SavedView

pytestmark = pytest.mark.django_db
NEW = reverse("core:saved-views-new", query={"list": "members", "stage": "growth"})


def made(brand):
    with tenant(brand.pk):
        return SavedView.objects.get()


def test_a_view_is_saved_and_leads_back_to_its_list(signed_in, brand):
    answer = signed_in.post(NEW, {"name": "成长期"})
    assert answer.url == "/members/?stage=growth"
    page = signed_in.get(answer.url)
    assert 'aria-current="page">成长期' in page.content.decode().replace("\n", "")
    assert reverse("core:saved-views-edit", args=[made(brand).pk]) in page.content.decode()


def test_a_narrowed_list_offers_to_save_its_view_and_the_plain_one_does_not(signed_in):
    place = reverse("members:members-list")
    assert "/views/new/" in signed_in.get(place, {"stage": "growth"}).content.decode()
    assert "/views/new/" not in signed_in.get(place).content.decode()


def test_a_name_that_is_taken_is_told_beside_the_field(signed_in, brand):
    signed_in.post(NEW, {"name": "成长期"})
    answer = signed_in.post(NEW, {"name": "成长期"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]


def test_a_view_is_renamed_shared_and_deleted(signed_in, brand):
    signed_in.post(NEW, {"name": "成长期"})
    view = made(brand)
    signed_in.post(
        reverse("core:saved-views-edit", args=[view.pk]), {"name": "成长", "is_shared": "on"}
    )
    assert (made(brand).name, made(brand).is_shared) == ("成长", True)
    delete = reverse("core:saved-views-delete", args=[view.pk])
    assert "成长" in signed_in.get(delete).content.decode()
    signed_in.post(delete)
    with tenant(brand.pk):
        assert not SavedView.objects.exists()
