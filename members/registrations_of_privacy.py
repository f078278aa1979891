"""What members say about personal data: its classes, how long it stays, who looks at it, and how
it is told to the person and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.audit.ports import (
    SubjectKind,
    register_actions,
    register_field_names,
    register_items,
    register_subjects,
    register_values,
)
from core.data_inventory.ports import register_holdings
from core.kernel.access import Permission
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem, Section
from core.kernel.navigation import register as register_places
from core.lists.ports import register_list
from core.retention.deleting import Deleting
from core.retention.emptying import Emptying
from core.retention.ports import Retained, register_retention
from core.runs.ports import register_run_kind
from members.custom_fields import personal as custom_fields_kept
from members.custom_fields.models import CustomField
from members.data_classes import HOLDINGS
from members.duplicates import personal as duplicates_kept
from members.erasure import ports as erasure
from members.erasure import tables
from members.erasure.handlers import WORDS as ERASURE_WORDS
from members.erasure.handlers import EraseRun
from members.erasure.invariants import INVARIANTS as ERASURES
from members.erasure.listing import ERASURES as ERASURE_LIST
from members.erasure.models import ErasurePolicy
from members.erasure.selectors import KIND as ERASURE_KIND
from members.erasure.selectors import describe_erasures
from members.identities import personal as identities_kept
from members.imports import personal as imports_kept
from members.lifecycle import personal as lifecycle_kept
from members.live import personal as live_kept
from members.merging import personal as merging_kept
from members.orders import personal as orders_kept
from members.privacy import personal as privacy_kept
from members.privacy.models import ConsentText
from members.privacy.models import Purpose as ConsentPurpose
from members.profiles.models import Member
from members.revealing import personal as revealing_kept
from members.revealing.models import Reveal, RevealLimit
from members.segments import personal as segments_kept
from members.segments.models import Segment
from members.snapshots import personal as snapshots_kept
from members.subject_files import personal as subject_files_kept
from members.subject_files.handlers import WORDS as SUBJECT_FILE_WORDS
from members.subject_files.handlers import SubjectFileRun
from members.subject_files.selectors import KIND as SUBJECT_FILE_KIND
from members.tags import personal as tags_kept
from members.tags.models import Tag
from members.vehicles import personal as vehicles_kept

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer

SENTENCES = {
    "consent.given": _("recorded consent (%(purpose)s, version %(version)s) of"),
    "consent.withdrawn": _("recorded the withdrawal of consent (%(purpose)s) of"),
    "consent_text.added": _("added version %(version)s of the consent text:"),
    "member.revealed": _("saw the whole %(revealed)s (%(why)s) of"),
    "erasure.asked": _("asked for the deletion of the member"),
    "erasure.withdrawn": _("took back the deletion of the member"),
    "erasure.finished": _("deleted for good the member"),
    "erasure_policy.changed": _("let deletions wait %(days)s days:"),
    "subject_file.asked": _("asked for a file of everything about"),
    "subject_file.made": _("wrote a file of everything about"),
    "reveal_limit.changed": _("lets a person reveal %(per_day)s values a day:"),
}
ITEMS = {
    "amount_fen": _("Amount in fen"),
    "from": _("From"),
    "identity": _("Identity"),
    "loser": _("Merged member"),
    "member": _("Member"),
    "merge": _("Merge"),
    "of": _("Car or identity"),
    "other": _("Other member"),
    "per_day": _("Reveals per person and day"),
    "renewal": _("Earlier consents are to be renewed"),
    "reveal": _("Reveal"),
    "revealed": _("Revealed"),
    "start": _("Start"),
    "subject": _("Subject"),
    "tag": _("Tag"),
    "tag_id": _("Tag number"),
    "to": _("To"),
    "version": _("Version"),
    "was": _("Previously"),
    "whole": _("Whole numbers"),
    "why": _("Reason"),
    "winner": _("Remaining member"),
}
CHANGED = {
    "city": _("City"),
    "display_name": pgettext_lazy("of a person", "Name"),
    "home_dealer": _("Home dealer"),
    "phone": _("Phone"),
    "tree": _("Conditions"),
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
OLD_TAG_HISTORY = Retained(
    _("History of tags"),
    _("What was done with tags, and to whom, is forgotten; who has which tag stays."),
    days=730,
    least=31,  # So long people may undo, both what they did with tags and that members merged.
    purger=Deleting(
        table="members_tagact",
        old="row.at < %(before)s",
        parts={
            "batches": """members_tagchangebatch AS part
                USING picked, members_tagchange AS change
                WHERE part.brand_id = %(brand)s AND change.brand_id = %(brand)s
                    AND change.act_id = picked.id AND part.change_id = change.id
            """,
            "changes": """members_tagchange AS part USING picked
                WHERE part.brand_id = %(brand)s AND part.act_id = picked.id
            """,
        },
    ),
    order=50,
)
OLD_SNAPSHOTS = Retained(
    _("Snapshots of segments"),
    _("Who was in a segment at that moment is forgotten; later snapshots keep their counts."),
    days=730,
    least=30,
    purger=Deleting(
        table="members_snapshot",
        old="row.taken_at < %(before)s",
        parts={
            "batches": """members_snapshotbatch AS part USING picked
                WHERE part.brand_id = %(brand)s AND part.snapshot_id = picked.id
            """
        },
        at_once=20,
    ),
    order=51,
)


def register_privacy() -> None:
    """Fill the registries; called by ``registrations``."""
    register_holdings(*HOLDINGS)
    register_actions(SENTENCES)
    _register_erasure()
    register_retention("import", OLD_IMPORTS)
    register_retention("sample", OLD_SAMPLES)
    register_items(ITEMS)
    register_field_names(CustomField, Segment, Tag, Member)
    register_values("fields", CHANGED)
    register_retention("tag_history", OLD_TAG_HISTORY)
    register_retention("snapshot", OLD_SNAPSHOTS)
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


def _register_erasure() -> None:
    """Say of every table what it keeps about members, and who writes and deletes it."""
    register_run_kind(ERASURE_KIND, EraseRun(), ERASURE_WORDS)
    register_run_kind(SUBJECT_FILE_KIND, SubjectFileRun(), SUBJECT_FILE_WORDS)
    register_invariants(*ERASURES)
    for kept in (
        *(tables, custom_fields_kept, duplicates_kept, identities_kept, lifecycle_kept, live_kept),
        *(merging_kept, orders_kept, privacy_kept, revealing_kept, snapshots_kept),
        *(subject_files_kept, tags_kept, vehicles_kept),
    ):
        erasure.register_holdings(*kept.HOLDINGS)
    for searched in (
        *(tables, custom_fields_kept, imports_kept, lifecycle_kept, merging_kept, privacy_kept),
        *(revealing_kept, segments_kept, snapshots_kept, tags_kept, vehicles_kept),
    ):
        erasure.register_searches(*searched.SEARCHES)
    for free in (
        *(tables, custom_fields_kept, lifecycle_kept, live_kept, orders_kept, privacy_kept),
        *(revealing_kept, tags_kept, vehicles_kept),
    ):
        erasure.register_impersonal(free.IMPERSONAL)
    erasure.register_kin(merging_kept.kin_of)
    erasure.register_common_words(imports_kept.COMMON_WORDS)
    erasure.register_common_words(tables.COMMON_WORDS)
    register_list("erasures", ERASURE_LIST)
    place, may = "members:erasures-list", Permission.MEMBERS_ERASE
    register_places(NavItem(_("Deletions"), place, "trash", may, 237, Section.SETUP))
    register_subjects(
        {
            "members.erasure": SubjectKind(_("Deletion"), describe_erasures),
            "members.erasurepolicy": SubjectKind(_("How long deletions wait"), _erasure_policies),
        }
    )


def _reveal_limits(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = RevealLimit.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: (gettext("Limit of reveals"), reverse("members:reveals-list")) for pk in rows}


def _erasure_policies(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = ErasurePolicy.objects.visible_to(viewer).filter(pk__in=ids)
    told = (gettext("How long deletions wait"), reverse("members:erasures-list"))
    return dict.fromkeys(rows.values_list("pk", flat=True), told)


def _consent_texts(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = ConsentText.objects.visible_to(viewer).filter(pk__in=ids)
    return {text.pk: (str(text), reverse("members:consent-texts")) for text in rows}
