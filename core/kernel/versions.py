"""Rows of which the later of two writers must not win unseen (optimistic locking)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _

from core.kernel.errors import StaleVersion

# Rows begin with 1, and with 0 what holds before anybody has set a row.
NO_VERSION = -1


class Versioned(models.Model):
    """A row that counts its changes, so that a form or a program can name the one it looked at.

    Whoever changes such a row locks it, calls ``require_version`` and raises the number.
    """

    # The database knows the default too: the release before this one inserts without the column.
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        abstract = True

    def require_version(self, version: int | None) -> None:
        """Refuse to go on where somebody changed the row since; None is for who looked at none.

        Raises:
            StaleVersion: the row has another version than ``version``.
        """
        if version is not None and self.version != version:
            raise StaleVersion(_("Somebody changed this meanwhile. Look at it again."))


class VersionInput(forms.IntegerField):
    """The version of the row that a form was filled from."""

    def __init__(self) -> None:
        """Stay unseen."""
        super().__init__(required=False, widget=forms.HiddenInput)

    def clean(self, value: Any) -> int:
        """Return NO_VERSION where it is missing."""
        found = super().clean(value)
        return NO_VERSION if found is None else found
