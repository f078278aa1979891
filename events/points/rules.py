"""What a movement of points must say, and the words for what keeps one out. Pure values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.erasure.rules import GONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

POINTS, CONTRIBUTION = "points", "contribution"
EARN, SPEND, ADJUST = "earn", "spend", "adjust"
LEDGERS, KINDS = (CONTRIBUTION, POINTS), (EARN, SPEND, ADJUST)
MOST_AMOUNT, MOST_ID = 1_000_000_000, 2**63 - 1
LONGEST_ID, LONGEST_REASON = 100, 200
BY_HAND, REVERSAL, EXPIRY = "console", "reversal", "expiry"
RESERVED = frozenset({BY_HAND, REVERSAL, EXPIRY})
SOURCE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,39}").fullmatch
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]").search
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)  # so much may another system's clock be ahead
TYPES: Mapping[str, type] = {
    "member": int,
    "customer_no": str,
    "ledger": str,
    "kind": str,
    "amount": int,
    "source": str,
    "source_id": str,
    "reason": str,
    "occurred_at": str,
    "expires_at": str,
    "pending": bool,
}
NEEDED = ("ledger", "kind", "amount", "source", "source_id")
REASONS: Mapping[str, _StrPromise] = {
    "unknown_field": _("There is no field of this name"),
    "wrong_type": _("Not of the right type"),
    "required": _("Needed here"),
    "member_required": _("Name the member by number or by customer number"),
    "member_twice": _("Name the member by one of the two, not by both"),
    "member_unknown": _("There is no such member"),
    "unknown_choice": _("Not one of: %(other)s"),
    "not_a_time": _("A time with its zone is needed, such as 2026-11-23T10:00:00+08:00"),
    "zero": _("0 moves nothing"),
    "too_large": _("At most 1,000,000,000 in one entry"),
    "wrong_sign": _("Above 0 for what is earned, below 0 for what is spent"),
    "never_spent": _("Contribution is never spent"),
    "never_expires": _("Contribution does not expire"),
    "only_gains_expire": _("Only points that are earned or added can expire"),
    "ends_before": _("It would expire before it happened"),
    "in_future": _("This time has not come yet"),
    "out_of_range": _("A year from 2000 to 2199 is needed"),
    "only_earnings_wait": _("Only an earning can be pending"),
    "bad_source": _("Up to 40 small letters, digits and . _ : - are needed"),
    "reserved": _("“%(other)s” is what this product calls its own entries"),
    "bad_text": _("1 to %(other)s characters without line breaks are needed"),
    "duplicate": _("Already in row %(other)s; that row counts"),
    "source_id_reused": _("Recorded already, with other content"),
    "not_enough_points": _("Not enough points: %(other)s are left"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One movement that somebody wants posted. ``occurred_at`` None means now."""

    ledger: str
    kind: str
    amount: int
    source: str
    source_id: str
    reason: str = ""
    occurred_at: datetime | None = None
    expires_at: datetime | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field; ``other`` is what the words name."""

    name: str
    code: str
    other: str = ""

    @property
    def text(self) -> str:
        """The problem in words."""
        return str(REASONS[self.code]) % {"other": self.other}


@dataclass(slots=True)
class Row:
    """One movement on its way into the ledger, and what became of it."""

    number: int
    wanted: Wanted | None = None
    member_id: int | None = None
    customer_no: str | None = None
    outcome: str = "refused"
    id: int | None = None
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, name: str, code: str, other: object = "") -> None:
        """Note that the row stays out."""
        self.problems.append(Problem(name, code, str(other)[:80]))

    def told(self) -> list[tuple[str, str, str]]:
        """Return field, code and words of each problem."""
        return [(each.name, each.code, each.text) for each in self.problems]


def read(*, number: int, asked: Mapping[str, Any], now: datetime) -> Row:
    """Return the row that a program sent, judged as far as that needs no database."""
    row = Row(number)
    given = {name: value for name, value in asked.items() if value is not None}
    _check_shape(row, asked, given)
    if row.problems:
        return row
    row.member_id, row.customer_no = given.pop("member", None), given.pop("customer_no", None)
    for name in ("occurred_at", "expires_at"):
        if name in given:
            given[name] = _moment(given[name])
            if given[name] is None:
                row.refuse(name, "not_a_time")
    if not row.problems:
        row.wanted = Wanted(**given)
        row.problems += problems_of(row.wanted, now=now)
    return row


def _check_shape(row: Row, asked: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for name in asked:
        if name not in TYPES:
            row.refuse(name[:80], "unknown_field")
    for name, value in given.items():
        if name in TYPES and type(value) is not TYPES[name]:
            row.refuse(name, "wrong_type")
    for name in NEEDED:
        if name not in given:
            row.refuse(name, "required")
    if ("member" in given) == ("customer_no" in given):
        row.refuse("member", "member_twice" if "member" in given else "member_required")


def problems_of(wanted: Wanted, *, now: datetime) -> list[Problem]:
    """Return what speaks against a movement, whoever's it is."""
    return [*_of_names(wanted), *_of_amount(wanted), *_of_times(wanted, now)]


