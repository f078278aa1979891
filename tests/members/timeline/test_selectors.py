from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.access import Permission, Viewer, system_viewer
from core.kernel.scoping import tenant
from members.profiles.models import Member
from members.timeline import ports, selectors
from members.timeline.ports import Entry, TimelineSource
from members.timeline.rules import newest, position_of
from tests.factories.communities import MembershipFactory
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory
from tests.members.timeline.conftest import NOON, make_order

START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = "abcd"
# Few moments and small keys, so that ties are everywhere, within kinds and between them.
HAPPENED = st.sets(
    st.tuples(st.integers(0, 3), st.sampled_from(KINDS), st.integers(1, 6)), max_size=40
)


def told(hour, kind, key):
    return Entry(START + timedelta(hours=hour), kind, key, kind, "")


def read(member, viewer, limit, kinds=()):
    """Turn every page; return the places of all entries in the order in which they came."""
    found, before = [], None
    while True:
        page = selectors.page_of(
            member=member, viewer=viewer, kinds=kinds, before=before, limit=limit
        )
        assert len(page.entries) <= limit
        found += [selectors.place_of(entry) for entry in page.entries]
        if not page.older:
            return found
        before = position_of(page.older)


@settings(max_examples=200, deadline=None)
@given(happened=HAPPENED, limit=st.integers(1, 12), kinds=st.sets(st.sampled_from(KINDS)))
def test_pages_of_any_size_tell_everything_once_and_in_order(happened, limit, kinds):
    by_kind = {kind: [told(*one) for one in happened if one[1] == kind] for kind in KINDS}

    def source(kind):
        def load(*, before, limit, **_who):
            return newest(by_kind[kind], before=before, limit=limit)

        return TimelineSource(kind, "", load)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ports, "_sources", {kind: source(kind) for kind in KINDS})
        found = read(Member(), system_viewer(1), limit, kinds)
    wanted = [told(*one) for one in happened if not kinds or one[1] in kinds]
    assert found == sorted(map(selectors.place_of, wanted), reverse=True)


@pytest.mark.django_db
def test_the_tables_tell_everything_once_whatever_the_page(history, brand, actor):
    with tenant(brand.pk):
        whole = read(history, actor, 100)
        assert whole == sorted(whole, reverse=True)
        assert len(set(whole)) == len(whole)
        kinds = {place.kind for place in whole}
        assert kinds == set(ports.sources_for(actor))
        for limit in range(1, 12):
            assert read(history, actor, limit) == whole
        for kind in kinds:
            mine = [place for place in whole if place.kind == kind]
            assert read(history, actor, 2, [kind]) == mine


@pytest.mark.django_db
def test_what_happened_is_told_in_words(history, brand, actor):
    with tenant(brand.pk):
        page = selectors.page_of(member=history, viewer=actor, limit=100)
    whats = [entry.what for entry in page.entries]
    assert whats.count("order.placed") == 7
    # One was sent before they joined.
    assert whats.count("broadcast.received") == 2
    assert whats.count("community.joined") == 2
    # The car went to the workshop before it was theirs, and on the day it was no more.
    assert whats.count("vehicle.serviced") == 4
    assert {
        "member.taken_in",
        "member.joined",
        "member.changed",
        "stage.changed",
        "consent.given",
        "consent.withdrawn",
        "identity.bound",
        "vehicle.delivered",
        "vehicle.given_up",
        "community.left",
        "event.registered",
        "event.attended",
        "event.called_off",
        "event.missed",
        "points.earned",
        "tag.given",
        "tag.taken",
        "merge.done",
        "merge.undone",
    } <= set(whats)
    # The trail has these too; the kind that tells them better does.
    assert "tag.given" not in {entry.what for entry in page.entries if entry.kind == "audit"}
    assert all(entry.text for entry in page.entries)


@pytest.mark.django_db
def test_more_rows_are_no_more_queries(history, brand, actor):
    with tenant(brand.pk):
        with CaptureQueriesContext(connection) as few:
            selectors.page_of(member=history, viewer=actor)
        for n in range(60):
            make_order(history, f"more-{n}", NOON)
        with CaptureQueriesContext(connection) as many:
            selectors.page_of(member=history, viewer=actor, limit=100)
    assert len(many) == len(few) <= 24


def dealer_person(brand, *dealers, without=()):
    allowed = frozenset(Permission) - set(without)
    scope = frozenset(dealer.pk for dealer in dealers)
    return Viewer(brand.pk, "Dealer", staff_id=1, permissions=allowed, dealer_ids=scope)


@pytest.mark.django_db
def test_a_dealers_people_see_their_own_communities_only(brand):
    mine, other = DealerFactory(brand=brand), DealerFactory(brand=brand)
    member = MemberFactory(brand=brand, home_dealer=mine)
    for dealer in (mine, other):
        MembershipFactory(brand=brand, member=member, room__community__dealer=dealer)
    with tenant(brand.pk):
        page = selectors.page_of(
            member=member, viewer=dealer_person(brand, mine), kinds=["community"]
        )
        whole = selectors.page_of(
            member=member, viewer=system_viewer(brand.pk), kinds=["community"]
        )
    assert (len(page.entries), len(whole.entries)) == (1, 2)


@pytest.mark.django_db
def test_kinds_are_told_to_who_may_see_them(history, brand):
    lacking = {Permission.AUDIT_VIEW, Permission.COMMUNITIES_VIEW, Permission.BROADCASTS_VIEW}
    viewer = dealer_person(brand, history.home_dealer, without=lacking)
    with tenant(brand.pk):
        page = selectors.page_of(member=history, viewer=viewer, limit=100)
        asked = selectors.page_of(member=history, viewer=viewer, kinds=["audit"])
    assert not {entry.kind for entry in page.entries} & {"audit", "community", "broadcast"}
    assert asked.entries == []
