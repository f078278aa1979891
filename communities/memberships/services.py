"""Taking, changing and giving up a seat. Every one of them holds the community's lock."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from communities.communities import services as communities
from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.policies import rules as policy_rules
from communities.policies import selectors as policies
from communities.rooms import services as rooms
from communities.rooms.models import Room
from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.scoping import tenant
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from core.kernel.access import Viewer


class AlreadyInside(DomainError):
    """The member has a seat in this community; ``room_id`` says where."""

    code = "already_inside"


class RoomFull(DomainError):
    """The room has no seat left."""

    code = "room_full"


class NoConsent(DomainError):
    """The member has not agreed to community invitations, or has taken that back."""

    code = "no_consent"


class EntryNotMet(DomainError):
    """The kind's rule does not let this member in by itself; an operator may promote them."""

    code = "entry_not_met"


def add_member(
    *,
    community_id: int,
    member_id: int,
    actor: Viewer,
    now: datetime,
    source: str = Membership.Source.MANUAL,
    role: str = Membership.Role.MEMBER,
    promote: bool = False,
) -> Membership:
    """Give a member a seat in the first room that has one; opens the next room when all are full.

    The lock on the community makes the last seat go to one person only; the count that the
    database keeps, and its check, would refuse a second. Opens the tenant itself, so that the
    lock ends with the call. ``promote`` lets in who does not meet the entry rule of the kind: the
    seat and the trail then say that an operator promoted them.

    Raises:
        AlreadyInside: the member has a seat here.
        CommunityClosed: the community is closing or archived.
        EntryNotMet: they do not meet the entry rule, and ``promote`` was not said.
        InvalidInput: the member does not exist for the actor, or the role does not exist.
        NoConsent: the member has not agreed to community invitations.
        NotFound: the community does not exist for the actor.
    """
    actor.require(Permission.COMMUNITIES_EDIT)
    _check_role(role)
    with tenant(actor.brand_id):
        community = communities.lock_community(community_id=community_id, actor=actor)
        communities.require_open(community)
        member = Member.objects.visible_to(actor).filter(pk=member_id).first()
        if member is None:
            raise InvalidInput.on("/member", _("This member does not exist."), "unknown_choice")
        _require_newcomer(community, member)
        _require_consent(member)
        against = _against_entry(community, member, now)
        if against is not None and not promote:
            raise against
        room = rooms.room_with_a_seat(community=community, actor=actor, now=now)
        seat = Membership.objects.create(
            brand_id=community.brand_id,
            community=community,
            room=room,
            member=member,
            role=role,
            source=source if against is None else Membership.Source.PROMOTED,
            joined_at=now,
            read_seq=room.last_seq,
        )
        if against is None:
            _tell("community.member_added", community, seat, actor, now)
        else:
            _tell("community.member_promoted", community, seat, actor, now, against.facts)
    return seat


def move_member(
    *, membership: Membership, room_id: int, actor: Viewer, now: datetime
) -> Membership:
    """Give a member another seat of the same community. Their reading starts at its end.

    Raises:
        RoomFull: the other room has no seat left; the member stays where they are.
        NotFound: the seat was given up, or the room is not an open one of this community.
    """
    with _held(membership, actor) as (community, seat):
        communities.require_open(community)
        room = Room.objects.filter(community=community, pk=room_id, state=Room.State.OPEN).first()
        if room is None:
            raise NotFound(_("This room is not an open room of the community."))
        if room.pk == seat.room_id:
            return seat
        if room.member_count >= room.cap:
            raise RoomFull(_("“%s” is full.") % room.name)
        data = {"from_room": seat.room_id}
        seat.room, seat.read_seq = room, room.last_seq
        seat.save(update_fields=["room", "read_seq"])
        _tell("community.member_moved", community, seat, actor, now, data)
    return seat


def change_role(*, membership: Membership, role: str, actor: Viewer, now: datetime) -> Membership:
    """Make a member an owner, president or admin of the community, or a plain member again."""
    _check_role(role)
    with _held(membership, actor) as (community, seat):
        communities.require_open(community)
        if seat.role == role:
            return seat
        data = {"from": seat.role, "to": role}
        seat.role = role
        seat.save(update_fields=["role"])
        _tell("community.role_changed", community, seat, actor, now, data)
    return seat


def remove_member(*, membership: Membership, actor: Viewer, now: datetime) -> None:
    """Free a member's seat; the row stays as history.

    Raises:
        NotFound: the seat was given up already.
    """
    with _held(membership, actor) as (community, seat):
        seat.left_at = now
        seat.save(update_fields=["left_at"])
        _tell("community.member_removed", community, seat, actor, now)


