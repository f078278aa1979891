import pytest

from core.kernel import navigation
from core.kernel.navigation import NavItem, Section, links_for, register


@pytest.fixture(autouse=True)
def places(monkeypatch):
    monkeypatch.setattr(navigation, "_ITEMS", {})
    register(
        NavItem("Account", "core:profile", "user", order=90, section=Section.SETUP),
        NavItem("Kit", "core:kit", "gear", "organization.edit", order=20),
        NavItem("Kit form", "core:kit-form", "file", "organization.edit", order=30),
        NavItem("Planned", "core:not-there-yet", "star", order=10),
    )


def labels(permissions=("organization.edit",), path="/"):
    return [link.label for link in links_for(permissions, path)]


def test_places_stand_in_order_and_a_missing_route_has_none():
    assert labels() == ["Kit", "Kit form", "Account"]


def test_a_missing_permission_hides_the_place():
    assert labels(permissions=()) == ["Account"]


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/kit/", "Kit"),
        ("/kit/drawer/", "Kit"),
        ("/kit/form/7/", "Kit form"),
        ("/elsewhere/", None),
    ],
)
def test_the_longest_matching_address_is_the_current_place(path, current):
    links = links_for(["organization.edit"], path)
    assert [link.label for link in links if link.is_current] == ([current] if current else [])


def test_the_start_page_is_current_only_when_one_is_there():
    register(NavItem("Home", "core:kit", "home", prefix="/"))
    assert [link.label for link in links_for((), "/") if link.is_current] == ["Home"]
    assert not any(link.is_current and link.label == "Home" for link in links_for((), "/account/"))


def test_registering_twice_changes_nothing():
    register(NavItem("Account", "core:profile", "user", order=90, section=Section.SETUP))
    assert labels() == ["Kit", "Kit form", "Account"]
