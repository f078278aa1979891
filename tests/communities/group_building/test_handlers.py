"""Plan → preview → confirm → apply, through the worker, as people use it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from communities.communities.models import Community
from communities.group_building import applying, candidates, services
from communities.group_building.models import BuildGroup, BuildRun, CandidateBatch
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.kernel.scoping import tenant
from members.privacy.models import Consent
from members.profiles.models import Member
from members.segments.models import Segment
from tests.communities.group_building.conftest import agree, reload, work
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def seats(brand):
    """Who sits where, by names that do not depend on row ids."""
    with tenant(brand.pk):
        return {
            (seat.member_id, seat.community.group_key, seat.room.number, seat.placement)
            for seat in Membership.objects.filter(left_at=None).select_related("community", "room")
        }


def test_preview_counts_what_applying_then_does(brand, people, make_rule, preview, apply):
    run = preview(make_rule(room_cap=2))
    assert run.state == BuildRun.State.PREVIEWED
    expected = {
        "people": 8,
        "groups": 2,
        "placed": 8,
        "placements": {"existing": 0, "next": 4, "first": 4},
        "excluded": 0,
        "exclusions": {},
        "new_rooms": 5,
        "new_communities": 2,
    }
    assert {name: run.preview[name] for name in expected} == expected
    with tenant(brand.pk):
        assert Membership.objects.count() == 0
    run = apply(run)
    assert run.state == BuildRun.State.APPLIED
    assert run.report == {
        "placed": 8,
        "placements": {"next": 4, "first": 4},
        "dropped": 0,
        "drops": {},
        "new_rooms": 5,
        "new_communities": 2,
    }
    with tenant(brand.pk):
        assert sorted(
            Room.objects.values_list("community__dealer__name", "number", "member_count")
        ) == [
            ("历下远航中心", 1, 2),
            ("历下远航中心", 2, 1),
            ("杭州滨江远航中心", 1, 2),
            ("杭州滨江远航中心", 2, 2),
            ("杭州滨江远航中心", 3, 1),
        ]
        assert Membership.objects.filter(build_run_id=run.pk).count() == run.report["placed"]


def test_names_come_from_the_policy(brand, people, make_rule, preview, apply):
    apply(preview(make_rule(topic="充电")))
    with tenant(brand.pk):
        assert set(Community.objects.values_list("name", flat=True)) == {
            "杭州滨江远航中心·充电交流群",
            "济南历下远航中心·充电交流群",
        }
        assert "杭州滨江远航中心·充电交流群 1" in Room.objects.values_list("name", flat=True)


def test_existing_rooms_are_filled_first_lowest_number_first(
    brand, dealers, people, make_rule, preview, apply
):
    rule = make_rule(room_cap=4)
    apply(preview(rule))
    with tenant(brand.pk):  # Room 1 of 滨江 holds 4, room 2 holds 1.
        leaver = (
            Membership.objects.filter(community__dealer=dealers[0], room__number=1)
            .order_by("pk")
            .first()
        )
        leaver.left_at = timezone.now()
        leaver.save()
    newcomers = [MemberFactory(brand=brand, home_dealer=dealers[0]) for _ in range(6)]
    agree(*newcomers)
    run = preview(rule)
    assert run.preview["exclusions"] == {"inside": 7}
    assert run.preview["placements"] == {"existing": 4, "next": 3, "first": 0}
    run = apply(run)
    with tenant(brand.pk):
        placed = Membership.objects.filter(build_run_id=run.pk).order_by("member_id")
        assert [(seat.room.number, seat.placement) for seat in placed] == [
            (1, "existing"),
            (2, "existing"),
            (2, "existing"),
            (2, "existing"),
            (3, "next"),
            (3, "next"),
            (3, "next"),
        ]
        assert Community.objects.count() == 2


def test_everybody_left_out_has_one_reason(brand, dealers, people, make_rule, preview):
    homeless = MemberFactory(brand=brand)
    agree(homeless)
    silent = MemberFactory(brand=brand, home_dealer=dealers[0])
    with tenant(brand.pk):
        Consent.objects.filter(member=people[0]).update(withdrawn_at=timezone.now() + timedelta(1))
    run = preview(make_rule())
    assert run.preview["exclusions"] == {"no_consent": 2, "no_group": 1}
    with tenant(brand.pk):
        everybody = list(Member.objects.values_list("pk", flat=True))
        reasons = candidates.reasons_of(brand_id=brand.pk, run_id=run.pk, member_ids=everybody)
        assert reasons == {
            homeless.pk: "no_group",
            silent.pk: "no_consent",
            people[0].pk: "no_consent",
        }
        group = BuildGroup.objects.get(run=run, facts__dealer=dealers[0].name)
        assert (group.candidate_count, group.excluded_count) == (4, 2)


def test_consent_taken_back_after_the_preview_is_respected(
    brand, people, make_rule, preview, apply
):
    run = preview(make_rule())
    with tenant(brand.pk):
        Consent.objects.filter(member=people[0]).delete()
    run = apply(run)
    assert (run.report["placed"], run.report["drops"]) == (7, {"no_consent": 1})
    with tenant(brand.pk):
        assert not Membership.objects.filter(member=people[0]).exists()
        kept = candidates.of_member(run=run, member_id=people[0].pk)
        assert (kept.group_no, kept.exclusion) == (1, "no_consent")
        told = candidates.of_group(run=run, group_no=1, after=0, limit=9)
        assert [one.exclusion for one in told] == ["no_consent", "", "", "", ""]
        page = {"after": 0, "limit": 9}
        assert candidates.of_exclusion(run=run, exclusion="no_consent", **page) == [kept]


def test_who_joined_meanwhile_keeps_that_seat(brand, actor, people, make_rule, preview, apply):
    rule = make_rule(skip="same_rule", room_cap=3)
    first = preview(rule)
    apply(first)
    with tenant(brand.pk):
        gone = Membership.objects.get(member=people[0])
        community = gone.community
        gone.left_at = timezone.now()
        gone.save()
    run = preview(rule)
    assert run.preview["placed"] == 1
    from communities.memberships.services import add_member

    with tenant(brand.pk):
        add_member(
            community_id=community.pk, member_id=people[0].pk, actor=actor, now=timezone.now()
        )
    run = apply(run)
    assert (run.report["placed"], run.report["drops"]) == (0, {"inside": 1})


@pytest.mark.parametrize(("skip", "placed"), [("same_kind", 0), ("same_rule", 8), ("nobody", 8)])
def test_skip_says_who_is_left_alone(brand, people, make_rule, preview, apply, skip, placed):
    apply(preview(make_rule()))
    run = preview(make_rule(name="Second", skip=skip))
    assert run.preview["placed"] == placed
    if placed:
        assert apply(run).report["placed"] == 8


def test_running_the_same_rule_again_places_nobody_twice(brand, people, make_rule, preview, apply):
    rule = make_rule(skip="nobody")
    apply(preview(rule))
    before = seats(brand)
    run = preview(rule)
    assert run.preview["exclusions"] == {"inside": 8}
    assert seats(brand) == before


def test_small_steps_give_the_same_seats_as_one(
    brand, people, make_rule, preview, apply, monkeypatch
):
    """The queue is cut anywhere, also in the middle of a group and of a room."""
    monkeypatch.setattr(CandidateBatch, "SIZE", 1)
    monkeypatch.setattr(applying, "BATCH_PEOPLE", 3)
    monkeypatch.setattr(applying, "BATCH_GROUPS", 1)
    run = apply(preview(make_rule(room_cap=2)))
    keys = sorted({key for _m, key, _n, _p in seats(brand)}, key=lambda key: int(key[7:]))
    first, second = keys
    expected = {
        (people[i].pk, first, i // 2 + 1, "first" if i < 2 else "next") for i in range(5)
    } | {(people[5 + i].pk, second, i // 2 + 1, "first" if i < 2 else "next") for i in range(3)}
    assert seats(brand) == expected
    assert run.report["placements"] == {"first": 4, "next": 4}
    assert (run.apply_task.done, run.apply_task.total) == (8, 8)


def test_segment_narrows_who_is_looked_at(brand, dealers, people, make_rule, preview):
    now = timezone.now()
    with tenant(brand.pk):
        segment = Segment.objects.create(
            brand=brand,
            name="杭州",
            tree={"op": "all", "items": [{"field": "city", "cmp": "in", "value": ["3301"]}]},
            created_at=now,
            updated_at=now,
        )
    run = preview(make_rule(segment_id=segment.pk))
    assert (run.preview["people"], run.preview["placed"]) == (5, 5)


def test_no_grouping_key_makes_one_community(brand, people, make_rule, preview, apply):
    run = apply(preview(make_rule(group_by=(), name_template="{brand}车友群 {n}")))
    assert run.report["new_communities"] == 1
    with tenant(brand.pk):
        assert Community.objects.get().name == f"{brand.name}车友群"


def test_discarded_run_leaves_no_seat_and_its_list_goes_with_the_next_plan(
    brand, actor, people, make_rule, preview
):
    rule = make_rule()
    run = preview(rule)
    with tenant(brand.pk):
        services.discard_run(run_id=run.pk, actor=actor, now=timezone.now())
        with pytest.raises(services.WrongState):
            services.confirm_run(run_id=run.pk, actor=actor, now=timezone.now())
    preview(rule)
    with tenant(brand.pk):
        assert CandidateBatch.objects.filter(run_id=run.pk).count() == 0
        assert Membership.objects.count() == 0


def test_two_runs_of_a_rule_do_not_apply_at_once(brand, actor, people, make_rule, preview):
    rule = make_rule()
    one, other = preview(rule), preview(rule)
    with tenant(brand.pk):
        services.confirm_run(run_id=one.pk, actor=actor, now=timezone.now())
        with pytest.raises(services.AlreadyApplying):
            services.confirm_run(run_id=other.pk, actor=actor, now=timezone.now())
    work(brand)
    assert reload(other).state == BuildRun.State.PREVIEWED


def test_stopped_run_keeps_who_was_placed_and_says_so(
    brand, actor, people, make_rule, preview, monkeypatch
):
    from core.runs import services as runs
    from core.runs.models import Run

    monkeypatch.setattr(CandidateBatch, "SIZE", 1)
    monkeypatch.setattr(applying, "BATCH_PEOPLE", 3)
    run = preview(make_rule())
    with tenant(brand.pk):
        run = services.confirm_run(run_id=run.pk, actor=actor, now=timezone.now())
    original, steps = runs._step, []

    def stop_after_one(held, clock):
        result = original(held, clock)
        if not steps:
            with tenant(brand.pk):
                Run.objects.filter(pk=held.pk).update(asked="cancel")
        steps.append(1)
        return result

    monkeypatch.setattr(runs, "_step", stop_after_one)
    work(brand)
    run = reload(run)
    assert run.state == BuildRun.State.FAILED
    with tenant(brand.pk):
        assert Membership.objects.count() == run.report["placed"] == 6


def test_closing_community_takes_nobody(brand, people, dealers, make_rule, preview, apply):
    rule = make_rule()
    apply(preview(rule))
    newcomer = MemberFactory(brand=brand, home_dealer=dealers[0])
    agree(newcomer)
    run = preview(rule)
    with tenant(brand.pk):
        Community.objects.filter(dealer=dealers[0]).update(state="closing")
    run = apply(run)
    assert (run.report["placed"], run.report["drops"]) == (0, {"closed": 1})


def test_plan_costs_the_same_statements_for_any_number_of_people(
    brand, people, make_rule, preview, query_budget
):
    rule = make_rule()
    with query_budget(40):
        preview(rule)


def test_no_temporary_table_outlives_the_step(brand, people, make_rule, preview, apply):
    apply(preview(make_rule()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_policies WHERE tablename LIKE 'build_%%'")
        assert cursor.fetchone() == (0,)
