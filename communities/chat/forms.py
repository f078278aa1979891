from __future__ import annotations

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from communities.chat.services import TEXT_LENGTH


class PostForm(forms.Form):
    """What staff say in a room. ``once`` makes a form sent twice one message."""

    body = forms.CharField(
        label=_("Message"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
