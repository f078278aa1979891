import json

import pytest
from django.urls import reverse

from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_the_kit_is_for_those_who_run_the_brand(client, brand):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="hq_operator")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("core:kit")).status_code == 403


def test_every_component_renders(signed_in):
    response = signed_in.get(reverse("core:kit"))
    assert response.status_code == 200
    html = response.content.decode()
    for part in ("kit-form", "kit-list", "kit-progress", "kit-builder", "kit-phone", "kit-danger"):
        assert f'id="{part}"' in html
    assert "{%" not in html
    assert " style=" not in html


def test_a_list_answers_htmx_with_its_partial_alone(signed_in):
    headers = HTMX | {"HX-Target": "kit-list"}
    html = signed_in.get("/kit/?city=杭州&after=5", headers=headers).content.decode()
    assert html.lstrip().startswith('<section class="card" id="kit-list"')
    # The chip takes its filter away and forgets the page it was on.
    assert 'href="/kit/?"' in html


def test_a_refused_form_comes_back_with_what_was_typed(signed_in):
    data = {"name": "华东", "cap": "999", "kind": "service", "repeat": "once"}
    response = signed_in.post(reverse("core:kit-drawer"), data, headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="999"' in html
    assert 'href="#drawer_cap"' in html
    assert 'aria-describedby="drawer_cap_error"' in html


def test_a_saved_form_closes_the_drawer_and_refreshes_the_list(signed_in):
    data = {"name": "华东", "cap": "120", "kind": "service", "repeat": "once"}
    response = signed_in.post(reverse("core:kit-drawer"), data, headers=HTMX)
    assert response.status_code == 204
    events = json.loads(response["HX-Trigger"])
    assert set(events) == {"toast", "close-layer", "kit-changed"}
    assert events["toast"]["undo"] == reverse("core:kit-undo")


def test_progress_stops_asking_when_it_is_done(signed_in):
    assert "every 2s" in signed_in.get("/kit/progress/?done=10").content.decode()
    assert "every 2s" not in signed_in.get("/kit/progress/?done=38552").content.decode()


def test_the_builder_counts_the_whole_tree_and_each_condition(signed_in):
    tree = {
        "op": "all",
        "items": [
            {"field": "city", "cmp": "is_any", "value": ["杭州"]},
            {"op": "not", "items": [{"field": "orders", "cmp": "at_least", "value": 3}]},
        ],
    }
    response = signed_in.post(reverse("core:kit-count"), {"tree": json.dumps(tree)}, headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert 'data-counts="[' in html


@pytest.mark.parametrize("tree", ["", "{", "[]", '{"op": "xor", "items": []}', '{"field": "city"}'])
def test_the_builder_refuses_what_it_cannot_read(signed_in, tree):
    response = signed_in.post(reverse("core:kit-count"), {"tree": tree}, headers=HTMX)
    assert response.status_code == 422
