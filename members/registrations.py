"""What members put into the registries of core, and into their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.audit.ports import SubjectKind, register_actions, register_subjects
from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import Invariant, register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.runs.ports import register_run_kind
from core.search.ports import SearchSource, register_search
from core.workbench.ports import register_figures
from members.imports.handler import FILLS as IMPORTED
from members.imports.handler import KIND as IMPORT
from members.imports.handler import WORDS as IMPORT_WORDS
from members.imports.handler import ImportHandler
from members.imports.models import ImportJob, ImportProfile
from members.members.searching import find_members
from members.orders.models import Order
from members.orders.workbench import order_figures
from members.profiles.models import Member
from members.profiles.workbench import member_figures
from members.segments.criteria import BUILT_IN
from members.segments.models import Segment
from members.segments.ports import register_criteria
from members.tags.criteria import TAG_CRITERIA
from members.tags.giving import (
    RULE_KIND,
    RULE_WORDS,
    SELECTION_KIND,
    SELECTION_WORDS,
    RuleRun,
    SelectionRun,
)
from members.tags.models import MemberTag, Tag, TagGroup

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer

STAGES = {
    "prospect": Badge(_("Prospect"), icon="user"),
    "introduction": Badge(_("Introduction"), "primary", "flag"),
    "growth": Badge(_("Growth"), "teal", "up"),
    "mature": Badge(_("Mature"), "ok", "check"),
    "dormant": Badge(_("Dormant"), "warn", "moon"),
    "lost": Badge(_("Lost"), icon="minus"),
}
IMPORT_STATES = {
    "uploaded": Badge(_("Columns to choose"), "warn", "columns"),
    "tried": Badge(_("Tried, not brought in"), "primary", "eye"),
}
SENTENCES = {
    "import.uploaded": _("uploaded the file"),
    "import.finished": _("brought in %(created)s new and %(updated)s changed rows of"),
    "import.stopped": _("stopped the import of"),
    "importprofile.saved": _("saved the columns"),
    "order.recorded": _("recorded an order of"),
    "member.created": _("took in the member"),
    "member.changed": _("changed the member"),
    "segment.created": _("created the segment"),
    "segment.changed": _("changed the segment"),
    "segment.archived": _("archived the segment"),
    "segment.restored": _("took the segment into use again"),
    "tag_group.created": _("created the group of tags"),
    "tag_group.changed": _("changed the group of tags"),
    "tag.created": _("created the tag"),
    "tag.renamed": _("renamed the tag"),
    "tag.deleted": _("deleted the tag"),
    "tag.given": _("gave the tag %(tag)s to"),
    "tag.taken": _("took the tag %(tag)s from"),
    "tag.given_to_many": _("gave to %(count)s members the tag"),
    "tag.taken_from_many": _("took from %(count)s members the tag"),
    "tag_rule.saved": _("saved the rule of the tag"),
    "tag_rule.deleted": _("deleted the rule of the tag"),
}
INVARIANTS = (
    Invariant(
        "members: nobody has two tags of a group that allows one",
        """
        SELECT held.member_id, tag.group_id, count(*) FROM members_membertag held
        JOIN members_tag tag ON tag.brand_id = held.brand_id AND tag.id = held.tag_id
        JOIN members_taggroup kind ON kind.brand_id = tag.brand_id AND kind.id = tag.group_id
        WHERE held.brand_id = %(brand_id)s AND kind.is_exclusive
        GROUP BY held.member_id, tag.group_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "members: no rule gave a tag that somebody took off by hand",
        """
        SELECT held.member_id, held.tag_id FROM members_membertag held
        JOIN members_tagblock block USING (brand_id, tag_id, member_id)
        WHERE held.brand_id = %(brand_id)s AND held.source = 'rule'
        """,
    ),
    Invariant(
        "members: a tag from a rule belongs to a tag that has a rule",
        """
        SELECT DISTINCT held.tag_id FROM members_membertag held
        WHERE held.brand_id = %(brand_id)s AND held.source = 'rule' AND NOT EXISTS (
            SELECT FROM members_tagrule rule
            WHERE rule.brand_id = held.brand_id AND rule.tag_id = held.tag_id
        )
        """,
    ),
    Invariant(
        "members: a phone has its cipher, hash, mask and tail, or none of them",
        """
        SELECT id FROM members_member WHERE brand_id = %(brand_id)s
          AND ((phone_hash IS NULL) <> (phone_masked = '')
            OR (phone_hash IS NULL) <> (phone_tail = ''))
        """,
    ),
    Invariant(
        "imports: every row of a file is created, updated, unchanged or rejected",
        """
        SELECT id, read_count FROM members_importjob WHERE brand_id = %(brand_id)s
          AND read_count <> created_count + updated_count + unchanged_count + rejected_count
        """,
    ),
    Invariant(
        "imports: every rejected row has its reason on file",
        """
        SELECT job.id, job.rejected_count FROM members_importjob AS job
        WHERE job.brand_id = %(brand_id)s AND job.rejected_count <> (
            SELECT count(*) FROM members_importrejection AS row
            WHERE row.brand_id = job.brand_id AND row.job_id = job.id AND row.reason <> ''
        )
        """,
    ),
    Invariant(
        "imports: a finished file has a run that succeeded, and the other way round",
        """
        SELECT job.id FROM members_importjob AS job
        JOIN core_run AS run ON run.brand_id = job.brand_id AND run.id = job.run_id
        WHERE job.brand_id = %(brand_id)s
          AND (job.finished_at IS NOT NULL) <> (run.state = 'succeeded')
        """,
    ),
    Invariant(
        "members: whoever is in a stage with a start did not start in the future",
        """
        SELECT id FROM members_member
        WHERE brand_id = %(brand_id)s AND stage_since > current_date + 1
        """,
    ),
)


