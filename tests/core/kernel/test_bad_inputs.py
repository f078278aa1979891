"""Bad inputs 22–36: each answered as promised, quickly, in little memory, with nothing written.

The answer is a problem that names the field or parameter, where there is one; the log has the
place and the code, and nothing of what was sent.
"""

import gzip
import json
from functools import partial

import pytest

from core.kernel.parsers import MAX_BYTES
from core.kernel.scoping import tenant
from tests import bad_inputs
from tests.bad_inputs import assert_refused
from tests.factories.core import DealerFactory
from tests.refusals import assert_noted

pytestmark = pytest.mark.django_db

REGIONS, DEALERS = "/api/v1/regions/", "/api/v1/dealers/"
NAME = "华东大区"
# Those of the list whose fault has a place: in the body, or among the parameters.
IN_BODY, IN_QUERY = {23, 24, 28, 29, 30, 31}, {33, 34}


Bad = partial(bad_inputs.Bad, url=REGIONS)


def region(**more):
    return json.dumps({"code": "EAST", "name": NAME} | more).encode()


def raw(name):
    """A region whose name is this JSON text."""
    return f'{{"code": "{NAME}", "name": '.encode() + name + b"}"


BOMB = gzip.compress(b" " * (200 * MAX_BYTES))
# A whole body and what nobody asked for behind it; blocks that hold nothing, without an end.
TAIL = gzip.compress(b"{}") + bytes(32 * MAX_BYTES)
HOLLOW = gzip.compress(b"{}")[:10] + b"\0\0\0\xff\xff" * MAX_BYTES
BAD_INPUTS = [
    Bad(22, "truncated", 400, b'{"code": "EAST", "na', code="invalid_json"),
    Bad(22, "empty", 400, b"", code="empty_body"),
    Bad(22, "blank", 400, b" \n", code="empty_body"),
    Bad(22, "not UTF-8", 400, raw('"华东"'.encode("gb18030")), code="invalid_utf8"),
    Bad(22, "two values", 400, region() * 2, code="invalid_json"),
    Bad(
        23,
        "duplicate key",
        400,
        b'{"code": "A", "code": "B", "name": "x"}',
        code="duplicate_key",
        pointer="/code",
    ),
    Bad(
        23,
        "duplicate nested key",
        400,
        raw(b'[0, {"a/b": 1, "a/b": 1}]'),
        code="duplicate_key",
        pointer="/name/1/a~1b",
    ),
    Bad(24, "NaN", 400, raw(b"NaN"), code="invalid_json", pointer="/name"),
    Bad(24, "nothing but NaN", 400, b"NaN", code="invalid_json", pointer=""),
    Bad(24, "Infinity", 400, raw(b"[-Infinity]"), code="invalid_json", pointer="/name/0"),
    Bad(24, "1e999", 400, raw(b"1e999"), code="number_out_of_range", pointer="/name"),
    Bad(24, "5000 digits", 400, raw(b"9" * 5000), code="number_out_of_range", pointer="/name"),
    Bad(25, "depth 100,000", 400, raw(b"[" * 100_000 + b"]" * 100_000), code="too_deep"),
    Bad(
        25,
        "depth 40",
        400,
        raw(b"[" * 40 + b"]" * 40),
        code="too_deep",
        pointer="/name" + "/0" * 31,
    ),
    Bad(26, "id 2^63", 404, url=f"{DEALERS}{2**63}/", method="GET", code="not_found"),
    Bad(26, "id of 400 digits", 404, url=f"{DEALERS}{'9' * 400}/", method="GET"),
    Bad(26, "negative id", 404, url=f"{DEALERS}-1/", method="GET"),
    Bad(
        26,
        "reference to 2^63",
        422,
        url=DEALERS,
        pointer="/region",
        code="invalid_input",
        body=region(region=2**63, city="3301"),
    ),
    Bad(26, "negative page", 400, url=f"{DEALERS}?page=-1", method="GET", pointer="?page"),
    Bad(
        26,
        "negative limit",
        400,
        url=f"{DEALERS}?limit=-1",
        method="GET",
        pointer="?limit",
        code="bad_limit",
    ),
    Bad(27, "10 MB string", 413, region(name="长" * (10 * MAX_BYTES // 3)), code="too_large"),
    Bad(27, "million elements", 413, raw(b"[" + b"0," * 999_999 + b"0]"), code="too_large"),
    Bad(27, "many small values", 413, raw(b"[" + b"0," * 200_000 + b"0]"), code="too_large"),
    Bad(
        28,
        "NUL in a text",
        400,
        raw(rb'{"a": ["b", "c\u0000d"]}'),
        code="unstorable_character",
        pointer="/name/a/1",
    ),
    Bad(
        28,
        "NUL in a key",
        400,
        rb'{"code\u0000": 1}',
        code="unstorable_character",
        pointer="/code\ufffd",
    ),
    Bad(
        28,
        "NUL in a parameter",
        400,
        url=f"{DEALERS}?name=%00",
        method="GET",
        pointer="?name",
    ),
    Bad(
        29,
        "lone surrogate",
        400,
        raw(rb'"\ud800"'),
        code="unstorable_character",
        pointer="/name",
    ),
    Bad(
        29,
        "lone surrogate in a key",
        400,
        rb'{"a": {"\udfff": 1}}',
        code="unstorable_character",
        pointer="/a/\ufffd",
    ),
    Bad(30, "number for a text", 422, region(name=5), pointer="/name"),
    Bad(30, "list for an object", 422, b"[1, 2]", code="invalid_input", pointer=""),
    Bad(30, "object for a text", 422, region(name={}), pointer="/name"),
    Bad(30, "true for a reference", 422, url=DEALERS, body=region(region=True), pointer="/region"),
    Bad(
        30, "fraction for a reference", 422, url=DEALERS, body=region(region=1.5), pointer="/region"
    ),
    Bad(30, "null", 422, region(name=None), pointer="/name"),
    Bad(31, "tenant_id in the body", 422, region(tenant_id=7), pointer="/tenant_id"),
    Bad(31, "brand in the body", 422, region(brand=7), pointer="/brand"),
    Bad(31, "role in the body", 422, region(role="hq_admin"), pointer="/role"),
    Bad(31, "id in the body", 422, region(id=7), pointer="/id"),
    Bad(32, "text/plain", 415, region(), content_type="text/plain"),
    Bad(32, "form", 415, b"code=A&name=B", content_type="application/x-www-form-urlencoded"),
    Bad(32, "other charset", 415, region(), content_type="application/json; charset=gb18030"),
    Bad(32, "gzip bomb", 413, BOMB, headers={"Content-Encoding": "gzip"}, code="too_large"),
    Bad(32, "gzip tail", 400, TAIL, headers={"Content-Encoding": "gzip"}, code="invalid_gzip"),
    Bad(32, "gzip hollow", 413, HOLLOW, headers={"Content-Encoding": "gzip"}, code="too_large"),
    Bad(32, "not gzip", 400, region(), headers={"Content-Encoding": "gzip"}, code="invalid_gzip"),
    Bad(32, "brotli", 415, region(), headers={"Content-Encoding": "br"}),
    Bad(
        33,
        "limit=10^9",
        400,
        url=f"{DEALERS}?limit=1000000000",
        method="GET",
        pointer="?limit",
        code="bad_limit",
    ),
    Bad(
        33,
        "limit=五",
        400,
        url=f"{DEALERS}?limit=五",
        method="GET",
        pointer="?limit",
        code="bad_limit",
    ),
    Bad(
        33,
        "ordering=password",
        400,
        url=f"{DEALERS}?ordering=password",
        method="GET",
        pointer="?ordering",
        code="unknown_ordering",
    ),
    Bad(
        33, "ordering=--id", 400, url=f"{DEALERS}?ordering=--id", method="GET", pointer="?ordering"
    ),
    Bad(
        33,
        "unknown filter",
        400,
        url=f"{DEALERS}?brand=1",
        method="GET",
        pointer="?brand",
        code="unknown_parameter",
    ),
    Bad(33, "malformed filter", 400, url=f"{DEALERS}?region=x", method="GET", pointer="?region"),
    Bad(
        33,
        "made-up cursor",
        400,
        url=f"{DEALERS}?cursor=n.e30",
        method="GET",
        pointer="?cursor",
        code="bad_cursor",
    ),
    Bad(
        34,
        "duplicate parameter",
        400,
        url=f"{DEALERS}?limit=1&limit=2",
        method="GET",
        pointer="?limit",
        code="duplicate_parameter",
    ),
    Bad(35, "TRACE", 405, url=DEALERS, method="TRACE"),
    Bad(35, "OPTIONS", 405, url=DEALERS, method="OPTIONS"),
    Bad(35, "DELETE of a list", 405, url=DEALERS, method="DELETE"),
    Bad(
        35, "method override by header", 405, region(), headers={"X-HTTP-Method-Override": "DELETE"}
    ),
    Bad(35, "method override by parameter", 405, region(), url=f"{REGIONS}?_method=DELETE"),
    Bad(
        36,
        "empty Idempotency-Key",
        400,
        region(),
        headers={"Idempotency-Key": ""},
        code="bad_idempotency_key",
    ),
    Bad(
        36,
        "300 characters",
        400,
        region(),
        headers={"Idempotency-Key": "k" * 300},
        code="bad_idempotency_key",
    ),
    Bad(
        36, "not ASCII", 400, region(), headers={"Idempotency-Key": "é"}, code="bad_idempotency_key"
    ),
]


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=str)
def test_bad_input_is_answered_as_promised(bad, signed_in, brand, caplog):
    assert_refused(bad, signed_in, brand, caplog)


def test_every_number_of_the_list_is_driven():
    assert {bad.number for bad in BAD_INPUTS} == set(range(22, 37))


def test_every_fault_that_has_a_place_is_asked_for_it():
    of_bodies = [bad for bad in BAD_INPUTS if bad.number in IN_BODY and bad.body]
    of_queries = [bad for bad in BAD_INPUTS if bad.number in IN_QUERY]
    assert [bad.name for bad in of_bodies if bad.pointer is None] == []
    assert [bad.name for bad in of_queries if bad.pointer is None] == []


def test_address_that_breaks_the_line_is_one_line_in_the_log(signed_in, caplog):
    signed_in.get("/api/v1/nothing%0d%0aINFO%20forged/")
    assert_noted(caplog, path="/api/v1/nothing%0D%0AINFO%20forged/", code="not_found", values=[])


def test_unchanged_body_of_the_same_shape_is_taken(signed_in, brand):
    """The table's control: the body that the bad ones are made from is good."""
    response = signed_in.post(REGIONS, region(), content_type="application/json")
    assert response.status_code == 201, response.content


def test_gzip_body_within_the_limit_is_taken(signed_in):
    response = signed_in.generic(
        "POST",
        REGIONS,
        gzip.compress(region()),
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert response.status_code == 201, response.content


def test_body_cannot_move_a_row_to_another_brand(signed_in, brand):
    dealer = DealerFactory(brand=brand)
    body = json.dumps({"name": "新名", "version": 1, "brand": 999, "tenant_id": 999})
    response = signed_in.patch(f"{DEALERS}{dealer.pk}/", body, content_type="application/json")
    assert response.status_code == 422
    assert {entry["pointer"] for entry in response.json()["errors"]} == {"/brand", "/tenant_id"}
    with tenant(brand.pk):
        dealer.refresh_from_db()
    assert (dealer.brand_id, dealer.name) == (brand.pk, dealer.name)
    assert dealer.name != "新名"
