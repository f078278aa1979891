from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    """User name and password. Names ignore case, so that throttling counts one name once."""

    error_messages = {
        "invalid_login": _("User name or password is wrong. Check both and try again."),
        "inactive": _("User name or password is wrong. Check both and try again."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the example's labels."""
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["password"].label = _("Password")

    def clean_username(self) -> str:
        """Return the name as it is stored."""
        return str(self.cleaned_data["username"]).strip().lower()


class PasswordForm(forms.Form):
    old_password = forms.CharField(
        label=_("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=256,
        help_text=_("At least 10 characters. A sentence is easier to keep than a puzzle."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("New password again"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_repeated(self) -> str:
        """Both must be the same."""
        repeated = str(self.cleaned_data["repeated"])
        if repeated != self.cleaned_data.get("new_password"):
            raise forms.ValidationError(_("The two new passwords differ."))
        return repeated


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the languages in their own words."""
        super().__init__(*args, **kwargs)
        names = {"zh-hans": "简体中文", "en": "English"}
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            ("", _("As the browser asks")),
            *((code, names.get(code, code)) for code, _name in settings.LANGUAGES),
        ]
