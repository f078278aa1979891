"""The document at /api/schema/: complete, free of guesses, true to what the server answers."""

import json

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def schema(client):
    response = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    return json.loads(response.content)


def operations(schema):
    for path, methods in schema["paths"].items():
        for method in METHODS & set(methods):
            yield f"{method} {path}", methods[method]


def test_document_is_valid_and_nothing_in_it_is_guessed(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", tmp_path / "schema.yaml")


def test_version_is_3_1_and_only_our_own_addresses_are_in(schema):
    assert schema["openapi"].startswith("3.1")
    assert {path[:8] for path in schema["paths"]} == {"/api/v1/"}


def test_every_operation_says_what_it_does_and_who_may(schema):
    silent = [
        name
        for name, operation in operations(schema)
        if len(operation["description"].split("\n\n")[0]) < 10
        or "x-permission" not in operation
        or (operation["x-permission"] or "everybody") not in operation["description"]
    ]
    assert silent == []


def test_every_operation_shows_its_problems(schema):
    for name, operation in operations(schema):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name
            assert content["example"]["status"] == int(status), name
        assert {"400", "401", "403", "429"} <= set(operation["responses"]), name
        assert "Retry-After" in operation["responses"]["429"]["headers"], name
        assert "{" not in name or "404" in operation["responses"], name


def test_every_operation_takes_a_key_or_a_session(schema):
    for name, operation in operations(schema):
        assert operation["security"] == [{"apiKey": []}, {"session": []}], name


def test_every_post_takes_an_idempotency_key(schema):
    for name, operation in operations(schema):
        named = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("Idempotency-Key" in named) == name.startswith("post"), name


def test_lists_are_paged_by_key(schema):
    for name, operation in operations(schema):
        if operation["operationId"].endswith("_list"):
            named = {parameter["name"] for parameter in operation["parameters"]}
            # A conversation is read by the number of its messages, everything else by cursor.
            assert {"limit", "cursor", "ordering"} <= named or {"limit", "after"} <= named, name
            assert not {"page", "offset"} & named, name


def test_refusal_is_what_the_document_promises(schema, signed_in):
    told = signed_in.get("/api/v1/dealers/?limit=0").json()
    promised = schema["paths"]["/api/v1/dealers/"]["get"]["responses"]["400"]["content"]
    example = promised["application/problem+json"]["example"]
    assert told.keys() == example.keys()
    assert told["errors"][0].keys() == example["errors"][0].keys()
    assert told["code"] == example["code"]


def test_documentation_page_has_no_inline_script(client):
    page = client.get("/api/docs/").content.decode()
    assert "<script>" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert 'data-schema="/api/schema/"' in page


def test_a_change_of_what_has_a_version_names_it_and_may_be_answered_412(schema):
    bodies, silent = schema["components"]["schemas"], []
    for name, operation in operations(schema):
        if not name.startswith(("patch", "put")):
            continue
        content = operation["requestBody"]["content"]["application/json"]["schema"]
        body = bodies[content["$ref"].rpartition("/")[2]]
        versions = {"version", "policy_version"} & set(body["properties"])
        if versions - set(body.get("required", ())) or (
            versions and "412" not in operation["responses"]
        ):
            silent.append(name)
    assert silent == []