def same(wanted: Wanted, there: Wanted) -> bool:
    """Whether what is asked for is what is recorded; a time that was not given is not asked for.

    What waits still is not what counts at once. What was to wait may count, or not, by now.
    """
    told = ("ledger", "kind", "amount", "expires_at")
    return (
        all(getattr(wanted, name) == getattr(there, name) for name in told)
        and is_left_of(there.reason, wanted.reason)
        and wanted.occurred_at in (None, there.occurred_at)
        and not (there.pending and not wanted.pending)
    )


def is_left_of(kept: str, reason: str) -> bool:
    """Whether a reason is kept as it was, or without somebody whom a deletion took out of it."""
    return kept == reason or (
        GONE in kept
        and re.fullmatch(".*".join(map(re.escape, kept.split(GONE))), reason) is not None
    )


def _of_names(wanted: Wanted) -> list[Problem]:
    found = []
    for name, choices in (("ledger", LEDGERS), ("kind", KINDS)):
        if getattr(wanted, name) not in choices:
            found.append(Problem(name, "unknown_choice", ", ".join(choices)))
    if not SOURCE(wanted.source):
        found.append(Problem("source", "bad_source"))
    if not 0 < len(wanted.source_id.strip()) <= len(wanted.source_id) <= LONGEST_ID or CONTROL(
        wanted.source_id
    ):
        found.append(Problem("source_id", "bad_text", str(LONGEST_ID)))
    if len(wanted.reason) > LONGEST_REASON or CONTROL(wanted.reason):
        found.append(Problem("reason", "bad_text", str(LONGEST_REASON)))
    elif wanted.kind == ADJUST and not wanted.reason.strip():
        found.append(Problem("reason", "required"))
    return found


def _of_amount(wanted: Wanted) -> list[Problem]:
    found = []
    if wanted.amount == 0:
        found.append(Problem("amount", "zero"))
    elif abs(wanted.amount) > MOST_AMOUNT:
        found.append(Problem("amount", "too_large"))
    elif {EARN: wanted.amount < 0, SPEND: wanted.amount > 0}.get(wanted.kind, False):
        found.append(Problem("amount", "wrong_sign"))
    if wanted.ledger == CONTRIBUTION and wanted.kind == SPEND:
        found.append(Problem("kind", "never_spent"))
    if wanted.pending and wanted.kind != EARN:
        found.append(Problem("pending", "only_earnings_wait"))
    return found


def _of_times(wanted: Wanted, now: datetime) -> list[Problem]:
    found = []
    occurred, ends = wanted.occurred_at or now, wanted.expires_at
    if occurred < EARLIEST:
        found.append(Problem("occurred_at", "out_of_range"))
    elif occurred > now + CLOCKS_DIFFER:
        found.append(Problem("occurred_at", "in_future"))
    if ends is None:
        return found
    if wanted.ledger == CONTRIBUTION:
        found.append(Problem("expires_at", "never_expires"))
    elif wanted.amount <= 0:
        found.append(Problem("expires_at", "only_gains_expire"))
    elif ends <= occurred:
        found.append(Problem("expires_at", "ends_before"))
    elif ends >= LATEST:
        found.append(Problem("expires_at", "out_of_range"))
    return found


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
