from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound, Problem
from core.organizations.models import Brand
from events.points import expiring, posting, rules
from events.points.models import Kind, PointsEntry, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from events.points.rules import Row, Wanted
    from members.profiles.models import Member

LAPSED_AT_ONCE = 5_000


class NotEnoughPoints(DomainError):
    """The member has fewer points than are to be spent or taken back."""

    code = "not_enough_points"


class SourceIdReused(DomainError):
    """The number names an entry of other content."""

    code = "source_id_reused"


class AlreadySettled(DomainError):
    """The entry is not pending any more, and was decided the other way."""

    code = "already_settled"


class CannotReverse(DomainError):
    """Nothing is left to reverse, or the entry is of a kind that cannot be."""

    code = "cannot_reverse"


REFUSALS = {"not_enough_points": NotEnoughPoints, "source_id_reused": SourceIdReused}


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry, and whether it is new."""

    entry: PointsEntry
    is_new: bool


@transaction.atomic
def post_batch(*, rows: Sequence[Mapping[str, Any]], actor: Viewer, now: datetime) -> list[Row]:
    """Post movements as a program sends them, each judged alone; return what became of each.

    A row sent again is unchanged. The balances follow in the same transaction.

    Raises:
        Forbidden: no role of the actor allows it.
    """
    actor.require(Permission.POINTS_EDIT)
    results = [
        rules.read(number=number, asked=asked, now=now) for number, asked in enumerate(rows, 1)
    ]
    for row in results:
        if row.wanted is not None and row.wanted.source in rules.RESERVED:
            row.refuse("source", "reserved", row.wanted.source)
    posting.post_rows(rows=results, actor=actor, now=now)
    counts = Counter(row.outcome for row in results)
    if counts["created"]:
        brand = Brand.objects.get(pk=actor.brand_id)
        data = {name: counts[name] for name in ("created", "unchanged", "refused")}
        audit.record(action="points.batch", subject=brand, actor=actor, now=now, data=data)
    return results


@transaction.atomic
def post(*, member: Member, wanted: Wanted, actor: Viewer, now: datetime) -> Posted:
    """Post one movement of a member in sight, once per source and number there.

    The same movement again returns what is there.

    Raises:
        Forbidden: no role of the actor allows it.
        InvalidInput: something is wrong with a field.
        NotEnoughPoints: the member has fewer than are to be spent.
        NotFound: the member is gone.
        SourceIdReused: the number names an entry of other content.
    """
    actor.require(Permission.POINTS_EDIT)
    if found := rules.problems_of(wanted, now=now):
        raise _invalid(found)
    row = rules.Row(1, wanted, member.pk)
    posting.post_rows(rows=[row], actor=actor, now=now)
    if row.problems:
        [problem] = row.problems
        if problem.code in REFUSALS:
            raise REFUSALS[problem.code](problem.text, problems=_pointers(row.problems))
        raise NotFound(problem.text)
    entry = PointsEntry.objects.select_related("member").get(
        brand_id=actor.brand_id, pk=row.id or 0
    )
    if row.outcome == "created":
        by_hand = wanted.kind == rules.ADJUST
        _tell("points.adjusted" if by_hand else "points.posted", entry, actor, now)
    return Posted(entry, row.outcome == "created")


@transaction.atomic
def settle(*, entry: PointsEntry, confirmed: bool, actor: Viewer, now: datetime) -> PointsEntry:
    """Confirm a pending earning, which counts from now on, or cancel it for good. Idempotent.

    Raises:
        AlreadySettled: it was decided the other way, or was never pending.
        Forbidden: no role of the actor allows it.
        NotFound: the entry is gone.
    """
    actor.require(Permission.POINTS_EDIT)
    held, _balances = _held(entry, actor)
    wanted = State.CONFIRMED if confirmed else State.CANCELLED
    if held.state == wanted and held.kind == Kind.EARN:
        return held
    if held.state != State.PENDING:
        raise AlreadySettled(
            _("This entry is not pending: %(state)s.") % {"state": held.get_state_display()},
            state=held.state,
        )
    held.state, held.settled_at = wanted, now
    held.save(update_fields=["state", "settled_at"])
    _tell("points.confirmed" if confirmed else "points.cancelled", held, actor, now)
    return held


@transaction.atomic
def reverse(
    *,
    entry: PointsEntry,
    reason: str,
    actor: Viewer,
    now: datetime,
    amount: int | None = None,
) -> PointsEntry:
    """Take an entry back by a new one: all that is left of it, or ``amount`` of that.

    What comes back to the member is a gain of its own, without an end.

    Raises:
        CannotReverse: nothing is left of it, it is a reversal itself, or it does not count.
        Forbidden: no role of the actor allows it.
        InvalidInput: the reason is missing, or the amount is more than is left.
        NotEnoughPoints: the member has spent what is to be taken back.
        NotFound: the entry is gone.
    """
    actor.require(Permission.POINTS_EDIT)
    held, balances = _held(entry, actor)
    left = what_is_left(entry=held)
    taken = _taken(held, left, amount)
    if found := _of_reason(reason):
        raise _invalid([found])
    balance = balances[held.member_id, held.ledger]
    signed = -taken if held.amount > 0 else taken
    if balance + signed < 0:
        text = str(rules.REASONS["not_enough_points"]) % {"other": formats.grouped(balance)}
        raise NotEnoughPoints(text, balance=balance)
    movement = posting.Movement(
        held.member_id,
        held.ledger,
        Kind.REVERSE,
        held.side,
        signed,
        State.CONFIRMED,
        rules.REVERSAL,
        # What was left says which of several reversals it is.
        f"{held.pk}-{left}",
        reason.strip(),
        reverses_id=held.pk,
        of_merged=held.of_merged,
    )
    [pk] = posting.write(
        movements=[movement], brand_id=actor.brand_id, by=actor.label, now=now
    ).values()
    made = PointsEntry.objects.select_related("member").get(brand_id=actor.brand_id, pk=pk)
    _tell("points.reversed", made, actor, now)
    return made


def what_is_left(*, entry: PointsEntry) -> int:
    """Return how much of an entry neither a reversal nor its end has taken back, without sign."""
    rows = PointsEntry.objects.filter(brand_id=entry.brand_id, reverses_id=entry.pk)
    back = rows.aggregate(sum=Sum("amount"))["sum"] or 0
    return abs(entry.amount + back)


@transaction.atomic
def expire_due(*, brand_id: int, now: datetime, limit: int = LAPSED_AT_ONCE) -> int:
    """Let earnings run out whose time is up; return how many were looked at, 0 when none is due.

    Of each what nobody spent goes, the oldest earned being spent first. Each is looked at once.
    """
    return expiring.lapse(brand_id=brand_id, now=now, limit=limit)


def _held(entry: PointsEntry, actor: Viewer) -> tuple[PointsEntry, posting.Balances]:
    """Return the entry as it is now, its member held against all else, and their balances."""
    balances = posting.hold(brand_id=actor.brand_id, members=[entry.member_id])
    rows = PointsEntry.objects.visible_to(actor).select_related("member")
    held = rows.select_for_update(of=("self",)).filter(pk=entry.pk).first()
    if held is None or (held.member_id, held.ledger) not in balances:
        raise NotFound(_("This entry is gone: its member was deleted or merged meanwhile."))
    return held, balances


def _taken(held: PointsEntry, left: int, amount: int | None) -> int:
    if held.kind == Kind.REVERSE:
        raise CannotReverse(_("A reversal cannot be reversed. Adjust the balance instead."))
    if held.state != State.CONFIRMED:
        raise CannotReverse(_("This entry does not count: %s.") % held.get_state_display())
    if left == 0:
        raise CannotReverse(_("Nothing is left of this entry that could be reversed."))
    if amount is not None and not 0 < amount <= left:
        text = _("From 1 to %(left)s can be reversed.") % {"left": formats.grouped(left)}
        raise InvalidInput.on("/amount", text, "out_of_range")
    return left if amount is None else amount


def _of_reason(reason: str) -> rules.Problem | None:
    if not reason.strip():
        return rules.Problem("reason", "required")
    if len(reason) > rules.LONGEST_REASON or rules.CONTROL(reason):
        return rules.Problem("reason", "bad_text", str(rules.LONGEST_REASON))
    return None


def _invalid(found: Sequence[rules.Problem]) -> InvalidInput:
    return InvalidInput(found[0].text, problems=_pointers(found))


def _pointers(found: Sequence[rules.Problem]) -> tuple[Problem, ...]:
    return tuple(Problem(f"/{each.name}", each.code, each.text) for each in found)


def _tell(action: str, entry: PointsEntry, actor: Viewer, now: datetime) -> None:
    """Tell the trail with numbers alone: the reason stands in the entry and goes with it."""
    data = {"entry": entry.pk, "ledger": entry.ledger, "amount": entry.amount}
    audit.record(action=action, subject=entry.member, actor=actor, now=now, data=data)
