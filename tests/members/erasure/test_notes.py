"""What people wrote about somebody in rows of other members goes too, and nothing beside it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from events.points.models import PointsEntry
from members.custom_fields import services as custom_fields
from members.custom_fields.models import CustomValue
from members.erasure import notes, ports
from members.erasure.ports import Searching
from members.erasure.rules import Kind, Trace, Traces
from members.lifecycle.models import StageChange
from members.merging import services as merging
from members.merging.models import MemberMerge
from members.privacy.models import Consent, PastConsent
from members.profiles.models import Member
from members.revealing.models import Reveal
from tests.factories.core import BrandFactory
from tests.factories.members import ConsentFactory, MemberFactory, StageChangeFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db
NAME, PHONE = "欧阳金丝雀", "13800417733"
TOLD, LEFT = f"推荐人：{NAME} {PHONE}，老友", "推荐人：… …，老友"


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name=NAME, phone=f"+86{PHONE}")


@pytest.fixture
def other(brand):
    return MemberFactory(brand=brand, display_name="王小明")


@pytest.fixture
def field(brand, actor):
    with tenant(brand.pk):
        values = {"key": "by", "label": "推荐人", "kind": "text"}
        return custom_fields.create_field(values=values, actor=actor, now=timezone.now())


def say(person, text, actor):
    with tenant(person.brand_id):
        custom_fields.set_values(
            member_ids=[person.pk], values={"by": text}, actor=actor, now=timezone.now()
        )


def said(brand):
    with tenant(brand.pk):
        return list(CustomValue.objects.order_by("member_id").values_list("text", flat=True))


def test_a_custom_value_of_another_member_forgets_them(brand, actor, member, other, field, erase):
    third, plain = MemberFactory.create_batch(2, brand=brand)
    for person, text in ((other, TOLD), (third, "店里"), (plain, NAME)):
        say(person, text, actor)
    before = versions(brand)
    erase(member)
    assert said(brand) == [LEFT, "店里", "…"]
    after = versions(brand)
    # A form that was opened before cannot bring it back.
    assert {pk for pk in after if after[pk] != before[pk]} == {other.pk, plain.pk}


def versions(brand):
    with tenant(brand.pk):
        return dict(Member.objects.values_list("pk", "version"))


def test_notes_evidence_and_reasons_forget_them(brand, member, other, erase):
    now = timezone.now()
    StageChangeFactory(brand=brand, member=other, to_stage="growth", note=TOLD)
    ConsentFactory(
        brand=brand,
        member=other,
        given_at=now,
        evidence=TOLD,
        withdrawn_at=now,
        withdrawn_evidence=TOLD,
    )
    with tenant(brand.pk):
        PastConsent.objects.create(
            brand=brand,
            member=other,
            purpose="marketing",
            version="1",
            given_at=now,
            evidence=TOLD,
            withdrawn_evidence="电话",
        )
        Reveal.objects.create(
            brand=brand,
            member=other,
            field="phone",
            reason="call",
            note=TOLD,
            actor_label="a",
            at=now,
        )
    erase(member)
    with tenant(brand.pk):
        assert StageChange.objects.get().note == LEFT
        consent = Consent.objects.get()
        assert (consent.evidence, consent.withdrawn_evidence) == (LEFT, LEFT)
        past = PastConsent.objects.get()
        assert (past.evidence, past.withdrawn_evidence) == (LEFT, "电话")
        assert Reveal.objects.get().note == LEFT


def test_why_others_were_merged_and_what_they_had_said_forgets_them(
    brand, actor, member, other, field, erase
):
    again = MemberFactory(brand=brand, display_name="王小明")
    for person in (other, again):
        say(person, TOLD, actor)
    with tenant(brand.pk):
        merging.merge_members(
            winner_id=other.pk, loser_id=again.pk, reason=TOLD, actor=actor, now=timezone.now()
        )
    erase(member)
    with tenant(brand.pk):
        merge = MemberMerge.objects.get()
        assert merge.reason == LEFT
        assert NAME not in str(merge.moved)
        merging.undo_merge(merge=merge, actor=actor, now=timezone.now())
    assert said(brand) == [LEFT, LEFT]


def test_reasons_of_points_forget_them_and_the_sums_stay(brand, member, other, erase):
    post(other, 50, reason=TOLD)
    post(other, 30, reason="50%_双倍\\积分周")
    erase(member)
    with tenant(brand.pk):
        reasons = PointsEntry.objects.order_by("pk").values_list("reason", flat=True)
        assert list(reasons) == [LEFT, "50%_双倍\\积分周"]
    assert balance(other) == 80


def test_an_entry_whose_reason_forgot_somebody_is_still_known_again(brand, member, other, erase):
    at = timezone.now() - timedelta(days=1)
    told = {"source": "shop", "source_id": "7", "reason": TOLD, "occurred_at": at}
    first = post(other, 50, **told)
    erase(member)
    assert post(other, 50, **told).pk == first.pk
    assert balance(other) == 50


@pytest.mark.parametrize("name", ["微信用户", "手机号", "A"])
def test_who_is_called_like_a_common_word_leaves_texts_whole(
    brand, actor, other, field, erase, name
):
    text = "微信用户 A 留了手机号"
    say(other, text, actor)
    erase(MemberFactory(brand=brand, display_name=name))
    assert said(brand) == [text]


def test_a_day_and_longer_numbers_stay(brand, actor, other, field, erase):
    for text in ("2026-01-05", f"1{PHONE}", "KH-10012"):
        say(other, text, actor)
        erase(MemberFactory(brand=brand, phone=f"+86{PHONE}", customer_no="2026-01-05"))
        erase(MemberFactory(brand=brand, customer_no="KH-1001"))
        assert said(brand) == [text]


def test_texts_of_another_brand_stay(brand, member, erase):
    theirs = StageChangeFactory(brand=BrandFactory(), to_stage="growth", note=TOLD)
    erase(member)
    with tenant(theirs.brand_id):
        assert StageChange.objects.get().note == TOLD


def test_a_table_is_walked_in_stretches_by_few_statements(
    brand, actor, field, monkeypatch, query_budget
):
    monkeypatch.setattr(notes, "STRETCH", 4)
    people = MemberFactory.create_batch(6, brand=brand)
    for person in people:
        say(person, TOLD, actor)
    traces, at, steps = Traces((Trace(1, Kind.NAME, NAME),)), None, 0
    search = ports.searches()[CustomValue._meta.db_table]
    with tenant(brand.pk):
        while True:
            searching = Searching(brand_id=brand.pk, traces=traces, at=at, now=timezone.now())
            with query_budget(6):  # the end, the owners, their locks, rows, values, versions
                at = search.step(searching)
            if at is None:
                break
            steps += 1
    assert steps == 2
    assert said(brand) == [TOLD.replace(NAME, "…")] * 6