def register() -> None:
    """Fill the registries; called from ``MembersConfig.ready``."""
    register_criteria(*BUILT_IN, *TAG_CRITERIA)
    register_run_kind(IMPORT, ImportHandler(), IMPORT_WORDS, fills=IMPORTED)
    register_run_kind(RULE_KIND, RuleRun(), RULE_WORDS, fills=[MemberTag])
    register_run_kind(SELECTION_KIND, SelectionRun(), SELECTION_WORDS, fills=[MemberTag])
    register_states(STAGES | IMPORT_STATES)
    register_invariants(*INVARIANTS)
    register_actions(SENTENCES)
    register_subjects(
        {
            "members.member": SubjectKind(_("Member"), _members),
            "members.segment": SubjectKind(_("Segment"), _segments),
            "members.importjob": SubjectKind(_("Import"), _imports),
            "members.importprofile": SubjectKind(_("Columns of a file"), _import_profiles),
            "members.order": SubjectKind(_("Order"), _orders),
            "members.tag": SubjectKind(pgettext_lazy("noun", "Tag"), _tags),
            "members.taggroup": SubjectKind(_("Group of tags"), _tag_groups),
        }
    )
    register_search(
        "members", SearchSource(_("Members"), find_members, Permission.MEMBERS_VIEW, order=10)
    )
    see_members = Permission.MEMBERS_VIEW
    register_figures("members", member_figures, permission=see_members, order=10)
    register_figures("orders", order_figures, permission=see_members, order=40)
    register_places(
        NavItem(_("Members"), "members:members-list", "users", Permission.MEMBERS_VIEW, order=20),
        NavItem(_("Segments"), "members:segments-list", "filter", Permission.SEGMENTS_VIEW, 25),
        NavItem(_("Imports"), "members:imports-list", "upload", Permission.MEMBERS_IMPORT, 30),
        NavItem(_("Tags"), "members:tags-list", "tag", Permission.MEMBERS_VIEW, order=27),
    )


def _members(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = Member.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "display_name")
    return {
        pk: (formats.masked_name(name), reverse("members:members-detail", args=[pk]))
        for pk, name in rows
    }


def _segments(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = Segment.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("members:segments-detail", args=[pk])) for pk, name in rows}


def _tags(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = Tag.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("members:tags-detail", args=[pk])) for pk, name in rows}


def _imports(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = ImportJob.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "file__name")
    return {pk: (name, reverse("members:imports-detail", args=[pk])) for pk, name in rows}


def _import_profiles(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = ImportProfile.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, "") for pk, name in rows}


def _orders(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = Order.objects.visible_to(viewer).filter(pk__in=ids)
    return {
        pk: (order_no, reverse("members:members-detail", args=[member_id]))
        for pk, order_no, member_id in rows.values_list("pk", "order_no", "member_id")
    }


def _tag_groups(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = TagGroup.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("members:tags-list")) for pk, name in rows}
