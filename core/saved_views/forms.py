from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.saved_views import selectors

if TYPE_CHECKING:
    from core.kernel.access import Viewer


class ViewForm(forms.Form):
    """A view's name, and whether everybody gets it."""

    name = forms.CharField(label=_("Name of the view"), max_length=40)
    is_shared = forms.BooleanField(
        label=_("For everybody in the brand"),
        required=False,
        help_text=_("Each sees only the rows they may see. What you typed is left out."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        """Offer sharing to those who may."""
        super().__init__(*args, **kwargs)
        if not selectors.may_share(viewer):
            del self.fields["is_shared"]

    @property
    def chosen(self) -> dict[str, Any]:
        """What was filled in; not shared, where that was not offered."""
        return {"is_shared": False} | self.cleaned_data
