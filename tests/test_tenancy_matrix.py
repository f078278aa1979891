"""Invariant 14: nobody reads or writes what is not theirs, by any address and in any role.

The matrix is generated: every route of the resolver × every role × rows of the own scope, of
another dealer and of another brand. ``tests/tenancy`` says what stands behind each route; a route
it does not know fails here.
"""

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from tests.tenancy import communities, core, members
from tests.tenancy.routes import all_routes
from tests.tenancy.world import fingerprint, make_world

ENTRIES = core.ROUTES | members.ROUTES | communities.ROUTES
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


@pytest.fixture(scope="module")
def address(world):
    """The address of a route's row in a scope. All rows are made before the first question."""
    made = {}
    for name, entry in ENTRIES.items():
        for scope in (world.own, world.other_dealer, world.other_brand):
            arguments = entry.make(scope) if entry.make and name in ROUTES else {}
            made[name, scope.canary] = arguments if entry.kind == "row" else {}
    return lambda name, scope: reverse(name, kwargs=made[name, scope.canary])


@pytest.fixture(autouse=True)
def each_in_its_own_transaction(address):
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_route_has_an_entry_and_every_entry_a_route():
    assert sorted(set(ROUTES) - set(ENTRIES)) == [], "say in tests/tenancy what these address"
    assert sorted(set(ENTRIES) - set(ROUTES)) == [], "these are gone"


def forbidden_scopes(world, visitor, entry):
    yield world.other_brand
    if entry.personal or (entry.dealers and not visitor.is_brand_wide):
        yield world.other_dealer
    if entry.personal and visitor is not world.person:
        yield world.own


@routes_of("row")
def test_rows_of_others_do_not_exist(name, world, address):
    entry, route = ENTRIES[name], ROUTES[name]
    urls = {scope.canary: address(name, scope) for scope in (world.own, world.other_dealer)}
    urls[world.other_brand.canary] = address(name, world.other_brand)
    before = fingerprint(world.own.brand), fingerprint(world.other_brand.brand)
    wrong = []
    for visitor in world.visitors:
        for scope in forbidden_scopes(world, visitor, entry):
            for method in route.methods:
                answer = visitor.ask(method, urls[scope.canary], entry.body)
                if answer.status != 404 and not is_shut_anyway(route, visitor, answer):
                    wrong.append((visitor.role, scope.canary, method, answer.status))
                if scope.canary.encode() in answer.content:
                    wrong.append((visitor.role, scope.canary, method, "names it"))
    assert wrong == []
    assert (fingerprint(world.own.brand), fingerprint(world.other_brand.brand)) == before


def is_shut_anyway(route, visitor, answer):
    """The role or the kind of visitor is refused before the row matters: own or not, the same."""
    to_sign_in = answer.status == 302 and visitor.role == "api_key" and not route.is_api
    return answer.status in REFUSED or to_sign_in


@routes_of("row")
def test_own_row_does_exist(name, world, address):
    """The control: the samples address something, so a 404 above means what it says."""
    entry, route = ENTRIES[name], ROUTES[name]
    url = address(name, world.own)
    for method in route.methods:
        answers = []
        for visitor in world.visitors:
            with transaction.atomic():
                answers.append(visitor.ask(method, url, entry.body).status)
                transaction.set_rollback(True)
        finder = world.person if entry.personal else world.admin
        found = answers[world.visitors.index(finder)]
        assert found != 404, f"{method} {url}: the {finder.role} does not find the own row"
        assert set(answers) - {403, 404, 405}, f"{method} {url}: nobody may: {answers}"


@routes_of("listing")
def test_lists_hold_nothing_of_others(name, world):
    entry, url = ENTRIES[name], reverse(name)
    leaks = []
    for visitor in world.visitors:
        body = visitor.ask("GET", url).content
        leaks += [
            (visitor.role, scope.canary)
            for scope in forbidden_scopes(world, visitor, entry)
            if scope.canary.encode() in body
        ]
    assert leaks == []


@routes_of("row", "listing", "own")
def test_nobody_gets_in_without_signing_in(name, world, address):
    entry, route = ENTRIES[name], ROUTES[name]
    url = address(name, world.own) if entry.kind == "row" else reverse(name)
    for method in route.methods:
        answer = Client().generic(method, url, "{}", content_type="application/json")
        shut = answer.status_code in {401, 405} if route.is_api else is_sign_in(answer)
        assert shut, f"{method} {url}: {answer.status_code}"


def is_sign_in(answer):
    leads_there = answer.status_code == 302 and reverse("core:sign-in") in answer["Location"]
    return leads_there or answer.status_code == 405


@pytest.mark.parametrize("name", [n for n in ROUTES if n.startswith("api:") and n in ENTRIES])
def test_api_refuses_a_wrong_key(name, world, address):
    entry, route = ENTRIES[name], ROUTES[name]
    if entry.kind == "public":
        pytest.skip("asks nobody")
    url = address(name, world.own) if entry.kind == "row" else reverse(name)
    wrong = {"Authorization": "Bearer qy_wrongwrongwrong"}
    for method in route.methods:
        assert Client().generic(method, url, headers=wrong).status_code in {401, 405}
