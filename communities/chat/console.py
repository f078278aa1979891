from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.chat import selectors, services
from communities.chat.forms import PostForm
from communities.chat.presenting import with_days
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to
from core.kernel.errors import DomainError, NotFound
from core.kernel.scoping import opens_own_tenant, tenant

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 40
TEMPLATES = "communities/chat"


@console(Permission.COMMUNITIES_VIEW)
def chat_room(request: ConsoleRequest, room_id: int) -> HttpResponseBase:
    """Show a room's conversation, the newest at the bottom."""
    room = _fetch(request, room_id)
    return render(request, f"{TEMPLATES}/room.html", _context(request, room, PostForm()))


@console(Permission.COMMUNITIES_VIEW)
def chat_older(request: ConsoleRequest, room_id: int) -> HttpResponseBase:
    """Answer the messages before one, to stand above it."""
    room = _fetch(request, room_id)
    before = _number(request.GET.get("before", ""), room.last_seq + 1)
    feed = selectors.feed(room=room, limit=PAGE_SIZE, before=before)
    context = {"room": room, "feed": feed, "days": with_days(feed.messages)}
    return render(request, f"{TEMPLATES}/_older.html", context)


@console(Permission.COMMUNITIES_VIEW)
def chat_newer(request: ConsoleRequest, room_id: int) -> HttpResponseBase:
    """Answer what was said after one message, asked for again every few seconds."""
    room = _fetch(request, room_id)
    after = _number(request.GET.get("after", ""), 0)
    feed = selectors.feed(room=room, limit=PAGE_SIZE, after=after)
    last = feed.messages[-1].seq if feed.messages else after
    context = {
        "room": room,
        "days": with_days(feed.messages, since=selectors.said_at(room=room, seq=after)),
        "last": last,
    }
    return render(request, f"{TEMPLATES}/_newer.html", context)


@opens_own_tenant
@console(Permission.CHAT_POST, methods=["POST"])
def chat_post(request: ConsoleRequest, room_id: int) -> HttpResponseBase:
    """Say something as staff."""
    form = PostForm(request.POST)
    if form.is_valid():
        try:
            services.post_message(
                room_id=room_id,
                body=form.cleaned_data["body"],
                once=str(form.cleaned_data["once"]),
                actor=request.viewer,
                now=timezone.now(),
            )
        except NotFound:
            raise
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            if not request.htmx:
                messages.success(request, _("Message sent"))
                return go_to(request, "communities:chat-room", room_id)
            with tenant(request.viewer.brand_id):
                context = {"form": PostForm(), "room": _fetch(request, room_id)}
                response = render(request, f"{TEMPLATES}/_post.html", context)
            response["HX-Trigger"] = "room-posted"
            return response
    with tenant(request.viewer.brand_id):
        room = _fetch(request, room_id)
        if request.htmx:
            context = {"form": form, "room": room}
            return render(request, f"{TEMPLATES}/_post.html", context, status=422)
        return render(request, f"{TEMPLATES}/room.html", _context(request, room, form), status=422)


def _context(request: ConsoleRequest, room: Room, form: PostForm) -> dict[str, Any]:
    feed = selectors.feed(room=room, limit=PAGE_SIZE)
    return {
        "room": room,
        "community": room.community,
        "feed": feed,
        "days": with_days(feed.messages),
        "last": room.last_seq,
        "read": selectors.read_state(room=room),
        "form": form,
        "may_post": request.viewer.may(Permission.CHAT_POST) and room.state == Room.State.OPEN,
        "may_send": request.viewer.may(Permission.BROADCASTS_SEND),
        "broadcast_url": f"{reverse('communities:broadcasts-new')}?community={room.community_id}",
    }


def _fetch(request: ConsoleRequest, room_id: int) -> Room:
    rooms = Room.objects.visible_to(request.viewer).select_related(
        "community__dealer", "community__city"
    )
    room = rooms.filter(pk=room_id).first()
    if room is None:
        raise NotFound
    return room


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else otherwise
