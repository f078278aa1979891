"""What members say about personal data: its classes, how long it stays, who looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit.ports import SubjectKind, register_actions, register_subjects, register_values
from core.data_inventory.ports import register_holdings
from core.kernel.access import Permission
from core.kernel.navigation import NavItem, Section
from core.kernel.navigation import register as register_places
from core.retention.emptying import Emptying
from core.retention.ports import Retained, register_retention
from members.data_classes import HOLDINGS
from members.privacy.models import ConsentText
from members.privacy.models import Purpose as ConsentPurpose
from members.revealing.models import Reveal, RevealLimit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer

SENTENCES = {
    "consent.given": _("recorded consent (%(purpose)s, version %(version)s) of"),
    "consent.withdrawn": _("recorded the withdrawal of consent (%(purpose)s) of"),
    "consent_text.added": _("added version %(version)s of the consent text:"),
    "member.revealed": _("saw the whole %(revealed)s (%(why)s) of"),
    "reveal_limit.changed": _("lets a person reveal %(per_day)s values a day:"),
}
OLD_IMPORTS = Retained(
    _("Refused values of imports"),
    _("Row, column and reason stay; the value that was refused is forgotten."),
    days=180,
    least=7,
    purger=Emptying(
        table="members_importrejection",
        old="row.job_id IN (SELECT id FROM members_importjob WHERE brand_id = %(brand)s"
        " AND created_at < %(before)s)",
        full="row.value <> ''",
        empty="value = ''",
    ),
    order=20,
)
OLD_SAMPLES = Retained(
    _("Sample rows of imports"),
    _("The first rows of the file, shown while its columns are chosen, are forgotten."),
    days=180,
    least=7,
    purger=Emptying(
        table="members_importjob",
        old="row.created_at < %(before)s",
        full="row.sample <> '[]'",
        empty="sample = '[]'",
    ),
    order=21,
)


def register_privacy() -> None:
    """Fill the registries; called by ``registrations``."""
    register_holdings(*HOLDINGS)
    register_actions(SENTENCES)
    register_retention("import", OLD_IMPORTS)
    register_retention("sample", OLD_SAMPLES)
    register_values("revealed", dict(Reveal.Field.choices))
    register_values("why", dict(Reveal.Reason.choices))
    register_values("purpose", dict(ConsentPurpose.choices))
    register_subjects(
        {
            "members.reveallimit": SubjectKind(_("Limit of reveals"), _reveal_limits),
            "members.consenttext": SubjectKind(_("Consent text"), _consent_texts),
        }
    )
    setup, see = Section.SETUP, Permission.PRIVACY_VIEW
    register_places(
        NavItem(_("Reveals"), "members:reveals-list", "eye", see, 235, setup),
        NavItem(_("Consent texts"), "members:consent-texts", "book", see, 236, setup),
    )


def _reveal_limits(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = RevealLimit.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: (gettext("Limit of reveals"), reverse("members:reveals-list")) for pk in rows}


def _consent_texts(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = ConsentText.objects.visible_to(viewer).filter(pk__in=ids)
    return {text.pk: (str(text), reverse("members:consent-texts")) for text in rows}
