from datetime import timedelta

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput
from members.privacy import selectors, services
from members.privacy.models import Consent, PastConsent
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.fixture
def member(inside_brand):
    return MemberFactory(brand=inside_brand)


def text(actor, version="1", since=NOW - 9 * DAY, purpose="marketing", **more):
    values = {"body": "We write to you.", "needs_renewal": False} | more
    return services.add_text(
        purpose=purpose, version=version, effective_from=since, **values, actor=actor, now=NOW
    )


def give(member, actor, now=NOW, purpose="marketing", **more):
    return services.give_consent(
        member=member, purpose=purpose, evidence="form 1", actor=actor, now=now, **more
    )


def withdraw(member, actor, now=NOW):
    return services.withdraw_consent(
        member=member, purpose="marketing", evidence="call", actor=actor, now=now
    )


def standing(member, now=NOW):
    return selectors.standings(member=member, now=now)[1]


def test_a_consent_names_the_version_in_force(member, actor):
    text(actor, "1", NOW - 9 * DAY)
    text(actor, "2", NOW - 2 * DAY)
    text(actor, "3", NOW + DAY)
    assert give(member, actor).version == "2"
    entry = AuditEntry.objects.get(action="consent.given")
    assert entry.data == {"purpose": "marketing", "version": "2"}


def test_what_was_signed_earlier_names_its_own_version(member, actor):
    text(actor, "1", NOW - 9 * DAY)
    text(actor, "2", NOW - 2 * DAY)
    assert give(member, actor, version="1").version == "1"
    with pytest.raises(InvalidInput) as refusal:
        give(MemberFactory(brand=member.brand), actor, version="9")
    assert refusal.value.problems[0].pointer == "/version"


def test_without_a_text_there_is_nothing_to_agree_to(member, actor):
    with pytest.raises(services.NoText):
        give(member, actor)


def test_withdrawing_keeps_when_and_by_what_it_is_shown(member, actor):
    text(actor)
    give(member, actor, now=NOW - DAY)
    row = withdraw(member, actor)
    assert (row.withdrawn_at, row.withdrawn_evidence) == (NOW, "call")
    assert withdraw(member, actor, now=NOW + DAY).withdrawn_at == NOW
    assert AuditEntry.objects.filter(action="consent.withdrawn").count() == 1


def test_nothing_given_nothing_to_withdraw(member, actor):
    with pytest.raises(services.NotGiven):
        withdraw(member, actor)


def test_agreeing_again_keeps_the_answer_before(member, actor):
    text(actor)
    give(member, actor, now=NOW - 3 * DAY)
    withdraw(member, actor, now=NOW - 2 * DAY)
    give(member, actor)
    row, past = Consent.objects.get(), PastConsent.objects.get()
    assert (row.given_at, row.withdrawn_at, row.withdrawn_evidence) == (NOW, None, "")
    assert (past.given_at, past.withdrawn_at) == (NOW - 3 * DAY, NOW - 2 * DAY)


def test_agreeing_twice_to_the_same_changes_nothing(member, actor):
    text(actor)
    first = give(member, actor, now=NOW - DAY)
    assert give(member, actor).given_at == first.given_at
    assert not PastConsent.objects.exists()


def test_a_version_that_asks_everybody_again_makes_older_consents_due(member, actor):
    text(actor, "1")
    give(member, actor, now=NOW - 5 * DAY)
    text(actor, "2", NOW - 3 * DAY)
    assert not standing(member).is_to_renew
    text(actor, "3", NOW - 2 * DAY, needs_renewal=True)
    text(actor, "4", NOW - DAY)
    assert standing(member).is_to_renew
    assert standing(member).is_given
    assert not standing(member, now=NOW - 2 * DAY - timedelta(seconds=1)).is_to_renew
    give(member, actor)
    assert not standing(member).is_to_renew
    assert PastConsent.objects.get().version == "1"


def test_who_withdrew_is_not_asked_to_renew(member, actor):
    text(actor, "1")
    give(member, actor, now=NOW - 5 * DAY)
    withdraw(member, actor, now=NOW - 4 * DAY)
    text(actor, "2", NOW - DAY, needs_renewal=True)
    assert not standing(member).is_to_renew


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"version": "1"}, "/version"),
        ({"version": "a b"}, "/version"),
        ({"version": "x" * 17}, "/version"),
        ({"body": " "}, "/body"),
        ({"purpose": "fun"}, "/purpose"),
        ({"since": NOW - 20 * DAY}, "/effective_from"),
    ],
)
def test_a_text_must_be_a_next_version(inside_brand, actor, changes, pointer):
    text(actor)
    with pytest.raises(InvalidInput) as refusal:
        text(actor, **({"version": "2", "since": NOW} | changes))
    assert refusal.value.problems[0].pointer == pointer


def test_each_act_needs_its_permission(member, actor, brand):
    text(actor)
    reader = Viewer(brand.pk, "Li", staff_id=8, permissions=frozenset({Permission.MEMBERS_VIEW}))
    for act in (
        lambda: text(reader, "2", NOW),
        lambda: give(member, reader),
        lambda: withdraw(member, reader),
    ):
        with pytest.raises(Forbidden):
            act()


def test_evidence_is_needed(member, actor):
    text(actor)
    with pytest.raises(InvalidInput):
        services.give_consent(
            member=member, purpose="marketing", evidence="  ", actor=actor, now=NOW
        )
