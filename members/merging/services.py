"""Makes two members one, gives everything back within 30 days, and takes one member apart."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound, StaleVersion
from members.erasure import selectors as erasures
from members.merging import moving, rules, selectors, telling
from members.merging.models import MemberMerge
from members.merging.ports import merged_fields, moved_rows, parts
from members.profiles import services as profiles
from members.profiles.models import Member, MergedMember

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

UNDO_FOR = timedelta(days=30)
MAX_REASON = 200


class CannotUndo(DomainError):
    """The merge is undone already, too old, or something stands in its way."""

    code = "cannot_undo"


class WaitsForDeletion(DomainError):
    """One of the members is to be deleted, and nobody may be mixed up with them until then."""

    code = "waits_for_deletion"


@transaction.atomic
def merge_members(
    *,
    winner_id: int,
    loser_id: int,
    actor: Viewer,
    now: datetime,
    take: Collection[str] = (),
    reason: str = "",
    versions: tuple[int | None, int | None] = (None, None),
) -> MemberMerge:
    """Make ``loser`` part of ``winner``: one transaction, after which one member is left.

    Of facts that differ the winner's count, apart from those named in ``take``; what the winner
    lacks comes from the loser. ``versions`` of winner and loser are those that somebody looked at
    when they chose. The loser's row leaves ``members_member``; whatever adds something
    to the loser at the same time waits for the lock and then finds nobody, so nothing is lost.

    Raises:
        InvalidInput: both are the same, or ``take`` names what is no fact of members.
        NotFound: one of them does not exist for the actor, or was merged meanwhile.
        StaleVersion: somebody changed one of them since.
        WaitsForDeletion: one of them is to be deleted.
    """
    actor.require(Permission.MEMBERS_EDIT)
    if winner_id == loser_id:
        raise InvalidInput.on("/loser", _("Choose two different members."), "same_member")
    _require_known(take)
    tags = telling.hold_tags(brand_id=actor.brand_id, member_ids=(winner_id, loser_id))
    winner, loser = _held_both(winner_id, loser_id, actor)
    _require_unchanged((winner, loser), versions)
    _require_staying(winner, loser)
    seen = tags.look()
    rows = {member.pk: _row_of(member) for member in (winner, loser)}
    values = {"brand": actor.brand_id, "winner": winner.pk, "loser": loser.pk, "now": now}
    merge = MemberMerge.objects.create(
        brand_id=actor.brand_id,
        winner=winner,
        loser_id=loser.pk,
        loser_name=loser.display_name,
        reason=" ".join(reason.split())[:MAX_REASON],
        loser=rows[loser.pk],
        before={},
        after={},
        moved=_move_all(values),
        merged_at=now,
        merged_by_id=actor.staff_id,
        merged_by_label=actor.label,
    )
    _delete_row(loser)
    mine, theirs = rows[winner.pk], rows[loser.pk]
    taken = rules.columns_to_take(fields=merged_fields(), winner=mine, loser=theirs, take=take)
    after = moving.become(taken, theirs, values)
    merge.before, merge.after = rules.difference(before=mine, after=after)
    merge.told = telling.tell_merge(
        merge=merge, stage_before=mine["stage"], seen=seen, actor=actor, now=now
    )
    merge.save(update_fields=["before", "after", "told"])
    _leave_a_way(merge, mine, theirs, after)
    facts = {"merge": merge.pk, "loser": loser.pk, "winner": winner.pk}
    audit.record(action="member.merged", subject=winner, actor=actor, now=now, data=facts)
    audit.record(action="member.merged_away", subject=loser, actor=actor, now=now, data=facts)
    return merge


@transaction.atomic
def undo_merge(*, merge: MemberMerge, actor: Viewer, now: datetime) -> MemberMerge:
    """Give the merged member everything back that is still where the merge put it.

    What people changed since stays changed.

    Raises:
        CannotUndo: it is undone, older than 30 days, a later merge of the same member stands, or
            the place of something that would come back is taken.
        NotFound: it does not exist for the actor, who has to see both members.
        WaitsForDeletion: who it became is to be deleted.
    """
    actor.require(Permission.MEMBERS_EDIT)
    tags = telling.hold_tags(
        brand_id=actor.brand_id,
        member_ids=(merge.winner_id, merge.loser_id),
        more=telling.tags_kept(merge),
    )
    winner = Member.objects.visible_to(actor).select_for_update().filter(pk=merge.winner_id).first()
    held = MemberMerge.objects.select_for_update().filter(pk=merge.pk, winner=winner).first()
    if winner is None or held is None or not selectors.sees_both(merge=held, viewer=actor):
        raise NotFound(_("The member who would come back is none that you may see."))
    _require_undoable(held, now)
    _require_staying(winner)
    seen = tags.look()
    try:
        with transaction.atomic():
            _give_all_back(held, winner, now)
            telling.tell_undo(merge=held, seen=seen, actor=actor, now=now)
    except IntegrityError as error:
        raise CannotUndo(
            _(
                "Something that would come back has no place any more: a seat in a room that is "
                "full, a phone or number that somebody else has now, or points that were spent."
            )
        ) from error
    held.undone_at, held.undone_by_label = now, actor.label
    held.save(update_fields=["undone_at", "undone_by_label"])
    facts = {"merge": held.pk, "loser": held.loser_id, "winner": winner.pk}
    loser = Member.objects.get(pk=held.loser_id)
    audit.record(action="member.merge_undone", subject=winner, actor=actor, now=now, data=facts)
    audit.record(action="member.came_back", subject=loser, actor=actor, now=now, data=facts)
    return held


@transaction.atomic
def split_member(
    *,
    member_id: int,
    display_name: str,
    chosen: Mapping[str, Sequence[int]],
    actor: Viewer,
    now: datetime,
) -> Member:
    """Take chosen rows out of a member into a new one, and return that one.

    ``chosen`` names rows by part (``ports.parts``). The new member begins in the same place and
    stage, without phone, tags or consent: nobody asked this person yet.

    Raises:
        InvalidInput: nothing is chosen, a row is not the member's, or the name is none.
        NotFound: the member does not exist for the actor.
        WaitsForDeletion: the member is to be deleted, with everything that is theirs.
    """
    actor.require(Permission.MEMBERS_EDIT)
    tables = parts()
    wanted = {part: sorted(set(ids)) for part, ids in chosen.items() if ids}
    if not wanted:
        raise InvalidInput(_("Choose what belongs to the other person."))
    if unknown := set(wanted) - set(tables):
        raise InvalidInput.on(f"/{min(unknown)}", _("This cannot be taken out."), "unknown_choice")
    rows = Member.objects.visible_to(actor).filter(pk=member_id)
    member = rows.select_for_update().first()
    if member is None:
        raise NotFound(_("This member does not exist any more."))
    _require_staying(member)
    values: dict[str, Any] = {"display_name": display_name, "stage": member.stage}
    values |= {"city": member.city, "home_dealer": member.home_dealer}
    fresh = profiles.register_member(values=values, actor=actor, now=now)
    both = {"brand": actor.brand_id, "winner": fresh.pk, "loser": member.pk}
    for part, ids in wanted.items():
        if moving.hand_over(tables[part], ids, both) < len(ids):
            text = _("Something chosen is not this member's any more. Reload and choose again.")
            raise InvalidInput.on(f"/{part}", text, "unknown_choice")
    facts = {"member": member.pk, "new": fresh.pk, "rows": wanted}
    audit.record(action="member.split", subject=member, actor=actor, now=now, data=facts)
    return fresh


def _held_both(winner_id: int, loser_id: int, actor: Viewer) -> tuple[Member, Member]:
    """Lock both in the order of their ids, against changes and against new rows about them."""
    rows = Member.objects.visible_to(actor).filter(pk__in=[winner_id, loser_id])
    held = {member.pk: member for member in rows.order_by("pk").select_for_update()}
    if len(held) < 2:
        raise NotFound(_("One of these members does not exist any more."))
    return held[winner_id], held[loser_id]


def _require_known(take: Collection[str]) -> None:
    if unknown := set(take) - {field.key for field in merged_fields()}:
        text = _("There is no such fact to take: %(names)s") % {"names": ", ".join(sorted(unknown))}
        raise InvalidInput.on("/take", text, "unknown_choice")


def _require_unchanged(
    members: tuple[Member, Member], versions: tuple[int | None, int | None]
) -> None:
    for member, version in zip(members, versions, strict=True):
        if version is not None and member.version != version:
            raise StaleVersion(_("Somebody changed one of these members. Compare them again."))


def _require_staying(*members: Member) -> None:
    ids = [member.pk for member in members]
    if erasures.any_waits(brand_id=members[0].brand_id, member_ids=ids):
        raise WaitsForDeletion(
            _("One of these members is to be deleted. Take the deletion back first.")
        )


def _move_all(values: dict[str, Any]) -> dict[str, Any]:
    tables = moved_rows()
    for each in tables.values():
        moving.lock(each, values)
    moved = {name: moving.move(each, values) for name, each in tables.items()}
    return {name: kept for name, kept in moved.items() if kept}


def _give_all_back(held: MemberMerge, winner: Member, now: datetime) -> None:
    tables = moved_rows()
    values = {"brand": held.brand_id, "winner": winner.pk, "loser": held.loser_id, "now": now}
    values["merged_at"] = held.merged_at
    for each in tables.values():
        moving.lock(each, values)
    MergedMember.objects.filter(brand_id=held.brand_id, pk=held.loser_id).delete()
    stays = () if telling.take_back_stage(merge=held, winner=winner) else ("stage",)
    facts = rules.changed_facts(
        fields=merged_fields(), kept=held.before, row=_row_of(winner), stays=stays
    )
    moving.restore(facts, held.before, held.after, values)
    _insert_row(held)
    for name, each in reversed(list(tables.items())):
        moving.give_back(each, held.moved.get(name, {}), values)
    for each in tables.values():
        moving.settle(each, values)


def _require_undoable(held: MemberMerge, now: datetime) -> None:
    if held.undone_at is not None:
        raise CannotUndo(_("This merge has been undone already."))
    if now - held.merged_at > UNDO_FOR:
        raise CannotUndo(_("A merge can be undone for 30 days; this one is older."))
    later = MemberMerge.objects.filter(
        brand_id=held.brand_id, winner=held.winner_id, pk__gt=held.pk, undone_at=None
    )
    if later.exists():
        raise CannotUndo(_("The member was merged again since. Undo the later merge first."))


def _row_of(member: Member) -> dict[str, Any]:
    [(row,)] = _run(
        "SELECT to_jsonb(m) FROM members_member AS m WHERE brand_id = %s AND id = %s",
        [member.brand_id, member.pk],
    )
    found: dict[str, Any] = moving.read(row)
    return found


def _delete_row(loser: Member) -> None:
    """Refused by the database as long as a table that nobody registered still names them."""
    _run("DELETE FROM members_member WHERE brand_id = %s AND id = %s", [loser.brand_id, loser.pk])


def _insert_row(held: MemberMerge) -> None:
    """A column that the table gained since the merge begins with the winner's value."""
    _run(
        "INSERT INTO members_member SELECT (jsonb_populate_record(w, %s::jsonb)).*"
        " FROM members_member AS w WHERE w.brand_id = %s AND w.id = %s",
        [json.dumps(held.loser), held.brand_id, held.winner_id],
    )


def _leave_a_way(
    merge: MemberMerge, mine: dict[str, Any], theirs: dict[str, Any], after: dict[str, Any]
) -> None:
    """Let the phone and the customer number that were not kept lead to the winner."""

    def lost(name: str) -> Any:
        both = (row[name] for row in (mine, theirs))
        return next((value for value in both if value not in (None, after[name])), None)

    phone = lost("phone_hash")
    MergedMember.objects.create(
        brand_id=merge.brand_id,
        id=merge.loser_id,
        winner_id=merge.winner_id,
        merge_id=merge.pk,
        phone_hash=bytes.fromhex(phone.removeprefix("\\x")) if phone else None,
        customer_no=lost("customer_no"),
    )


def _run(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []
