from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from communities.memberships.models import Membership
from core.kernel.access import Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound, StaleVersion
from members.erasure import services as erasures
from members.identities.models import Identity
from members.merging import ports, selectors, services
from members.merging.models import MemberMerge
from members.merging.services import CannotUndo, WaitsForDeletion
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member, MergedMember
from members.profiles.services import change_member
from members.tags.models import MemberTag, TagBlock, TagRule
from members.vehicles.models import Ownership
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.core import DealerFactory
from tests.factories.members import (
    ConsentFactory,
    IdentityFactory,
    MemberFactory,
    MemberTagFactory,
    OrderFactory,
    OwnershipFactory,
    TagFactory,
    TagGroupFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def winner(brand):
    return MemberFactory(brand=brand, display_name="陈小宇", phone="+8613811110001", stage="growth")


@pytest.fixture
def loser(brand):
    return MemberFactory(
        brand=brand,
        display_name="陈晓宇",
        phone="+8613811110002",
        customer_no="C-2",
        stage="mature",
        gender="f",
    )


def merge(winner, loser, actor, now=NOW, **more):
    return services.merge_members(
        winner_id=winner.pk, loser_id=loser.pk, actor=actor, now=now, **more
    )


def holders(model):
    return set(model.objects.values_list("member_id", flat=True))


def test_everything_moves_and_one_member_is_left(brand, winner, loser, actor):
    for make in (OrderFactory, OwnershipFactory, IdentityFactory, ConsentFactory, MemberTagFactory):
        make(brand=brand, member=loser)
    seat = MembershipFactory(brand=brand, member=loser)
    made = merge(winner, loser, actor)
    for model in (Order, Ownership, Identity, Consent, MemberTag, Membership):
        assert holders(model) == {winner.pk}, model
    assert not Member.objects.filter(pk=loser.pk).exists()
    assert MergedMember.objects.get().winner_id == winner.pk
    seat.room.refresh_from_db()
    assert seat.room.member_count == 1
    assert made.loser["display_name"] == "陈晓宇"


def test_the_members_facts_count_unless_the_other_ones_are_taken(winner, loser, actor):
    merge(winner, loser, actor, take=["phone", "stage"])
    winner.refresh_from_db()
    assert (winner.display_name, winner.stage) == ("陈小宇", "mature")
    assert (winner.phone_tail, winner.customer_no, winner.gender) == ("0002", "C-2", "f")
    assert bytes(MergedMember.objects.get().phone_hash) != bytes(winner.phone_hash)


def test_the_number_that_was_not_kept_leads_to_the_member(brand, winner, loser, actor):
    hashed = bytes(loser.phone_hash)
    merge(winner, loser, actor)
    assert bytes(MergedMember.objects.get().phone_hash) == hashed
    assert selectors.winner_of(member_id=loser.pk, viewer=actor) == winner.pk


def test_who_withdrew_has_withdrawn(brand, winner, loser, actor):
    ConsentFactory(brand=brand, member=winner)
    ConsentFactory(brand=brand, member=loser, withdrawn_at=NOW + timedelta(days=1))
    ConsentFactory(brand=brand, member=winner, purpose="marketing", withdrawn_at=NOW + timedelta(1))
    ConsentFactory(brand=brand, member=loser, purpose="marketing")
    merge(winner, loser, actor)
    rows = Consent.objects.all()
    assert {(row.member_id, row.withdrawn_at is None) for row in rows} == {(winner.pk, False)}
    assert rows.count() == 2


def test_a_tag_given_by_hand_stays_and_a_group_of_one_keeps_one(brand, winner, loser, actor):
    both, group = TagFactory(brand=brand), TagGroupFactory(brand=brand, is_exclusive=True)
    first, second = TagFactory(brand=brand, group=group), TagFactory(brand=brand, group=group)
    MemberTagFactory(brand=brand, tag=both, member=winner, source="import")
    MemberTagFactory(brand=brand, tag=both, member=loser, source="manual")
    MemberTagFactory(brand=brand, tag=first, member=winner, source="import")
    MemberTagFactory(brand=brand, tag=second, member=loser, source="import")
    merge(winner, loser, actor)
    rows = MemberTag.objects.values_list("tag_id", "member_id", "source")
    assert set(rows) == {(both.pk, winner.pk, "manual"), (first.pk, winner.pk, "import")}


def test_no_rule_has_given_what_either_had_taken_off(brand, winner, loser, actor):
    tag = TagFactory(brand=brand)
    TagRule.objects.create(brand=brand, tag=tag, tree={"op": "all", "items": []})
    MemberTagFactory(brand=brand, tag=tag, member=winner, source="rule")
    TagBlock.objects.create(brand=brand, tag=tag, member=loser, created_at=NOW)
    made = merge(winner, loser, actor)
    assert not MemberTag.objects.exists()
    assert holders(TagBlock) == {winner.pk}
    services.undo_merge(merge=made, actor=actor, now=NOW)
    assert (holders(MemberTag), holders(TagBlock)) == ({winner.pk}, {loser.pk})


def seats_of(community):
    rows = Membership.objects.filter(community=community)
    return {(s.member_id, s.role, s.left_at is None) for s in rows}


def test_two_seats_in_one_community_become_one(brand, winner, loser, actor):
    community = CommunityFactory(brand=brand)
    rooms = [RoomFactory(brand=brand, community=community, number=n) for n in (1, 2)]
    MembershipFactory(brand=brand, room=rooms[0], member=winner)
    MembershipFactory(brand=brand, room=rooms[1], member=loser, role="owner")
    made = merge(winner, loser, actor)
    assert seats_of(community) == {(winner.pk, "member", False), (winner.pk, "owner", True)}
    assert counts(rooms) == [0, 1]
    services.undo_merge(merge=made, actor=actor, now=NOW)
    assert seats_of(community) == {(winner.pk, "member", True), (loser.pk, "owner", True)}
    assert counts(rooms) == [1, 1]


def counts(rooms):
    for room in rooms:
        room.refresh_from_db()
    return [room.member_count for room in rooms]


def test_a_seat_that_is_gone_does_not_come_back(brand, winner, loser, actor):
    room = RoomFactory(brand=brand, cap=2)
    for member in (winner, loser):
        MembershipFactory(brand=brand, room=room, member=member)
    made = merge(winner, loser, actor)
    MembershipFactory(brand=brand, room=room)
    with pytest.raises(CannotUndo):
        services.undo_merge(merge=made, actor=actor, now=NOW)
    assert counts([room]) == [2]
    assert MemberMerge.objects.get().undone_at is None


def test_of_an_archived_community_nobody_gets_a_seat_back(brand, winner, loser, actor):
    room = RoomFactory(brand=brand)
    for member in (winner, loser):
        MembershipFactory(brand=brand, room=room, member=member)
    made = merge(winner, loser, actor)
    Membership.objects.filter(left_at=None).update(left_at=NOW)
    room.community.state = "archived"
    room.community.save(update_fields=["state"])
    services.undo_merge(merge=made, actor=actor, now=NOW)
    assert not Membership.objects.filter(left_at=None).exists()
    assert holders(Membership) == {winner.pk, loser.pk}


def test_what_changed_since_stays_changed(brand, winner, loser, actor):
    moved, gone = OrderFactory.create_batch(2, brand=brand, member=loser)
    made = merge(winner, loser, actor, take=["stage"])
    other = MemberFactory(brand=brand)
    Order.objects.filter(pk=gone.pk).update(member=other)
    Member.objects.filter(pk=winner.pk).update(stage="lost")
    OrderFactory(brand=brand, member=winner)
    services.undo_merge(merge=made, actor=actor, now=NOW)
    winner.refresh_from_db()
    assert (winner.stage, winner.customer_no, winner.gender) == ("lost", None, "")
    assert Order.objects.get(pk=moved.pk).member_id == loser.pk
    assert Order.objects.get(pk=gone.pk).member_id == other.pk
    assert Order.objects.filter(member=winner).count() == 1


def test_a_merge_is_undone_once_and_within_30_days(winner, loser, actor):
    made = merge(winner, loser, actor)
    with pytest.raises(CannotUndo):
        services.undo_merge(merge=made, actor=actor, now=NOW + timedelta(days=30, seconds=1))
    services.undo_merge(merge=made, actor=actor, now=NOW + timedelta(days=30))
    with pytest.raises(CannotUndo):
        services.undo_merge(merge=made, actor=actor, now=NOW)
    assert Member.objects.get(pk=loser.pk).phone_tail == "0002"


def test_chains_are_undone_from_their_end(brand, winner, loser, actor):
    order = OrderFactory(brand=brand, member=loser)
    last = MemberFactory(brand=brand)
    first = merge(winner, loser, actor)
    second = merge(last, winner, actor)
    assert selectors.winner_of(member_id=loser.pk, viewer=actor) == last.pk
    with pytest.raises(CannotUndo):
        services.undo_merge(merge=MemberMerge.objects.get(pk=first.pk), actor=actor, now=NOW)
    for each in (second, first):
        made = MemberMerge.objects.get(pk=each.pk)
        services.undo_merge(merge=made, actor=actor, now=NOW)
    order.refresh_from_db()
    assert order.member_id == loser.pk
    assert not MergedMember.objects.exists()


def test_who_may_not_or_sees_one_only_merges_nothing(brand, winner, loser, actor):
    with pytest.raises(InvalidInput):
        merge(winner, winner, actor)
    with pytest.raises(InvalidInput):
        merge(winner, loser, actor, take=["password"])
    with pytest.raises(NotFound):
        merge(winner, MemberFactory(), actor)
    with pytest.raises(Forbidden):
        merge(winner, loser, Viewer(brand_id=brand.pk, label="nobody"))
    mine = DealerFactory(brand=brand)
    dealers = Viewer(brand.pk, "dealer", permissions=actor.permissions, dealer_ids={mine.pk})
    with pytest.raises(NotFound):
        merge(winner, loser, dealers)
    assert Member.objects.count() == 2


def test_who_sees_the_winner_only_undoes_nothing(brand, winner, loser, actor):
    mine, theirs = DealerFactory.create_batch(2, brand=brand)
    Member.objects.filter(pk=winner.pk).update(home_dealer=mine)
    Member.objects.filter(pk=loser.pk).update(home_dealer=theirs)
    made = merge(winner, loser, actor)
    more = {"permissions": actor.permissions}
    one = Viewer(brand.pk, "one", dealer_ids={mine.pk}, **more)
    both = Viewer(brand.pk, "both", dealer_ids={mine.pk, theirs.pk}, **more)
    with pytest.raises(NotFound):
        services.undo_merge(merge=made, actor=one, now=NOW)
    services.undo_merge(merge=made, actor=both, now=NOW)
    assert Member.objects.count() == 2


def test_who_is_to_be_deleted_is_not_taken_apart(brand, winner, actor):
    order = OrderFactory(brand=brand, member=winner)
    erasures.request_erasure(
        member=winner,
        typed_name=winner.display_name,
        reason="asked",
        note="",
        actor=actor,
        now=NOW,
    )
    with pytest.raises(WaitsForDeletion):
        services.split_member(
            member_id=winner.pk,
            display_name="钱二",
            chosen={"orders": [order.pk]},
            actor=actor,
            now=NOW,
        )
    assert Member.objects.count() == 1


def test_a_member_is_taken_apart(brand, winner, actor):
    DealerFactory(brand=brand)
    orders = OrderFactory.create_batch(2, brand=brand, member=winner)
    car = OwnershipFactory(brand=brand, member=winner)
    ConsentFactory(brand=brand, member=winner)
    chosen = {"orders": [orders[0].pk], "ownerships": [car.pk], "identities": []}
    fresh = services.split_member(
        member_id=winner.pk, display_name="钱二", chosen=chosen, actor=actor, now=NOW
    )
    assert (fresh.display_name, fresh.stage, fresh.phone_hash) == ("钱二", "growth", None)
    assert holders(Order) == {winner.pk, fresh.pk}
    assert holders(Ownership) == {fresh.pk}
    assert holders(Consent) == {winner.pk}
    strange = OrderFactory(brand=brand)
    for wrong in ({}, {"orders": [strange.pk]}, {"consents": [1]}):
        with pytest.raises(InvalidInput), transaction.atomic():
            services.split_member(
                member_id=winner.pk, display_name="钱二", chosen=wrong, actor=actor, now=NOW
            )
    assert Member.objects.count() == 3


def test_no_table_that_names_a_member_is_forgotten():
    """The row of a merged member goes, so every table that is tied to it has to be registered."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tie.conrelid::regclass::text, att.attname
            FROM pg_constraint AS tie
            JOIN pg_attribute AS att
              ON att.attrelid = tie.conrelid AND att.attnum = ANY(tie.conkey)
            WHERE tie.contype = 'f' AND tie.confrelid = 'members_member'::regclass
              AND att.attname <> 'brand_id'
            """
        )
        tied = {f"{table}.{column}" for table, column in cursor.fetchall()}
    assert tied == set(ports.moved_rows())