@transaction.atomic
def archive_community(
    *, community: Community, typed_name: str, actor: Viewer, now: datetime
) -> int:
    """Dissolve a community: close its rooms and free every seat. Returns how many people left.

    Histories stay: who sat where, and every message. Nothing reopens an archived community, so
    whoever does it types its name.

    Raises:
        InvalidInput: ``typed_name`` is not the community's name.
        CommunityClosed: it is archived already.
        NotFound: it does not exist for the actor.
    """
    actor.require(Permission.COMMUNITIES_EDIT)
    held = communities.lock_community(community_id=community.pk, actor=actor)
    if held.state == Community.State.ARCHIVED:
        raise communities.CommunityClosed(_("“%s” is closed.") % held.name)
    if typed_name.strip() != held.name:
        raise InvalidInput.on("/name", _("This is not the name of the community."), "wrong_name")
    people = Membership.objects.filter(brand_id=held.brand_id, community=held, left_at=None).update(
        left_at=now
    )
    closed = Room.objects.filter(
        brand_id=held.brand_id, community=held, state=Room.State.OPEN
    ).update(state=Room.State.ARCHIVED)
    held.state, held.archived_at = Community.State.ARCHIVED, now
    held.version += 1
    held.save()
    data = {"people": people, "rooms": closed}
    audit.record(action="community.archived", subject=held, actor=actor, now=now, data=data)
    return people


@contextmanager
def _held(membership: Membership, actor: Viewer) -> Iterator[tuple[Community, Membership]]:
    """Open a transaction with the seat's community and then the seat locked."""
    actor.require(Permission.COMMUNITIES_EDIT)
    with transaction.atomic():
        community = communities.lock_community(community_id=membership.community_id, actor=actor)
        seat = (
            Membership.objects.filter(community=community, pk=membership.pk, left_at=None)
            .select_for_update(no_key=True)
            .first()
        )
        if seat is None:
            raise NotFound(_("This person has left the community."))
        yield community, seat


def _require_newcomer(community: Community, member: Member) -> None:
    seat = Membership.objects.filter(
        brand_id=community.brand_id, community=community, member=member, left_at=None
    ).first()
    if seat is not None:
        raise AlreadyInside(
            _("This person already has a seat in “%s”.") % community.name, room_id=seat.room_id
        )


def _require_consent(member: Member) -> None:
    agreed = Consent.objects.filter(
        brand_id=member.brand_id,
        member=member,
        purpose=Consent.Purpose.COMMUNITY,
        withdrawn_at=None,
    )
    if not agreed.exists():
        raise NoConsent(
            _("This person has not agreed to community invitations. Record their consent first.")
        )


def _against_entry(community: Community, member: Member, now: datetime) -> EntryNotMet | None:
    """Return what the entry rule of the kind says against a member, if anything.

    Kinds that are open, or open to every member, ask nothing; so does a kind without a policy.
    """
    brand_id = community.brand_id
    policy = policies.current_policies(brand_id=brand_id).get(community.kind)
    asked = policy.entry_rule if policy else policy_rules.EntryRule()
    if asked.how == policy_rules.INVITATION:
        text = _("This kind is entered by invitation after screening.")
        return EntryNotMet(text, entry=asked.how)
    if asked.how != policy_rules.ORDERS:
        return None
    since, until = policies.entry_window(brand_id=brand_id, days=asked.days, now=now)
    found = Order.objects.filter(
        brand_id=brand_id, member=member, ordered_at__gte=since, ordered_at__lt=until
    ).count()
    if found >= asked.orders:
        return None
    has = ngettext(
        "This person has %(n)s order in the last %(days)s days; this kind asks for %(wanted)s.",
        "This person has %(n)s orders in the last %(days)s days; this kind asks for %(wanted)s.",
        found,
    )
    return EntryNotMet(
        has % {"n": found, "days": asked.days, "wanted": asked.orders},
        entry=asked.how,
        orders=found,
        orders_wanted=asked.orders,
        days=asked.days,
    )


def _check_role(role: str) -> None:
    if role not in Membership.Role.values:
        raise InvalidInput.on("/role", _("This role does not exist."), "unknown_choice")


def _tell(
    action: str,
    community: Community,
    seat: Membership,
    actor: Viewer,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Write to the community's history, which is where people look for it."""
    facts: dict[str, object] = {"member": seat.member_id, "room": seat.room_id, "role": seat.role}
    audit.record(
        action=action, subject=community, actor=actor, now=now, data=facts | dict(data or {})
    )
