"""What consents keep about a member."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.services import notes_of
from members.privacy.models import Consent, ConsentText, PastConsent

HOLDINGS = (
    Holding(
        model=Consent,
        label=_("Consent"),
        fields={
            "purpose": _("Purpose"),
            "version": _("Version"),
            "given_at": _("Given"),
            "withdrawn_at": _("Withdrawn"),
            "evidence": _("Evidence"),
            "withdrawn_evidence": _("Evidence of the withdrawal"),
        },
    ),
    Holding(
        model=PastConsent,
        label=_("Earlier answers"),
        fields={
            "purpose": _("Purpose"),
            "version": _("Version"),
            "given_at": _("Given"),
            "withdrawn_at": _("Withdrawn"),
            "evidence": _("Evidence"),
            "withdrawn_evidence": _("Evidence of the withdrawal"),
        },
    ),
)
EVIDENCE = ("evidence", "withdrawn_evidence")
SEARCHES = (
    notes_of(model=Consent, columns=EVIDENCE),
    notes_of(model=PastConsent, columns=EVIDENCE),
)
IMPERSONAL = {ConsentText: "What the brand asks everybody to agree to."}
