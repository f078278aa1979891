import re

import pytest
from django.db import connection

from members.erasure.rules import GONE, Kind, Trace, Traces, phones_of

PHONE = Trace(1, Kind.NUMBER, "+8613812345678")
NUMBER = Trace(1, Kind.NUMBER, "C-1001")
NAME = Trace(1, Kind.NAME, "欧阳若兰")


@pytest.mark.parametrize(
    "text",
    ["13812345678", "+8613812345678", "138 1234 5678", "138-1234-5678", "打给13812345678。"],
)
def test_a_phone_is_found_however_it_is_written(text):
    assert Traces((PHONE,)).without(text) in {GONE, f"+{GONE}", f"打给{GONE}。"}


def test_a_number_is_not_found_inside_another():
    traces = Traces((NUMBER,))
    assert traces.without("C-10012 and AC-1001") == "C-10012 and AC-1001"
    assert traces.without("(C-1001)") == f"({GONE})"


def test_json_is_cleaned_through_and_through():
    value = {"a": ["欧阳若兰", {"欧阳若兰": 13812345678}], "b": True, "c": 5}
    assert Traces((PHONE, NAME)).without(value) == {"a": [GONE, {GONE: None}], "b": True, "c": 5}


@pytest.mark.parametrize("number", ["2026", "12345", "100234"])
def test_numbers_that_count_and_moments_are_left(number):
    kept = {"at": 100234, "yuan": 12345, "as_of": "2026-11-22T08:00:00.100234+00:00"}
    kept |= {"day": "2026-12-01", "city": "2026"}
    assert Traces((Trace(1, Kind.NUMBER, number),)).without(kept) == kept


@pytest.mark.parametrize(("number", "is_found"), [("12345", False), ("123456", True)])
def test_a_few_digits_alone_mean_nobody(number, is_found):
    text = f"满{number}减500"
    assert (Traces((Trace(1, Kind.NUMBER, number),)).without(text) != text) is is_found


def test_names_are_left_where_a_word_may_be_meant():
    traces = Traces((NAME, NUMBER))
    assert traces.without("欧阳若兰 C-1001", names=False) == f"欧阳若兰 {GONE}"


@pytest.mark.parametrize("text", ["", "王", "Bob", "  "])
def test_a_name_too_short_to_mean_anybody_is_not_looked_for(text):
    assert Traces((Trace(1, Kind.NAME, text),)).pattern() == ""


def test_masks_are_looked_for_only_when_asked():
    traces = Traces((Trace(1, Kind.MASK, "138****5678"),))
    assert traces.pattern() == ""
    assert re.search(traces.pattern(masks=True), "陈*宇,138****5678")


def test_signs_of_a_pattern_are_taken_as_they_stand():
    traces = Traces((Trace(1, Kind.NAME, "阿卜杜拉·艾力(a.b)"),))
    assert traces.without("x阿卜杜拉·艾力(a.b)x") == f"x{GONE}x"
    assert traces.without("阿卜杜拉·艾力(axb)") == "阿卜杜拉·艾力(axb)"


def test_places_are_no_texts():
    traces = Traces((Trace(1, Kind.PLACE, "room 5"), PHONE))
    assert "room" not in traces.pattern()
    assert phones_of(traces) == ["13812345678"]


@pytest.mark.django_db
def test_hundreds_of_people_are_looked_for_at_once_by_both_engines():
    people = [
        Trace(n, kind, text)
        for n in range(200)
        for kind, text in (
            (Kind.NUMBER, f"+86138{n:08d}"),
            (Kind.NUMBER, f"KH-{n:06d}"),
            (Kind.NUMBER, f"LSVAA49J1320{n:05d}"),
            (Kind.NAME, f"某人{n}"),
        )
    ]
    traces = Traces(tuple(people))
    texts = ["说明 " * 200 + one for one in ("KH-000199", "KH-0001990", "13800000007", "无人")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT one ~ %s FROM unnest(%s) AS one", [traces.pattern(), texts])
        found = [answer for (answer,) in cursor.fetchall()]
    assert found == [True, False, True, False]
    assert [traces.without(text) != text for text in texts] == found
