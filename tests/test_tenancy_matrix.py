"""Invariant 14: nobody reads or writes what is not theirs, by any address and in any role.

The matrix is generated: every route of the resolver × every role × rows of the own scope, of
another dealer and of another brand. ``tests/tenancy`` says what stands behind each route; a route
it does not know fails here.
"""

import copy
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from core.kernel.scoping import tenant
from members.profiles.models import Member
from tests.tenancy.entries import ENTRIES
from tests.tenancy.routes import all_routes
from tests.tenancy.world import fingerprint, make_world, rows_of_brand_tables

ROUTES = {route.name: route for route in all_routes()}
REFUSED = {403, 405}
# Names of people are masked on most pages; what leads to them is not.
TO_MEMBER = re.compile(rb'/members/(\d+)/|"member(?:_id)?": ?(\d+)')
FILLED_TABLES = 40
# What somebody who only reads may have written all the same: a file of what they see, on record.
A_FILE = {"core_run", "core_auditentry"}
ANALYSTS_OWN = {
    "api:core:exports-list": A_FILE,
    "core:exports-new": A_FILE,
    "communities:build-runs-export": A_FILE,
}


def routes_of(*kinds):
    names = [name for name in ROUTES if name in ENTRIES and ENTRIES[name].kind in kinds]
    return pytest.mark.parametrize("name", names)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made once: the matrix only asks; what an own row's control writes is rolled back."""
    files = override_settings(FILES_DIR=tmp_path_factory.mktemp("files"))
    with files, django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Place:
    """Where a route's sample of one scope is found, and what a write there must bring.

    ``pointing`` is a body that refers to the scope's rows.
    """

    url: str
    body: dict[str, Any]
    pointing: dict[str, Any]


@pytest.fixture(scope="module")
def places(world):
    """All rows are made before the first question, in every scope."""
    made = {}
    for name, entry in ENTRIES.items():
        if name not in ROUTES or entry.kind == "public":
            continue
        for scope in (world.own, world.other_dealer, world.other_brand):
            arguments = dict(entry.make(scope)) if entry.make else {}
            body, query = arguments.pop("body", {}), arguments.pop("query", "")
            pointing = entry.refers(scope) if entry.refers else {}
            url = reverse(name, kwargs=arguments) + query
            made[name, scope.canary] = Place(url, body, pointing)
    return made


@pytest.fixture(scope="module")
def people(world, places):
    """The numbers of each scope's members, by canary."""
    found = {}
    for scope in (world.own, world.other_dealer, world.other_brand):
        with tenant(scope.brand.pk):
            here = Member.objects.filter(home_dealer=scope.dealer)
            found[scope.canary] = set(here.values_list("pk", flat=True))
    return found


@pytest.fixture(scope="module")
def untouched(world, places):
    """What every test begins with, since each takes back what it did."""
    return fingerprints(world)


@pytest.fixture(autouse=True)
def each_in_its_own_transaction(places):
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_route_has_an_entry_and_every_entry_a_route():
    assert sorted(set(ROUTES) - set(ENTRIES)) == [], "say in tests/tenancy what these address"
    assert sorted(set(ENTRIES) - set(ROUTES)) == [], "these are gone"


def forbidden_scopes(world, visitor, entry):
    """Whose rows must not exist for the visitor behind this address."""
    yield world.other_brand
    if entry.personal or (entry.dealers and not visitor.is_brand_wide):
        yield world.other_dealer
    if entry.personal and visitor is not world.person:
        yield world.own


@routes_of("row")
def test_rows_of_others_do_not_exist(name, world, places, untouched):
    entry, route, own = ENTRIES[name], ROUTES[name], places[name, world.own.canary]
    wrong = []
    for visitor in world.visitors:
        for scope in forbidden_scopes(world, visitor, entry):
            place = places[name, scope.canary]
            for method in route.methods:
                answer = visitor.ask(method, place.url, place.body)
                if answer.status != 404 and not (
                    is_shut(route, visitor, answer)
                    and aside(visitor, method, own).status == answer.status
                ):
                    wrong.append((visitor.role, scope.canary, method, answer.status))
                if scope.canary.encode() in answer.content:
                    wrong.append((visitor.role, scope.canary, method, "names it"))
    assert wrong == []
    assert changed(untouched, fingerprints(world)) == set()


def fingerprints(world):
    return fingerprint(world.own.brand), fingerprint(world.other_brand.brand)


def changed(before, after):
    """The tables whose rows differ."""
    pairs = zip(before, after, strict=True)
    return {table for old, new in pairs for table in old if old[table] != new[table]}


def is_shut(route, visitor, answer):
    """The role or the kind of visitor is refused; whether before the row matters, its own tells."""
    to_sign_in = answer.status == 302 and visitor.role == "api_key" and not route.is_api
    return answer.status in REFUSED or to_sign_in


def aside(visitor, method, place):
    """Ask, and take back what it did."""
    with transaction.atomic():
        answer = visitor.ask(method, place.url, place.body)
        transaction.set_rollback(True)
    return answer


@routes_of("row")
def test_own_row_does_exist(name, world, places):
    """The control: the samples address something, so a 404 above means what it says."""
    entry, route, place = ENTRIES[name], ROUTES[name], places[name, world.own.canary]
    for method in route.methods:
        answers = [aside(visitor, method, place).status for visitor in world.visitors]
        assert max(answers) < 500, f"{method} {place.url}: {answers}"
        finder = world.person if entry.personal else world.admin
        found = answers[world.visitors.index(finder)]
        assert found != 404, f"{method} {place.url}: the {finder.role} does not find the own row"
        assert set(answers) - {403, 404, 405}, f"{method} {place.url}: nobody may: {answers}"


