import pytest
from django.http import QueryDict
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer, system_viewer
from core.kernel.errors import Forbidden, InvalidInput
from core.saved_views import selectors, services
from core.saved_views.models import SavedView
from tests.factories.core import StaffFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def person(brand, *, dealer_ids=None, permissions=frozenset(Permission)):
    staff = StaffFactory(brand=brand)
    return Viewer(
        brand_id=brand.pk,
        label=staff.display_name,
        staff_id=staff.pk,
        permissions=permissions,
        dealer_ids=dealer_ids,
    )


def save(actor, *, query="stage=growth", name="成长期", is_shared=False):
    return services.save_view(
        list_key="members",
        name=name,
        query=QueryDict(query),
        is_shared=is_shared,
        actor=actor,
        now=NOW,
    )


def labels(viewer, query="", key="members"):
    found = selectors.views_of(key=key, viewer=viewer, query=QueryDict(query))
    return [view.label for view in found]


def test_a_view_is_kept_for_its_maker_and_its_list_only(inside_brand):
    one, other = person(inside_brand), person(inside_brand)
    save(one)
    assert labels(one) == ["成长期"]
    assert labels(other) == []
    assert labels(one, key="staff") == []
    assert AuditEntry.objects.filter(action="saved_view.saved").count() == 1


def test_the_view_one_is_on_is_current_whatever_the_page(inside_brand):
    actor = person(inside_brand)
    save(actor, query="stage=growth&sort=added")
    usual = [{"label": "All", "is_current": True}]
    all_, mine = selectors.views_of(
        key="members",
        viewer=actor,
        query=QueryDict("sort=added&after=xyz&stage=growth&q="),
        usual=usual,
    )
    assert mine.is_current
    assert not all_["is_current"]
    assert mine.url == "/members/?stage=growth&sort=added"


def test_a_shared_view_is_everybodys_but_not_what_was_typed(inside_brand):
    maker = person(inside_brand)
    dealer = person(inside_brand, dealer_ids=frozenset({1}))
    view = save(maker, query="stage=growth&q=13812345678", is_shared=True)
    assert labels(dealer) == ["成长期"]
    assert selectors.query_of(view).dict() == {"stage": "growth"}
    assert not selectors.views_of(key="members", viewer=dealer, query=QueryDict())[0].edit_url


def test_a_view_that_is_shared_later_forgets_what_was_typed(inside_brand):
    maker = person(inside_brand)
    view = save(maker, query="stage=growth&q=陈")
    services.change_view(view=view, name="成长期", is_shared=True, actor=maker, now=NOW)
    assert selectors.query_of(SavedView.objects.get()).dict() == {"stage": "growth"}


def test_what_was_typed_is_not_readable_in_the_row(inside_brand):
    view = save(person(inside_brand), query="q=13812345678")
    assert b"138" not in bytes(view.query)


def test_dealers_may_not_share(inside_brand):
    with pytest.raises(Forbidden):
        save(person(inside_brand, dealer_ids=frozenset({1})), is_shared=True)
    assert not SavedView.objects.exists()


def test_a_name_is_taken_once(inside_brand):
    actor = person(inside_brand)
    save(actor)
    with pytest.raises(InvalidInput):
        save(actor, query="stage=lost")
    assert save(person(inside_brand)).name == "成长期"


def test_the_plain_list_is_no_view(inside_brand):
    with pytest.raises(InvalidInput):
        save(person(inside_brand), query="")


def test_a_list_one_may_not_see_has_no_views(inside_brand):
    with pytest.raises(Forbidden):
        save(person(inside_brand, permissions=frozenset()))


def test_only_its_maker_changes_or_deletes_a_view(inside_brand):
    maker, other = person(inside_brand), system_viewer(inside_brand.pk)
    view = save(maker, is_shared=True)
    with pytest.raises(Forbidden):
        services.change_view(view=view, name="x", is_shared=False, actor=other, now=NOW)
    with pytest.raises(Forbidden):
        services.delete_view(view=view, actor=other, now=NOW)
    services.delete_view(view=view, actor=maker, now=NOW)
    assert not SavedView.objects.exists()


def test_there_is_an_end_to_them(inside_brand, monkeypatch):
    monkeypatch.setattr(services, "MOST_PER_LIST", 1)
    actor = person(inside_brand)
    save(actor)
    with pytest.raises(InvalidInput):
        save(actor, name="另一个")
