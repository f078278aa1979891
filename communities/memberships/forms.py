from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from communities.memberships.models import Membership
from communities.rooms.models import Room

if TYPE_CHECKING:
    from django.db.models import QuerySet


class SeatForm(forms.Form):
    """Where somebody sits in a community, and as what."""

    role = forms.ChoiceField(
        label=_("Role"), choices=Membership.Role.choices, widget=forms.RadioSelect
    )
    room = forms.ModelChoiceField(label=_("Room"), queryset=Room.objects.none(), empty_label=None)

    def __init__(self, *args: Any, rooms: QuerySet[Room], **kwargs: Any) -> None:
        """Offer the rooms with seats, and the one the member sits in."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["room"]
        field.queryset = rooms
        field.label_from_instance = lambda room: f"{room.name} · {room.member_count} / {room.cap}"
