"""Every registered list, as files and saved views use it."""

from dataclasses import replace

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from communities.group_building.models import CandidateBatch
from core.kernel.access import Permission, Viewer
from core.kernel.errors import InvalidInput, NotFound
from core.kernel.paging import keyset_page
from core.kernel.scoping import tenant
from core.lists import ports, selectors
from tests.factories.members import MemberFactory
from tests.tenancy import communities, core, events, members, people, points, privacy, tags
from tests.tenancy.world import make_world

pytestmark = pytest.mark.django_db


def community(scope):
    return {"community": communities.make_community(scope).pk}


def seat(scope):
    return {"community": communities.make_seat(scope).community_id}


def room(scope):
    return {"room": communities.make_seat(scope).room_id}


def order(scope):
    from members.orders.models import Order

    number = members.order(scope)["order_id"]
    with tenant(scope.brand.pk):
        return {"member": Order.objects.get(pk=number).member_id}


def delivery(scope):
    return {"broadcast": communities.sent_broadcast(scope)["broadcast_id"]}


def left_out(scope):
    number = communities.build_run(scope)["run_id"]
    person = MemberFactory(brand=scope.brand)
    with tenant(scope.brand.pk):
        CandidateBatch.objects.create(
            brand=scope.brand,
            run_id=number,
            exclusion=CandidateBatch.Exclusion.NO_CONSENT,
            group_no=0,
            first_member=person.pk,
            last_member=person.pk,
            people=1,
            member_ids=[person.pk],
        )
    return {"run": number}


def points_of_member(scope):
    return {"member": points.make_entry(scope).member_id}


# What makes a row of each list, and how the list is addressed.
SAMPLES = {
    "audit": core.audit_entry,
    "broadcasts": communities.broadcast,
    "build-left-out": left_out,
    "build-rules": communities.build_rule,
    "build-runs": communities.build_run,
    "communities": communities.make_community,
    "community-members": seat,
    "dealers": lambda _scope: None,
    "deliveries": delivery,
    "duplicates": people.pair,
    "erasures": privacy.erasure,
    "event-people": lambda scope: {"event": events.make_registration(scope).event_id},
    "events": events.event,
    "imports": members.import_job,
    "members": members.member,
    "orders": order,
    "points-entries": points.entry,
    "points-of-member": points_of_member,
    "room-members": room,
    "rooms": lambda scope: {"community": communities.make_room(scope).community_id},
    "segments": members.segment,
    "snapshots": lambda scope: {"segment": members.make_snapshot(scope).segment_id},
    "staff": lambda _scope: None,
    "tags": tags.tag,
    "tasks": core.run,
}
ADDRESSED = {
    *("build-left-out", "community-members", "deliveries", "orders", "room-members", "rooms"),
    *("event-people", "points-of-member", "snapshots"),
}


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


def test_every_list_has_a_sample():
    assert sorted(SAMPLES) == ports.keys()


def address(key, made):
    return QueryDict("&".join(f"{n}={v}" for n, v in made.items()) if key in ADDRESSED else "")


def drawn(key, viewer, query):
    source = ports.source_of(key)
    rows = source.rows(viewer=viewer, query=query, now=timezone.now())
    page = keyset_page(rows, order=source.order_of(query), limit=200)
    return source, list(source.cells(page.rows, viewer))


@pytest.mark.parametrize("key", sorted(SAMPLES))
def test_a_list_draws_its_rows_and_nothing_of_others(key):
    world = make_world()
    own = SAMPLES[key](world.own)
    others = [SAMPLES[key](scope) for scope in (world.other_dealer, world.other_brand)]
    dealers = frozenset({world.own.dealer.pk})
    viewers = [world.own.person, replace(world.own.person, dealer_ids=dealers)]
    with tenant(world.own.brand.pk):
        for viewer in viewers:
            try:
                source, lines = drawn(key, viewer, address(key, own))
            except NotFound:  # What it belongs to is for those who see the whole brand.
                assert not viewer.is_brand_wide
                continue
            assert all(len(line) == len(source.columns_for(viewer)) for line in lines)
            shown = str(lines)
            assert world.other_brand.canary not in shown
            if not viewer.is_brand_wide:
                assert world.other_dealer.canary not in shown
            else:
                assert lines
    assert len(others) == 2


@pytest.mark.parametrize("key", sorted(set(SAMPLES) - {"dealers", "staff"}))
def test_more_rows_take_no_more_queries(key):
    world = make_world()
    made = [SAMPLES[key](world.own) for _n in range(3)]
    query = address(key, made[0])

    def count(limit):
        source = ports.source_of(key)
        viewer = world.own.person
        rows = source.rows(viewer=viewer, query=query, now=timezone.now())
        page = keyset_page(rows, order=source.order_of(query), limit=limit)
        with CaptureQueriesContext(connection) as captured:
            list(source.cells(page.rows, viewer))
        return len(captured)

    with tenant(world.own.brand.pk):
        count(1)  # What is loaded once is loaded.
        assert count(3) <= count(1) + 1


@pytest.mark.parametrize("key", sorted(SAMPLES))
def test_every_order_offered_pages_through(key):
    world = make_world()
    own = SAMPLES[key](world.own)
    source = ports.source_of(key)
    with tenant(world.own.brand.pk):
        for sort in ["", *source.sorts]:
            query = address(key, own).copy()
            query["sort"] = sort
            rows = source.rows(viewer=world.own.person, query=query, now=timezone.now())
            assert keyset_page(rows, order=source.order_of(query), limit=1).rows


def test_page_markers_are_no_filters(inside_brand, actor):
    source = ports.source_of("members")
    query = QueryDict("stage=growth&after=abc&q=&sort=added")
    kept = selectors.narrowing(source=source, query=query, viewer=actor)
    assert kept.dict() == {"stage": "growth", "sort": "added"}


def test_what_was_typed_is_not_told(inside_brand, actor):
    source, query = ports.source_of("members"), QueryDict("stage=growth&q=13812345678")
    told = selectors.filters_in_words(source=source, query=query, viewer=actor)
    assert len(told) == 2
    assert "138" not in str(told)


def test_an_unknown_filter_is_refused(inside_brand, actor):
    with pytest.raises(InvalidInput):
        selectors.checked(
            source=ports.source_of("tags"), query=QueryDict("stage=growth"), viewer=actor
        )


def test_a_list_needs_its_permission(inside_brand):
    from core.kernel.errors import Forbidden

    nobody = Viewer(brand_id=inside_brand.pk, label="x", permissions=frozenset())
    with pytest.raises(Forbidden):
        selectors.known_list(key="members", viewer=nobody)
    assert Permission.MEMBERS_VIEW not in nobody.permissions