def test_a_table_that_nobody_registered_stops_the_merge(brand, winner, loser, actor, monkeypatch):
    OrderFactory(brand=brand, member=loser)
    monkeypatch.delitem(ports._rows, "members_order.member_id")
    with pytest.raises(IntegrityError, match="members_order"), transaction.atomic():
        merge(winner, loser, actor)
    assert Member.objects.count() == 2


def test_the_preview_tells_what_the_merge_does(brand, winner, loser, actor):
    OrderFactory.create_batch(2, brand=brand, member=loser)
    ConsentFactory(brand=brand, member=winner)
    ConsentFactory(brand=brand, member=loser)
    seen = selectors.preview_of(winner_id=winner.pk, loser_id=loser.pk, viewer=actor)
    numbers = {each.table: (each.number, [n for _w, n in each.clashes]) for each in seen.holdings}
    assert numbers == {"members_order": (2, []), "members_consent": (1, [1])}
    assert {fact.key for fact in seen.facts if fact.is_open} == {"display_name", "phone", "stage"}
    outcomes = {fact.key: fact.outcome for fact in seen.facts}
    assert outcomes["customer_no"] == "C-2"


def test_what_changed_since_it_was_looked_at_is_compared_again(winner, loser, actor):
    with pytest.raises(StaleVersion):
        merge(winner, loser, actor, versions=(winner.version, loser.version + 1))
    merge(winner, loser, actor, versions=(winner.version, loser.version))
    with pytest.raises(StaleVersion):
        change_member(
            member=winner, changes={"gender": "m"}, version=winner.version, actor=actor, now=NOW
        )


def test_facts_that_need_no_choice_are_combined(brand, actor):
    early, late = date(2020, 1, 1), date(2024, 1, 1)
    winner = MemberFactory(brand=brand, joined_on=late, last_active_at=NOW)
    loser = MemberFactory(
        brand=brand, joined_on=early, last_active_at=NOW - timedelta(microseconds=1)
    )
    made = merge(winner, loser, actor)
    winner.refresh_from_db()
    assert (winner.joined_on, winner.last_active_at) == (early, NOW)
    services.undo_merge(merge=made, actor=actor, now=NOW)
    winner.refresh_from_db()
    assert winner.joined_on == late
