from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from communities.policies import rules

HANGZHOU = {"brand": "远航", "city": "杭州", "dealer": "杭州滨江远航中心", "topic": "充电"}


@pytest.mark.parametrize(
    ("template", "facts", "filled"),
    [
        ("{city}{dealer}·{topic}交流群 {n}", HANGZHOU, "杭州滨江远航中心·充电交流群 {n}"),
        (
            "{city}{dealer}·{topic}交流群 {n}",
            HANGZHOU | {"dealer": "滨江店"},
            "杭州滨江店·充电交流群 {n}",
        ),
        ("{city}{dealer}·{topic}交流群 {n}", {"city": "杭州"}, "杭州·交流群 {n}"),
        ("{city}{dealer}·{topic}交流群 {n}", {}, "交流群 {n}"),
        ("{store}福利群 {n}", {"dealer": "滨江店"}, "滨江店福利群 {n}"),
        ("{brand}{topic}核心群", HANGZHOU, "远航充电核心群"),
        ("{dealer} {n}", {"dealer": "{city}"}, "{city} {n}"),
    ],
)
def test_template_is_filled_and_tidied(template, facts, filled):
    assert rules.fill(template, facts) == filled


def test_long_names_keep_their_number():
    filled = rules.fill("{dealer}交流群 {n}", {"dealer": "店" * 200})
    assert rules.room_name(filled, 12345).endswith(" 12345")
    assert len(rules.room_name(filled, 12345)) <= 120


def test_second_room_gets_a_number_even_without_a_place_for_it():
    assert [rules.room_name("核心群", n) for n in (1, 2)] == ["核心群", "核心群 2"]


def test_community_is_named_without_the_number():
    filled = rules.fill("{city}交流群 {n}", HANGZHOU)
    assert rules.community_name(filled) == "杭州交流群"


START = datetime(2026, 11, 8, 19, 5, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{start:%m月%d日%H点} {event}", "11月08日19点 试驾之夜"),
        ("{start:%Y-%m-%d %H:%M} {event} {n}", "2026-11-08 19:05 试驾之夜 {n}"),
        ("{event}·{start:%H}", "试驾之夜·19"),
    ],
)
def test_start_is_written_as_the_template_says(template, filled):
    facts = {"event": "试驾之夜"}
    assert rules.template_problems(template, "/x") == []
    assert rules.placeholders_of("{start:%H} {event}") == ["start", "event"]
    assert rules.fill(template, facts, start=START) == filled


def test_unknown_start_disappears_cleanly():
    assert rules.fill("{start:%m月%d日%H点} {event}", {"event": "试驾之夜"}) == "试驾之夜"


@pytest.mark.parametrize(
    "template",
    ["{start:} 群", "{start:%z} 群", "{start:%} 群", "{start:日} 群", "{city:%H} 群", "{n:%H} 群"],
)
def test_only_the_start_has_a_form_and_only_of_these_parts(template):
    found = [problem.code for problem in rules.template_problems(template, "/name_template")]
    assert found == ["bad_form"]


def test_default_terms_are_valid():
    assert [rules.problems_of(terms) for terms in rules.DEFAULT_TERMS.values()] == [[]] * 4


def test_template_never_reaches_the_attributes_of_anything():
    problems = rules.template_problems("{dealer.__class__} {n}", "/x")
    assert [problem.code for problem in problems] == ["unknown_placeholder"]


@pytest.mark.parametrize(
    ("template", "is_refused"),
    [
        ("{city}Сlub {n}", True),  # the first letter is Cyrillic
        ("{city} Клуб {n}", False),
        ("{topic}Клуб {n}", False),  # what stands in braces is no word of the name
        ("{city}车友会 Club {n}", False),
    ],
)
def test_a_template_whose_word_mixes_alphabets_is_refused(template, is_refused):
    found = [p.code for p in rules.template_problems(template, "/name_template")]
    assert found == (["mixed_alphabets"] if is_refused else [])
