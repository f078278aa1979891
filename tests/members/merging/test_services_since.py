"""What people answered, or somebody judged, between a merge and its undoing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from members.custom_fields.models import CustomField, CustomValue
from members.duplicates.models import DuplicatePair
from members.merging import services
from members.privacy import services as privacy
from members.privacy.models import Consent, ConsentText
from members.profiles.models import Member
from tests.factories.members import ConsentFactory, MemberFactory

pytestmark = pytest.mark.django_db
SINCE = timezone.now() - timedelta(days=90)
AGREED, WITHDRAWN = "given", "withdrawn"


@pytest.fixture
def both(inside_brand):
    """Who stays, and who goes for a while."""
    ConsentText.objects.create(
        brand=inside_brand,
        purpose="marketing",
        version="2026-01",
        body="我同意。",
        effective_from=SINCE,
        created_by_label="总部",
        created_at=SINCE,
    )
    return MemberFactory.create_batch(2, brand=inside_brand)


@pytest.fixture
def merged(both, actor):
    """Merge the two, do something, and take the merge back."""

    def merge_and_undo(meanwhile):
        winner, loser = both
        made = services.merge_members(
            winner_id=winner.pk, loser_id=loser.pk, actor=actor, now=timezone.now()
        )
        meanwhile()
        services.undo_merge(merge=made, actor=actor, now=timezone.now())

    return merge_and_undo


def agree(member, *, withdrawn=False):
    ConsentFactory(
        brand=member.brand,
        member=member,
        purpose="marketing",
        given_at=SINCE,
        withdrawn_at=SINCE + timedelta(days=1) if withdrawn else None,
        withdrawn_evidence="400" if withdrawn else "",
    )


def stands(member):
    answers = Consent.objects.filter(member_id=member.pk, purpose="marketing")
    return [WITHDRAWN if answer.withdrawn_at else AGREED for answer in answers]


class TestConsent:
    @pytest.fixture
    def withdraw(self, both, actor):
        return lambda: privacy.withdraw_consent(
            member=both[0], purpose="marketing", evidence="400", actor=actor, now=timezone.now()
        )

    @pytest.fixture
    def agree_again(self, both, actor):
        return lambda: privacy.give_consent(
            member=both[0], purpose="marketing", evidence="表单", actor=actor, now=timezone.now()
        )

    def test_who_withdrew_as_one_has_withdrawn_as_both(self, both, merged, withdraw):
        winner, loser = both
        agree(loser)
        merged(withdraw)
        assert (stands(winner), stands(loser)) == ([WITHDRAWN], [WITHDRAWN])

    def test_even_where_the_one_who_goes_had_an_answer_of_their_own(self, both, merged, withdraw):
        winner, loser = both
        agree(winner)
        agree(loser)
        merged(withdraw)
        assert (stands(winner), stands(loser)) == ([WITHDRAWN], [WITHDRAWN])

    def test_agreeing_again_does_not_undo_the_others_withdrawal(self, both, merged, agree_again):
        winner, loser = both
        agree(winner)
        agree(loser, withdrawn=True)
        merged(agree_again)
        assert (stands(winner), stands(loser)) == ([AGREED], [WITHDRAWN])
        assert Consent.objects.get(member_id=loser.pk).given_at == SINCE

    def test_what_nobody_touched_goes_back(self, both, merged):
        winner, loser = both
        agree(loser)
        kept = Consent.objects.get()
        merged(lambda: None)
        assert (stands(winner), stands(loser)) == ([], [AGREED])
        assert Consent.objects.get().pk == kept.pk


def test_a_value_that_was_changed_since_stays_and_the_old_one_comes_back(both, merged):
    winner, loser = both
    field = CustomField.objects.create(
        brand=winner.brand, key="hobby", label="爱好", kind="text", created_at=SINCE
    )
    CustomValue.objects.create(brand=winner.brand, member=loser, field=field, text="钓鱼")
    merged(lambda: CustomValue.objects.filter(member=winner).update(text="露营"))
    values = dict(CustomValue.objects.values_list("member_id", "text"))
    assert values == {winner.pk: "露营", loser.pk: "钓鱼"}


def test_a_pair_whose_other_half_is_gone_does_not_come_back(both, merged, inside_brand):
    _winner, loser = both
    third, fourth = MemberFactory.create_batch(2, brand=inside_brand)
    for other in (third, fourth):
        DuplicatePair.objects.create(
            brand=inside_brand,
            first=loser,
            second=other,
            score=90,
            reasons=["name"],
            found_at=SINCE,
        )
    merged(lambda: Member.objects.filter(pk=third.pk).delete())
    assert list(DuplicatePair.objects.values_list("first_id", "second_id")) == [
        (loser.pk, fourth.pk)
    ]
