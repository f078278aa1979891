"""Arithmetic of seats and the words of a plan: plain values, no database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from communities.policies import rules as policy_rules
from core.kernel.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.functional import _StrOrPromise

# How somebody came to a seat; the values of ``Membership.Placement``.
EXISTING, NEXT, FIRST = "existing", "next", "first"
# What a rule may group by, in the order in which it is told; the values of ``GroupingKey``.
DEALER, CITY, MODEL, INTEREST, MONTH = KEYS = (
    *("dealer", "city", "model", "interest", "delivery_month"),
)
KEY_LABELS: dict[str, _StrOrPromise] = {
    DEALER: _lazy("Dealer"),
    CITY: _lazy("City"),
    MODEL: _lazy("Vehicle model"),
    INTEREST: _lazy("Interest"),
    MONTH: _lazy("Delivery month"),
}
# The fact of a group in which a key's value stands in words.
FACT_OF_KEY = {
    DEALER: "dealer",
    CITY: "city",
    MODEL: "model",
    INTEREST: "interest",
    MONTH: "month",
}
# Names of two groups must differ: for each key, the placeholders of which one must be in the name.
_NAMED_BY: dict[str, tuple[str, ...]] = {
    DEALER: ("dealer", "store"),
    CITY: ("city",),
    MODEL: ("model",),
    INTEREST: ("interest",),
    MONTH: ("month",),
}
EXAMPLE_FACTS = {
    "brand": "远航",
    "city": "杭州",
    "dealer": "杭州滨江远航中心",
    "model": "E7",
    "interest": "露营",
    "month": "2026-05",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A rule frozen as it was when its run was planned; what the run then does is this alone."""

    rule_id: int
    rule_version: int
    rule_name: str
    kind: str
    group_by: tuple[str, ...]
    room_cap: int
    name_template: str
    topic: str
    skip: str
    segment_id: int | None
    segment_name: str
    tree: Mapping[str, Any] | None
    brand_name: str
    # Runs planned before kinds had an entry rule ask for nothing.
    entry: str = policy_rules.SEGMENT
    entry_orders: int = 2
    entry_days: int = 180
    promotes: bool = False
    event: str = ""
    starts_at: str = ""  # local, as ISO 8601 with its zone
    ends_at: str = ""
    tag_group_id: int | None = None
    tag_group_name: str = ""

    @property
    def entry_rule(self) -> policy_rules.EntryRule:
        """Who may enter the kind, as the policy said when the run was planned."""
        return policy_rules.EntryRule(self.entry, self.entry_orders, self.entry_days)

    @property
    def start(self) -> datetime | None:
        """When the event starts, by the brand's clock."""
        return datetime.fromisoformat(self.starts_at) if self.starts_at else None

    @property
    def end(self) -> datetime | None:
        """When it ends."""
        return datetime.fromisoformat(self.ends_at) if self.ends_at else None

    @property
    def looks_at_orders(self) -> bool:
        """Whether the entry rule asks for orders."""
        return self.entry == policy_rules.ORDERS

    def as_json(self) -> dict[str, Any]:
        """Return what the run's row keeps."""
        return asdict(self) | {"group_by": list(self.group_by)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Plan:
        """Read it back."""
        return cls(**(dict(stored) | {"group_by": tuple(stored["group_by"])}))


@dataclass(frozen=True, slots=True)
class FreeRoom:
    """An open room with seats; ``is_ours`` if this run opened it."""

    room_id: int
    number: int
    seats: int
    last_seq: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive people of a group, by their place in the queue, who go into one room.

    ``room_id`` is None for a room that is still to be opened as number ``number``.
    """

    first: int
    last: int
    number: int
    room_id: int | None
    read_seq: int
    placement: str

    @property
    def people(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


def seat_people(*, people: int, free: Iterable[FreeRoom], last_number: int, cap: int) -> list[Span]:
    """Fill rooms that have seats, lowest number first, then open as many as are still needed.

    The spans cover 1..people without a gap, and no room gets more than its seats.
    """
    spans: list[Span] = []
    seated = 0
    for room in sorted(free, key=lambda room: room.number):
        taken = min(room.seats, people - seated)
        if taken <= 0:
            break
        placement = placement_in(number=room.number) if room.is_ours else EXISTING
        spans.append(
            Span(seated + 1, seated + taken, room.number, room.room_id, room.last_seq, placement)
        )
        seated += taken
    number = last_number
    while seated < people:
        number, taken = number + 1, min(cap, people - seated)
        placement = placement_in(number=number)
        spans.append(Span(seated + 1, seated + taken, number, None, 0, placement))
        seated += taken
    return spans


def placement_in(*, number: int) -> str:
    """Return why somebody sits in a room that the run itself opened."""
    return FIRST if number == 1 else NEXT


def rule_problems(
    *,
    name: str,
    group_by: Sequence[str],
    room_cap: int | None,
    name_template: str,
    policy_template: str,
    topic: str,
) -> list[Problem]:
    """Return everything that is wrong with a rule, one problem per field."""
    found = []
    if not name.strip() or len(name) > 80:
        text = _("Give it a name of at most 80 characters.")
        found.append(Problem("/name", "bad_length", text))
    if any(key not in KEYS for key in group_by):
        found.append(Problem("/group_by", "unknown_choice", _("Choose among the keys offered.")))
    if room_cap is not None and not policy_rules.MIN_CAP <= room_cap <= policy_rules.MAX_CAP:
        text = _("This must lie within %(low)s and %(high)s.") % {
            "low": policy_rules.MIN_CAP,
            "high": policy_rules.MAX_CAP,
        }
        found.append(Problem("/room_cap", "out_of_range", text))
    if len(topic) > 40:
        found.append(Problem("/topic", "too_long", _("Use at most 40 characters.")))
    if mixed := policy_rules.letters_problem(topic, "/topic"):
        found.append(mixed)
    template = name_template or policy_template
    spelling = policy_rules.template_problems(template, "/name_template")
    return found + (spelling or twins(group_by, template, topic))


def entry_problems(*, entry: str, has_segment: bool, promotes: bool) -> list[Problem]:
    """Return what is wrong with whom a rule lets in: a screening or a promotion is of a segment."""
    if has_segment:
        return []
    if entry == policy_rules.INVITATION:
        text = _(
            "This kind is entered by invitation after screening. Choose the segment of those who"
            " were screened; confirming its preview invites them."
        )
        return [Problem("/segment", "needs_screening", text)]
    if promotes:
        text = _("Only the members of a segment can be promoted. Choose one.")
        return [Problem("/promotes", "needs_segment", text)]
    return []


def twins(group_by: Sequence[str], template: str, topic: str) -> list[Problem]:
    """Return the problem of a template under which different groups would bear the same name."""
    used = set(policy_rules.placeholders_of(template))
    if "topic" in used and not topic.strip():
        used.add("interest")  # It is then the topic.
    for key in group_by:
        if key in _NAMED_BY and not used & set(_NAMED_BY[key]):
            text = _(
                "Groups of different %(key)s would get the same name. Add %(placeholder)s."
            ) % {"key": KEY_LABELS[key], "placeholder": f"{{{_NAMED_BY[key][0]}}}"}
            return [Problem("/name_template", "same_names", text)]
    return []


def in_order(group_by: Iterable[str]) -> list[str]:
    """Return the keys once each, in the order in which they are told."""
    chosen = set(group_by)
    return [key for key in KEYS if key in chosen]


def example_names(
    *,
    template: str,
    topic: str,
    group_by: Sequence[str],
    brand: str,
    event: str = "",
    start: datetime | None = None,
) -> list[str]:
    """Return what the first two rooms of a group would be called."""
    facts = {"brand": brand, "topic": topic, "event": event} | {
        name: value
        for key, names in (
            (DEALER, ("dealer", "city")),
            (CITY, ("city",)),
            (MODEL, ("model",)),
            (INTEREST, ("interest",)),
            (MONTH, ("month",)),
        )
        if key in group_by
        for name, value in ((n, EXAMPLE_FACTS[n]) for n in names)
    }
    facts["topic"] = topic or facts.get("interest", "")
    filled = policy_rules.fill(template, facts, start=start)
    return [policy_rules.room_name(filled, number) for number in (1, 2)]


def topic_of(facts: Mapping[str, Any], plan: Plan) -> str:
    """Return what a group is about: as the rule says, else the interest its people share."""
    return plan.topic or str(facts.get("interest", ""))


def filled_name(*, facts: Mapping[str, Any], plan: Plan) -> str:
    """Return a group's name, in which only the number of the room is left open."""
    named = ("dealer", "city", "model", "interest", "month")
    own = {name: str(facts[name]) for name in named if name in facts}
    own |= {"brand": plan.brand_name, "event": plan.event, "topic": topic_of(facts, plan)}
    return policy_rules.fill(plan.name_template, own, start=plan.start)
