"""Pages by REST: an action that answers them takes what leads through them, and says so."""

import inspect
import json
import re

import pytest

from tests.tenancy.routes import all_routes

pytestmark = pytest.mark.django_db

VALUES = {"integer": "1", "boolean": "true"}


def paging():
    """Each method of a view that answers pages by REST beside the list, and the view's class."""
    found = []
    for route in all_routes():
        action = getattr(route.view, "actions", {}).get("get", "list") if route.is_api else "list"
        method = getattr(getattr(route.view, "cls", None), action, None)
        if action != "list" and "paginate_queryset" in inspect.getsource(method):
            found.append(pytest.param(route.view.cls, action, id=route.name))
    return found


@pytest.fixture
def schema(client):
    headers = {"Accept": "application/vnd.oai.openapi+json"}
    return json.loads(client.get("/api/schema/", headers=headers).content)


def asked(schema):
    """Each GET of the document with its address, row numbers filled in, and its parameters."""
    for path, methods in schema["paths"].items():
        if operation := methods.get("get"):
            kinds = {p["name"]: p["schema"].get("type") for p in operation.get("parameters", [])}
            inside = dict.fromkeys(re.findall(r"{(\w+)}", path), "1") | {"side": "plus"}
            query = {name: VALUES.get(kinds[name], "x") for name in set(kinds) - set(inside)}
            yield path.format(**inside), operation, query


@pytest.mark.parametrize(("view", "action"), paging())
def test_who_answers_pages_says_in_which_order(view, action):
    assert view.paged_actions.get(action), "without orders it takes neither limit nor cursor"


def test_every_parameter_of_the_document_is_known(schema, signed_in):
    """Refused it may be, by its value or for want of the row, but not as one nobody knows."""
    unknown = []
    for url, _operation, query in asked(schema):
        told = signed_in.get(url, query).json() if query else {}
        unknown += [(url, told["errors"])] if told.get("code") == "unknown_parameter" else []
    assert unknown == []


def test_every_answer_with_a_next_page_has_a_parameter_that_leads_there(schema):
    shapes, stuck = schema["components"]["schemas"], []
    for url, operation, query in asked(schema):
        for media in operation["responses"]["200"].get("content", {}).values():
            shape = media["schema"]
            shape = shapes.get(shape.get("$ref", "").rpartition("/")[2], shape)
            if {"next", "next_after"} & set(shape.get("properties", ())):
                stuck += [] if {"cursor", "after", "before"} & set(query) else [url]
    assert stuck == []
