"""Invariant 14: nobody reads or writes what is not theirs, by any address and in any role.

The matrix is generated: every route of the resolver × every role × rows of the own scope, of
another dealer and of another brand. ``tests/tenancy`` says what stands behind each route; a route
it does not know fails here.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from tests.tenancy.entries import ENTRIES
from tests.tenancy.routes import all_routes
from tests.tenancy.world import fingerprint, make_world

ROUTES = {route.name: route for route in all_routes()}
REFUSED = {403, 405}


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
    entry, route = ENTRIES[name], ROUTES[name]
    wrong = []
    for visitor in world.visitors:
        for scope in forbidden_scopes(world, visitor, entry):
            place = places[name, scope.canary]
            for method in route.methods:
                answer = visitor.ask(method, place.url, place.body)
                if answer.status != 404 and not is_shut_anyway(route, visitor, answer):
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


def is_shut_anyway(route, visitor, answer):
    """The role or the kind of visitor is refused before the row matters: own or not, the same."""
    to_sign_in = answer.status == 302 and visitor.role == "api_key" and not route.is_api
    return answer.status in REFUSED or to_sign_in


@routes_of("row")
def test_own_row_does_exist(name, world, places):
    """The control: the samples address something, so a 404 above means what it says."""
    entry, route, place = ENTRIES[name], ROUTES[name], places[name, world.own.canary]
    for method in route.methods:
        answers = []
        for visitor in world.visitors:
            with transaction.atomic():
                answers.append(visitor.ask(method, place.url, place.body).status)
                transaction.set_rollback(True)
        finder = world.person if entry.personal else world.admin
        found = answers[world.visitors.index(finder)]
        assert found != 404, f"{method} {place.url}: the {finder.role} does not find the own row"
        assert set(answers) - {403, 404, 405}, f"{method} {place.url}: nobody may: {answers}"


@routes_of("row", "listing")
def test_pages_hold_nothing_of_others(name, world, places):
    entry, leaks = ENTRIES[name], []
    if "GET" not in ROUTES[name].methods:
        pytest.skip("shows nothing")
    for visitor in world.visitors:
        scopes = list(forbidden_scopes(world, visitor, entry))
        asked = [world.own, *(scopes if entry.kind == "listing" and entry.make else ())]
        for place in asked:
            content = visitor.ask("GET", places[name, place.canary].url).content
            leaks += [(visitor.role, s.canary) for s in scopes if s.canary.encode() in content]
    assert leaks == []


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
            if answer.status >= 500:
                broken.append((visitor.role, scope.canary, answer.status))
    assert broken == []
    assert changed(untouched, fingerprints(world)) == set()
    with transaction.atomic():
        control = world.admin.ask(method, url, places[name, world.own.canary].pointing)
        after = fingerprints(world)
        transaction.set_rollback(True)
    assert control.status < 400, "the control is refused too"
    assert changed(untouched, after), "the control writes nothing either"


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
