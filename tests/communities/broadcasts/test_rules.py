from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.broadcasts import rules
from communities.broadcasts.rules import MarketingPolicy

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = datetime(2026, 1, 1, tzinfo=ZONE)
WEEKLY = MarketingPolicy(1, "week")
STORE = MarketingPolicy(30, "day", timedelta(minutes=20), time(21), time(9))


def at(day, hour=10, minute=0):
    """November 2026: the 21st is a Saturday, the 23rd a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("window", "begins", "ends"),
    [
        ("day", at(21, 0), at(22, 0)),
        ("week", at(16, 0), at(23, 0)),
        ("month", at(1, 0), datetime(2026, 12, 1, tzinfo=ZONE)),
    ],
)
def test_windows_are_those_of_the_calendar_on_the_wall(window, begins, ends):
    # 23:30 in Shanghai is the afternoon before in UTC.
    assert rules.window_of(at(21, 23, 30), window, ZONE) == (begins, ends)


def test_a_year_end_is_a_month_end():
    moment = datetime(2026, 12, 31, 23, tzinfo=ZONE)
    assert rules.window_of(moment, "month", ZONE)[1] == datetime(2027, 1, 1, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (at(21, 8, 59), at(21, 9)),
        (at(21, 9), None),
        (at(21, 20, 59), None),
        (at(21, 21), at(22, 9)),
        (at(21, 23, 59), at(22, 9)),
        (at(21, 0), at(21, 9)),
    ],
)
def test_quiet_hours_over_midnight(moment, opens):
    assert rules.quiet_end(moment, STORE, ZONE) == opens


def test_quiet_hours_within_a_day():
    siesta = MarketingPolicy(1, "day", quiet_from=time(12), quiet_until=time(14))
    assert rules.quiet_end(at(21, 13), siesta, ZONE) == at(21, 14)
    assert rules.quiet_end(at(21, 15), siesta, ZONE) is None


def test_a_second_message_of_the_week_waits_for_monday():
    assert rules.next_allowed(at(21), WEEKLY, [at(17)], ZONE) == at(23, 0)


def test_a_week_that_is_full_already_is_passed_over():
    assert rules.next_allowed(at(21), WEEKLY, [at(17), at(25)], ZONE) == at(30, 0)


def test_the_gap_counts_towards_messages_before_and_after():
    assert rules.next_allowed(at(21, 10, 10), STORE, [at(21, 10)], ZONE) == at(21, 10, 20)
    assert rules.next_allowed(at(21, 9, 50), STORE, [at(21, 10)], ZONE) == at(21, 10, 20)
    assert rules.next_allowed(at(21, 9, 40), STORE, [at(21, 10)], ZONE) == at(21, 9, 40)


def test_a_gap_that_ends_at_night_waits_for_the_morning():
    assert rules.next_allowed(at(21, 20, 55), STORE, [at(21, 20, 50)], ZONE) == at(22, 9)


def test_no_marketing_at_all_is_never_allowed():
    assert rules.next_allowed(at(21), MarketingPolicy(0, "month"), [], ZONE) is None


@given(
    moment=st.integers(0, 365 * 24 * 60).map(lambda n: YEAR + timedelta(minutes=n)),
    offsets=st.lists(st.integers(-3000, 3000), max_size=12),
    limit=st.integers(1, 4),
    window=st.sampled_from(["day", "week", "month"]),
)
def test_what_is_called_allowed_breaks_no_limit(moment, offsets, limit, window):
    policy = MarketingPolicy(limit, window, timedelta(minutes=20), time(21), time(9))
    taken = [moment + timedelta(minutes=minutes) for minutes in offsets]
    allowed = rules.next_allowed(moment, policy, taken, ZONE)
    assert allowed is not None
    assert allowed >= moment
    begins, ends = rules.window_of(allowed, window, ZONE)
    assert sum(begins <= other < ends for other in taken) < limit
    assert not rules.too_close(allowed, policy, taken)
    assert rules.quiet_end(allowed, policy, ZONE) is None


def test_a_text_speaks_of_its_room_in_either_language():
    facts = {"room": "滨江 1 群", "community": "滨江", "city": "杭州", "dealer": "滨江店"}
    assert rules.render("{群名}：{dealer}", facts) == "滨江 1 群：滨江店"


def test_what_a_fact_holds_is_not_read_as_a_variable():
    assert rules.render("{room}", {"room": "{dealer}"}) == "{dealer}"


def test_unknown_variables_are_named():
    assert rules.unknown_variables("{room} {nick} {{7*7}} {}") == ["nick", "7*7", ""]
    assert rules.variables_in("{群名} {city} {nick}") == {"room", "city"}


def test_a_text_is_stored_composed_and_without_trailing_blanks():
    assert rules.tidy_text("  e\u0301  \r\nb  \n") == "é\nb"


@pytest.mark.parametrize(
    "link",
    ["https://a.cn", "http://a.cn:8080/x?y=1#z", "https://群英.cn/活动", "HTTPS://A.CN"],
)
def test_web_addresses(link):
    assert rules.is_web_link(link)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "//a.cn",
        "a.cn",
        "https://",
        "https://user:pass@a.cn",
        "https://a.cn:99999",
        "https://a.cn/ b",
        "https://[::1",
        "ftp://a.cn",
    ],
)
def test_what_is_no_web_address(link):
    assert not rules.is_web_link(link)
