"""What programs keep goes on working when somebody is deleted whose number looks like theirs."""

import pytest
from django.http import QueryDict
from django.utils import timezone

from core.files.services import store_upload
from core.idempotency.models import IdempotencyKey
from core.kernel import crypto
from core.kernel.scoping import tenant
from core.lists import selectors as lists
from core.runs import services as runs
from core.runs.models import Run
from core.saved_views.models import SavedView
from core.saved_views.services import save_view
from core.staff.selectors import viewer_of_staff
from members.custom_fields import services as custom_fields
from members.profiles.models import Member
from members.segments import selectors as segments
from members.segments.models import Segment
from members.tags import services as tags
from members.tags.models import MemberTag
from tests.factories.members import MemberFactory, OrderFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
NAME = "欧阳若兰"


@pytest.fixture
def hq(brand, staff):
    with tenant(brand.pk):
        return viewer_of_staff(staff_id=staff.pk)


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name=NAME, customer_no="100234")


def test_conditions_keep_their_numbers(brand, member, erase):
    year = str(timezone.now().year)
    OrderFactory(brand=brand, member=member, order_no=year)
    amount = {"field": "orders.sum", "cmp": "gte", "value": {"fen": 100234, "days": 90}}
    segment = SegmentFactory(brand=brand, tree={"op": "all", "items": [amount]})
    erase(member)
    with tenant(brand.pk):
        kept = Segment.objects.get(pk=segment.pk).tree
        assert kept == segment.tree
        segments.parse(tree=kept, brand_id=brand.pk)


def test_moments_and_numbers_of_tasks_stay(brand, hq, member, erase):
    OrderFactory(brand=brand, member=member, order_no=str(timezone.now().year))
    with tenant(brand.pk):
        made = runs.start_run(
            kind="find_duplicates",
            title="Look",
            params={"as_of": "2026-11-22T08:00:00.100234+00:00", "tag_id": 100234},
            actor=hq,
            now=timezone.now(),
        )
        Run.objects.filter(pk=made.pk).update(
            state="cancelled",
            finished_at=timezone.now(),
            cursor={"at": 100234},
            result={"files": [{"file_id": 100234, "expires_at": "2026-12-01"}]},
        )
        before = Run.objects.get(pk=made.pk)
    erase(member)
    with tenant(brand.pk):
        after = Run.objects.get(pk=made.pk)
    assert (after.params, after.cursor, after.result) == (
        before.params,
        before.cursor,
        before.result,
    )


def test_a_task_that_goes_on_means_nobody_instead_of_everybody(brand, hq, member, erase, work):
    others, tag = MemberFactory.create_batch(3, brand=brand), TagFactory(brand=brand)
    with tenant(brand.pk):
        now = timezone.now()
        run = tags.tag_listed(tag=tag, query=QueryDict(f"q={NAME}"), act="give", actor=hq, now=now)
        runs.ask(run_id=run.pk, wish=Run.Asked.PAUSE, actor=hq, now=now)
    erase(member)
    with tenant(brand.pk):
        runs.resume(run_id=run.pk, actor=hq, now=timezone.now())
    work()
    with tenant(brand.pk):
        run.refresh_from_db()
        assert run.state == Run.State.SUCCEEDED
        assert NAME not in lists.opened(run.params["query"]).get("q")
        assert not MemberTag.objects.filter(member__in=others).exists()


def test_a_view_that_names_a_row_by_number_stays(brand, hq, member, erase):
    TagFactory(brand=brand, id=100234)
    with tenant(brand.pk):
        for name, query in (("tag", "tag=100234"), ("him", "q=100234"), ("her", f"q={NAME}")):
            save_view(
                list_key="members",
                name=name,
                query=QueryDict(query),
                is_shared=False,
                actor=hq,
                now=timezone.now(),
            )
    erase(member)
    with tenant(brand.pk):
        assert list(SavedView.objects.values_list("name", flat=True)) == ["tag"]


def test_a_kept_answer_about_them_is_emptied(brand, hq, client, api_key, erase):
    with tenant(brand.pk):
        values = {"key": "mail", "label": "邮箱", "kind": "text"}
        custom_fields.create_field(values=values, actor=hq, now=timezone.now())
    client.post(
        "/api/v1/members/",
        {"display_name": NAME, "custom": {"mail": "canary@example.com"}},
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}", "Idempotency-Key": "k-1"},
    )
    with tenant(brand.pk):
        person = Member.objects.get()
    erase(person)
    with tenant(brand.pk):
        kept = crypto.decrypt(bytes(IdempotencyKey.objects.get().answer))
    assert "canary@example.com" not in kept


def test_who_is_called_like_a_header_takes_no_file_along(brand, actor, erase):
    """Such a member is the first row of a file that was brought in without saying so."""
    stored = store_upload(
        brand_id=brand.pk,
        name="客户.csv",
        chunks=["姓名,手机\n王芳,13812345679\n".encode()],
        limit_bytes=10**6,
        actor=actor,
        now=timezone.now(),
    )
    erase(MemberFactory(brand=brand, display_name="姓名"))
    with tenant(brand.pk):
        stored.refresh_from_db()
        assert (stored.deleted_at, stored.name) == (None, "客户.csv")


def test_who_is_called_like_a_word_of_a_task_leaves_the_task_whole(brand, hq, erase):
    params = {"give": 7, "act": "give", "note": "give 给 give"}
    with tenant(brand.pk):
        made = runs.start_run(
            kind="find_duplicates", title="give", params=params, actor=hq, now=timezone.now()
        )
        Run.objects.filter(pk=made.pk).update(state="cancelled", finished_at=timezone.now())
    erase(MemberFactory(brand=brand, display_name="give"))
    with tenant(brand.pk):
        made.refresh_from_db()
    assert made.params == {"give": 7, "act": "give", "note": "… 给 …"}
    assert made.title == "…"
