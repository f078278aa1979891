import pytest

from tests.communities.group_building.conftest import work

pytestmark = pytest.mark.django_db
RULES, RUNS = "/api/v1/build-rules/", "/api/v1/build-runs/"


def send(client, method, url, body=None):
    return getattr(client, method)(url, body or {}, content_type="application/json")


def new_rule(client, **changes):
    body = {"name": "By dealer", "kind": "service", "group_by": ["dealer"]} | changes
    return send(client, "post", RULES, body)


def test_from_rule_to_seats(signed_in, brand, people, policies):
    rule = new_rule(signed_in).json()
    run = send(signed_in, "post", RUNS, {"rule": rule["id"]}).json()
    assert (run["state"], run["progress"]["state"]) == ("planning", "queued")
    work(brand)
    url = f"{RUNS}{run['id']}/"
    assert signed_in.get(url).json()["preview"]["placed"] == 8
    groups = signed_in.get(f"{url}groups/").json()["results"]
    assert [group["candidate_count"] for group in groups] == [5, 3]
    assert signed_in.post(f"{url}confirm/").json()["state"] == "applying"
    work(brand)
    assert signed_in.get(url).json()["report"]["placed"] == 8
    assert signed_in.post(f"{url}confirm/").status_code == 409


def test_candidates_are_read_by_reason_group_or_member(signed_in, people, make_rule, preview):
    run = preview(make_rule())
    url = f"{RUNS}{run.pk}/candidates/"
    assert signed_in.get(url).status_code == 400
    first = signed_in.get(f"{url}?group_no=1&limit=3").json()
    rest = signed_in.get(f"{url}?group_no=1&after={first['next_after']}").json()
    assert [len(first["results"]), len(rest["results"]), rest["next_after"]] == [3, 2, None]
    [one] = signed_in.get(f"{url}?member={people[0].pk}").json()["results"]
    assert (one["group_no"], one["exclusion"]) == (1, "")


def test_rule_changes_with_its_version_and_goes(signed_in, policies):
    rule = new_rule(signed_in).json()
    url = f"{RULES}{rule['id']}/"
    changed = send(signed_in, "patch", url, {"version": 1, "topic": "充电"}).json()
    assert (changed["version"], changed["group_by"]) == (2, ["dealer"])
    assert send(signed_in, "patch", url, {"version": 1, "topic": "x"}).status_code == 412
    assert signed_in.delete(url).status_code == 204
    assert signed_in.get(url).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"group_by": ["colour"]},
        {"segment": 2**40},
        {"room_cap": 1},
        {"name_template": "{owner}"},
        {"kind": 5},
    ],
)
def test_bad_rules_are_422(signed_in, policies, changes):
    assert new_rule(signed_in, **changes).status_code == 422
