from datetime import UTC, date, datetime, timedelta

import pytest

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, StaleVersion
from core.runs.models import Run
from members.lifecycle import selectors, services
from members.lifecycle.models import StageChange, StagePolicy
from members.lifecycle.rules import Terms
from members.orders.services import Purchase, record_order
from members.profiles.models import Member
from members.profiles.services import change_member, register_member
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # already the 24th in Shanghai
TODAY = date(2026, 11, 24)


def changes(**narrowed):
    rows = StageChange.objects.filter(**narrowed).order_by("id")
    return list(rows.values_list("from_stage", "to_stage", "reason"))


def save(actor, **numbers):
    return services.save_policy(changes=numbers, actor=actor, now=NOW)


def by_hand(member, to_stage, actor, now=NOW):
    return services.change_by_hand(
        member=member, to_stage=to_stage, note="打过电话", actor=actor, now=now
    )


def follow(member, now):
    return services.follow_facts(brand_id=member.brand_id, member_ids=[member.pk], now=now)


def test_rules_are_written_version_by_version(inside_brand, actor):
    assert selectors.in_force(brand_id=inside_brand.pk) == selectors.InForce(Terms(), 0)
    save(actor, dormant_days=60)
    second = save(actor, lost_days=120)
    held = selectors.in_force(brand_id=inside_brand.pk)
    assert (held.terms, held.version) == (Terms(dormant_days=60, lost_days=120), 2)
    assert save(actor, lost_days=120) == second  # Nothing new, no new version.
    told = AuditEntry.objects.filter(action="stage_policy.changed").order_by("id")
    assert [entry.data for entry in told] == [{"dormant_days": [90, 60]}, {"lost_days": [180, 120]}]


def test_rules_that_do_not_fit_are_refused(inside_brand, actor):
    with pytest.raises(InvalidInput) as refused:
        save(actor, dormant_days=200)
    assert [problem.pointer for problem in refused.value.problems] == ["/lost_days"]
    assert not StagePolicy.objects.exists()


def test_rules_changed_meanwhile_are_refused(inside_brand, actor):
    save(actor, dormant_days=60)
    with pytest.raises(StaleVersion):
        services.save_policy(changes={"dormant_days": 30}, version=0, actor=actor, now=NOW)


def test_only_who_sees_the_brand_writes_its_rules(inside_brand):
    allowed = frozenset({Permission.POLICIES_EDIT})
    of_dealer = Viewer(
        brand_id=inside_brand.pk, label="x", permissions=allowed, dealer_ids=frozenset({1})
    )
    with pytest.raises(Forbidden):
        save(of_dealer, dormant_days=60)
    with pytest.raises(Forbidden):
        save(Viewer(brand_id=inside_brand.pk, label="x"), dormant_days=60)


def test_a_person_moves_a_member_and_says_why(inside_brand, actor):
    member = MemberFactory(brand=inside_brand, stage="growth")
    change = by_hand(member, "lost", actor)
    member.refresh_from_db()
    assert (member.stage, member.stage_since, member.version) == ("lost", TODAY, 2)
    assert (change.from_stage, change.reason, change.note) == ("growth", "manual", "打过电话")
    assert change.author_label == actor.label
    assert AuditEntry.objects.get(action="member.stage_changed").data == {
        "from": "growth",
        "to": "lost",
    }


@pytest.mark.parametrize(
    ("to_stage", "note", "field"), [("growth", "why", "/to_stage"), ("lost", " ", "/note")]
)
def test_a_move_without_sense_is_refused(to_stage, note, field, inside_brand, actor):
    member = MemberFactory(brand=inside_brand, stage="growth")
    with pytest.raises(InvalidInput) as refused:
        services.change_by_hand(member=member, to_stage=to_stage, note=note, actor=actor, now=NOW)
    assert refused.value.problems[0].pointer == field
    assert changes() == []


def test_what_a_person_said_stands_until_something_happens(inside_brand, actor):
    member = MemberFactory(brand=inside_brand, stage="growth", created_at=NOW - timedelta(days=9))
    by_hand(member, "dormant", actor)
    later = NOW + timedelta(days=5)
    assert follow(member, later) == 0
    Member.objects.filter(pk=member.pk).update(last_active_at=NOW + timedelta(days=4))
    assert follow(member, later) == 1
    assert changes() == [("growth", "dormant", "manual"), ("dormant", "growth", "back")]


def test_silence_ends_it_counted_from_that_day(inside_brand, actor):
    member = MemberFactory(brand=inside_brand, created_at=NOW - timedelta(days=300))
    by_hand(member, "mature", actor)
    assert follow(member, NOW + timedelta(days=89)) == 0
    assert follow(member, NOW + timedelta(days=90)) == 1
    assert changes()[-1] == ("mature", "dormant", "dormant")


def test_an_order_brings_somebody_back_at_once(inside_brand, actor):
    long_ago = NOW - timedelta(days=400)
    member = MemberFactory(brand=inside_brand, stage="growth", created_at=long_ago)
    follow(member, NOW - timedelta(days=200))
    record_order(purchase=Purchase("1", NOW, 1), member=member, actor=actor, now=NOW)
    assert changes() == [("growth", "lost", "lost"), ("lost", "growth", "back")]
    member.refresh_from_db()
    assert (member.stage, member.stage_since) == ("growth", TODAY)


def test_a_stage_set_with_other_data_is_kept_too(inside_brand, actor):
    values = {"display_name": "陈小宇", "stage": "growth"}
    member = register_member(values=values, actor=actor, now=NOW)
    change_member(member=member, changes={"stage": "mature"}, actor=actor, now=NOW)
    assert changes() == [("growth", "mature", "manual")]
    beginner = {"display_name": "林珊", "stage": "prospect"}
    other = register_member(values=beginner, actor=actor, now=NOW)
    assert (member.is_stage_told, other.is_stage_told) == (True, False)


def test_the_night_leaves_one_run(inside_brand, actor):
    assert services.move_nightly(brand_id=inside_brand.pk, now=NOW)
    assert not services.move_nightly(brand_id=inside_brand.pk, now=NOW)
    Run.objects.update(state=Run.State.SUCCEEDED, finished_at=NOW)
    assert services.move_nightly(brand_id=inside_brand.pk, now=NOW)
