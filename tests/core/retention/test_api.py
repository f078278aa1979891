import pytest

pytestmark = pytest.mark.django_db
PLACE = "/api/v1/retention/"


def test_rules_are_read_and_set(signed_in):
    found = {line["kind"]: line for line in signed_in.get(PLACE).json()}
    assert (found["message"]["days"], found["message"]["due"]) == (730, 0)
    answer = signed_in.patch(f"{PLACE}message/", {"days": 60}, content_type="application/json")
    assert (answer.status_code, answer.json()["days"]) == (200, 60)
    answer = signed_in.patch(f"{PLACE}message/", {"days": 1}, content_type="application/json")
    assert answer.status_code == 422
    answer = signed_in.patch(f"{PLACE}dreams/", {"days": 60}, content_type="application/json")
    assert answer.status_code == 404