def names_nobody_may_see(world, visitor, entry):
    """Whose canary no page may hold: the neighbour's not even on a page that all dealers see."""
    scopes = list(forbidden_scopes(world, visitor, entry))
    if not visitor.is_brand_wide and world.other_dealer not in scopes:
        scopes.append(world.other_dealer)
    return scopes


@routes_of("row", "listing")
def test_pages_hold_nothing_of_others(name, world, places, people):
    entry, leaks = ENTRIES[name], []
    if "GET" not in ROUTES[name].methods:
        pytest.skip("shows nothing")
    for visitor in world.visitors:
        scopes = list(forbidden_scopes(world, visitor, entry))
        asked = [world.own, *(scopes if entry.kind == "listing" and entry.make else ())]
        for place in asked:
            content = visitor.ask("GET", places[name, place.canary].url).content
            hidden = names_nobody_may_see(world, visitor, entry)
            leaks += [
                (visitor.role, scope.canary)
                for scope in hidden
                if scope.canary.encode() in content or led_to(content) & people[scope.canary]
            ]
    assert leaks == []


def led_to(content):
    """The numbers of the members whose page is one step away."""
    return {int(link or number) for link, number in TO_MEMBER.findall(content)}


@pytest.mark.parametrize("name", ["members:tags-members", "members:segments-people"])
def test_who_sees_both_dealers_is_led_to_people_of_both(name, world, places, people):
    """The control: the sign that is looked for above is there for those who may see it."""
    shown = led_to(world.admin.ask("GET", places[name, world.own.canary].url).content)
    assert shown & people[world.own.canary]
    assert shown & people[world.other_dealer.canary]


@pytest.mark.parametrize(
    "name", [name for name in ROUTES if getattr(ENTRIES.get(name), "refers", None)]
)
def test_writes_cannot_point_at_rows_of_others(name, world, places, untouched):
    """Refused, or the rows of others left out: nothing of theirs may be written, or written to."""
    entry, route, url = ENTRIES[name], ROUTES[name], places[name, world.own.canary].url
    method = next(method for method in ("POST", "PUT", "PATCH") if method in route.methods)
    broken = []
    for visitor in world.visitors:
        for scope in forbidden_scopes(world, visitor, entry):
            answer = visitor.ask(method, url, places[name, scope.canary].pointing)
            if answer.status >= 500 or scope.canary.encode() in answer.content:
                broken.append((visitor.role, scope.canary, answer.status))
    assert broken == []
    assert changed(untouched, fingerprints(world)) == set()
    with transaction.atomic():
        control = world.admin.ask(method, url, places[name, world.own.canary].pointing)
        after = fingerprints(world)
        transaction.set_rollback(True)
    assert control.status < 400, "the control is refused too"
    named = world.own.canary.encode() in control.content  # By what only looks ahead.
    assert changed(untouched, after) or named, "the control does nothing either"


def writing():
    """The routes that take more than questions, and whose entry says what stands behind them."""
    known = [name for name in ROUTES if getattr(ENTRIES.get(name), "kind", "public") != "public"]
    return [name for name in known if set(ROUTES[name].methods) - {"GET"}]


@pytest.mark.parametrize("name", writing())
def test_an_analyst_changes_nothing_but_their_own(name, world, places, untouched):
    analyst = next(visitor for visitor in world.visitors if visitor.role == "analyst")
    place, cookies = places[name, world.own.canary], copy.deepcopy(analyst.client.cookies)
    for method in set(ROUTES[name].methods) - {"GET"}:
        for body in (place.body, place.pointing):
            analyst.ask(method, place.url, body)
    analyst.client.cookies = cookies  # Signing out is among it.
    assert changed(untouched, fingerprints(world)) <= ANALYSTS_OWN.get(name, set())


def test_without_a_tenant_no_table_of_a_brand_shows_a_row(world, places):
    seen = {table: number for table, number in rows_of_brand_tables().items() if number}
    assert seen == {}
    with tenant(world.own.brand.pk):
        filled = [table for table, number in rows_of_brand_tables().items() if number]
    assert len(filled) > FILLED_TABLES, "the control: there is something to see"


@routes_of("row", "listing", "own")
def test_nobody_gets_in_without_signing_in(name, world, places):
    route, place = ROUTES[name], places[name, world.own.canary]
    for method in route.methods:
        answer = Client().generic(method, place.url, "{}", content_type="application/json")
        shut = answer.status_code in {401, 405} if route.is_api else is_sign_in(answer)
        assert shut, f"{method} {place.url}: {answer.status_code}"


def is_sign_in(answer):
    leads_there = answer.status_code == 302 and reverse("core:sign-in") in answer["Location"]
    return leads_there or answer.status_code == 405


@routes_of("row", "listing", "own")
def test_wrong_key_opens_nothing(name, world, places):
    route, place = ROUTES[name], places[name, world.own.canary]
    wrong = {"Authorization": "Bearer qy_wrongwrongwrong"}
    for method in route.methods:
        answer = Client().generic(method, place.url, headers=wrong)
        shut = answer.status_code in {401, 405} if route.is_api else is_sign_in(answer)
        assert shut, f"{method} {place.url}: {answer.status_code}"
