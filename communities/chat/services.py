from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from communities.chat.models import RoomMessage
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.letters import normalized
from core.kernel.scoping import tenant
from members.profiles import services as profiles

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

TEXT_LENGTH = 1000


class RoomClosed(DomainError):
    """The room is archived: it can be read, not written to."""

    code = "room_closed"


def post_message(
    *, room_id: int, body: str, actor: Viewer, now: datetime, once: str = ""
) -> RoomMessage:
    """Say something in a room as a member of staff.

    Opens its own tenant, since the room is locked for everybody until it ends. ``once`` makes a
    repeated call with the same word return what was posted before.

    Raises:
        InvalidInput: there is no text, it is too long or holds invisible characters.
        NotFound: the viewer has no such room.
        RoomClosed: the room is archived.
    """
    actor.require(Permission.CHAT_POST)
    text = _checked(body)
    key = f"post:{room_id}/{once}" if once else None
    with tenant(actor.brand_id):
        room = _locked_room(room_id, actor)
        if key and (said := RoomMessage.objects.filter(dedupe_key=key).first()):
            return said
        room.last_seq += 1
        room.save(update_fields=["last_seq"])
        message = RoomMessage.objects.create(
            brand_id=room.brand_id,
            room=room,
            seq=room.last_seq,
            sender=RoomMessage.Sender.STAFF,
            sender_id=actor.staff_id,
            sender_label=actor.label,
            body=text,
            dedupe_key=key,
            created_at=now,
        )
        data = {"seq": message.seq}
        audit.record(action="room.posted", subject=room, actor=actor, now=now, data=data)
    return message


def mark_read(*, room_id: int, member_id: int, seq: int, actor: Viewer, now: datetime) -> int:
    """Move a member's read position in a room up to ``seq``, never back; return where it stands.

    Reading on counts as activity, once a day: the seat's row says whether today is known already.

    Raises:
        NotFound: the viewer has no such room, or the member no seat in it.
        InvalidInput: there is no message ``seq`` yet.
    """
    actor.require(Permission.CHAT_POST)
    room = Room.objects.visible_to(actor).filter(pk=room_id).first()
    if room is None:
        raise NotFound(_("There is no such room."))
    if not 0 <= seq <= room.last_seq:
        text = _("The room's last message is %(seq)s.") % {"seq": room.last_seq}
        raise InvalidInput.on("/seq", text)
    seat = Membership.objects.filter(room=room, member_id=member_id, left_at=None)
    stands = seat.values_list("read_seq", "member__last_active_at").first()
    if stands is None:
        raise NotFound(_("This member has no seat in the room."))
    read_seq, active_at = stands
    if seq <= read_seq:
        return read_seq
    if active_at is None or active_at < profiles.start_of_day(now):
        # The member before the seat, as everybody locks them.
        profiles.mark_active(brand_id=actor.brand_id, met={member_id: now}, now=now, by_day=True)
    # Two phones of one person may report at once: the database keeps the larger.
    if not seat.update(read_seq=Greatest(F("read_seq"), seq)):
        raise NotFound(_("This member has no seat in the room."))
    return max(read_seq, seq)


def _locked_room(room_id: int, actor: Viewer) -> Room:
    # The lock hands out the numbers one after the other, so they commit in their order.
    rooms = Room.objects.visible_to(actor).select_for_update(of=["self"], no_key=True)
    room = rooms.filter(pk=room_id).first()
    if room is None:
        raise NotFound(_("There is no such room."))
    if room.state != Room.State.OPEN:
        raise RoomClosed(_("This room is archived."))
    return room


def _checked(body: str) -> str:
    text = normalized("NFC", body.replace("\r\n", "\n")).strip()
    if not text:
        raise InvalidInput.on("/body", _("Write the text."), "required")
    if len(text) > TEXT_LENGTH:
        words = _("The text has %(length)s characters; %(most)s are allowed.")
        raise InvalidInput.on("/body", words % {"length": len(text), "most": TEXT_LENGTH})
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text):
        raise InvalidInput.on("/body", _("The text holds invisible characters."))
    return text
