"""What members put into the registries of core, and into their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.audit.ports import SubjectKind, register_actions, register_subjects, register_values
from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.lists.ports import register_list
from core.runs.ports import register_run_kind
from core.search.ports import SearchSource, register_search
from core.workbench.ports import register_figures
from members.custom_fields.invariants import INVARIANTS as CUSTOM_FIELDS
from members.custom_fields.sections import PANEL as CUSTOM_PANEL
from members.duplicates.handlers import WORDS as FIND_WORDS
from members.duplicates.handlers import FindHandler
from members.duplicates.invariants import INVARIANTS as PAIRS
from members.duplicates.listing import PAIRS as PAIR_LIST
from members.duplicates.models import DuplicatePair
from members.duplicates.services import FIND_KIND
from members.duplicates.services import keep_told as keep_pairs
from members.identities import sections as identity_cards
from members.identities import timeline as identities_told
from members.imports.handlers import FILLS as IMPORTED
from members.imports.handlers import KIND as IMPORT
from members.imports.handlers import WORDS as IMPORT_WORDS
from members.imports.handlers import ImportHandler
from members.imports.invariants import INVARIANTS as IMPORTS
from members.imports.listing import IMPORTS as IMPORT_LIST
from members.imports.models import ImportJob, ImportProfile
from members.lifecycle import services as lifecycle
from members.lifecycle import timeline as stages_told
from members.lifecycle.handlers import WORDS as LIFECYCLE_WORDS
from members.lifecycle.handlers import LifecycleRun
from members.lifecycle.invariants import INVARIANTS as LIFECYCLE
from members.lifecycle.models import StageChange, StagePolicy
from members.lifecycle.sections import PANEL as STAGE_PANEL
from members.lifecycle.selectors import KIND as LIFECYCLE_KIND
from members.live.invariants import INVARIANTS as LIVE
from members.members.listing import MEMBERS as MEMBER_LIST
from members.members.searching import find_members
from members.merging import timeline as merges_told
from members.merging.holdings import FIELDS, TABLES
from members.merging.invariants import INVARIANTS as MERGES
from members.merging.ports import register_merged_fields, register_moved_rows
from members.merging.sections import PANEL as MERGE_PANEL
from members.merging.selectors import merged_names
from members.orders import sections as order_cards
from members.orders import timeline as orders_told
from members.orders.listing import ORDERS as ORDER_LIST
from members.orders.models import Order
from members.orders.workbench import order_figures
from members.privacy import sections as consent_cards
from members.privacy import timeline as consents_told
from members.profiles.invariants import INVARIANTS as MEMBERS
from members.profiles.models import Member, Stage
from members.profiles.ports import (
    register_follower,
    register_mix_up_keeper,
    register_panel,
    register_stage_teller,
)
from members.profiles.workbench import member_figures
from members.registrations_of_privacy import register_privacy
from members.registrations_of_setup import register_setup
from members.segments.criteria import BUILT_IN
from members.segments.listing import SEGMENTS as SEGMENT_LIST
from members.segments.models import Segment
from members.segments.ports import register_criteria
from members.snapshots.handlers import WORDS as SNAPSHOT_WORDS
from members.snapshots.handlers import SnapshotRun
from members.snapshots.invariants import INVARIANTS as SNAPSHOTS
from members.snapshots.listing import SNAPSHOTS as SNAPSHOT_LIST
from members.snapshots.models import SnapshotBatch
from members.snapshots.services import RUN_KIND as SNAPSHOT
from members.tags import sections as tag_cards
from members.tags import timeline as tags_told
from members.tags.criteria import TAG_CRITERIA
from members.tags.giving import (
    RULE_KIND,
    RULE_WORDS,
    SELECTION_KIND,
    SELECTION_WORDS,
    RuleRun,
    SelectionRun,
)
from members.tags.invariants import INVARIANTS as TAGS
from members.tags.listing import TAGS as TAG_LIST
from members.tags.models import MemberTag, Tag, TagChangeBatch, TagGroup, TagLimits
from members.tags.retiring import RETIRE_KIND, RetireRun
from members.tags.retiring import WORDS as RETIRE_WORDS
from members.tags.undoing import UNDO_KIND, UndoRun
from members.tags.undoing import WORDS as UNDO_WORDS
from members.timeline import timeline as member_told
from members.timeline.ports import register_timeline_source
from members.timeline.sections import PANEL as TIMELINE_PANEL
from members.vehicles import sections as vehicle_cards
from members.vehicles import timeline as cars_told
from members.vehicles.invariants import INVARIANTS as VEHICLES
from members.vehicles.models import Vehicle

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer

# What a member's page shows, and what its timeline tells: see the concepts' sections and timeline.
PANELS = {
    "timeline": TIMELINE_PANEL,
    "tags": tag_cards.PANEL,
    "lifecycle": STAGE_PANEL,
    "vehicles": vehicle_cards.PANEL,
    "orders": order_cards.PANEL,
    "consents": consent_cards.PANEL,
    "custom": CUSTOM_PANEL,
    "identities": identity_cards.PANEL,
    "merges": MERGE_PANEL,
}
TIMELINE = {
    **orders_told.SOURCES,
    **cars_told.SOURCES,
    **stages_told.SOURCES,
    **tags_told.SOURCES,
    **consents_told.SOURCES,
    **identities_told.SOURCES,
    **merges_told.SOURCES,
    **member_told.SOURCES,
}
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
    "member.merged": _("merged member %(loser)s into"),
    "member.merged_away": _("merged into member %(winner)s the member"),
    "member.merge_undone": _("gave member %(loser)s back from"),
    "member.came_back": _("undid the merge of"),
    "member.split": _("took rows out into member %(new)s from"),
    "member.not_duplicate": _("told from member %(other)s the member"),
    "member.identity_added": _("added an identity to"),
    "member.identity_removed": _("removed an identity from"),
    "vehicle.added": _("added to member %(member)s the car"),
    "vehicle.given_up": _("ended the ownership of member %(member)s of the car"),
    "vehicle.transferred": _("transferred from member %(from)s to %(to)s the car"),
    "vehicle.mileage_read": _("entered %(km)s km for the car"),
    "vehicle.serviced": _("entered a service visit of the car"),
    "member.custom_changed": _("changed own fields (%(said)s) of the member"),
    "member.stage_changed": _("moved from %(from)s to %(to)s the member"),
    "stage_policy.changed": _("changed the rules of the lifecycle:"),
    "segment.created": _("created the segment"),
    "segment.changed": _("changed the segment"),
    "segment.archived": _("archived the segment"),
    "segment.restored": _("took the segment into use again"),
    "segment.made_live": _("keeps up to date from now on the segment"),
    "segment.made_still": _("keeps up to date no longer the segment"),
    "snapshot.asked": _("asked for snapshot no. %(number)s of"),
    "snapshot.taken": _("took snapshot no. %(number)s, of %(count)s people, of"),
    "snapshot.deleted": _("deleted snapshot no. %(number)s, of %(count)s people, of"),
    "tag_group.created": _("created the group of tags"),
    "tag_group.changed": _("changed the group of tags"),
    "tag.created": _("created the tag"),
    "tag.renamed": _("renamed the tag"),
    "tag.deleted": _("deleted the tag"),
    "tag.given": _("gave the tag %(tag)s to"),
    "tag.taken": _("took the tag %(tag)s from"),
    "batch.brought_in": _(
        "sent rows in batches: %(created)s created, %(updated)s updated, %(refused)s refused;"
    ),
    "tag.batch": _("gave and took tags of %(updated)s members in a batch;"),
    "tag.given_to_many": _("gave %(count)s members the tag"),
    "tag.taken_from_many": _("took, from %(count)s members, the tag"),
    "tag.cleared": _("left it to the rule again whether to give the tag %(tag)s to"),
    "tag.cleared_for_many": _("left it to the rule again, for %(count)s members, to give the tag"),
    "tag.undone": _("undid, for %(count)s members, a change of the tag"),
    "tag.merged": _("merged the tag %(tag)s of %(count)s members into"),
    "tag_limits.changed": _("changed how many tags there may be"),
    "tag_rule.saved": _("saved the rule of the tag"),
    "tag_rule.deleted": _("deleted the rule of the tag"),
}


def register() -> None:
    """Fill the registries; called from ``MembersConfig.ready``."""
    _register_identity_and_vehicles()
    register_criteria(*BUILT_IN, *TAG_CRITERIA)
    register_run_kind(IMPORT, ImportHandler(), IMPORT_WORDS, fills=IMPORTED)
    register_run_kind(SNAPSHOT, SnapshotRun(), SNAPSHOT_WORDS, fills=[SnapshotBatch])
    _register_tags()
    _register_lifecycle()
    register_privacy()
    _register_page()
    register_setup()
    register_states(STAGES | IMPORT_STATES)
    register_invariants(*MEMBERS, *TAGS, *IMPORTS, *SNAPSHOTS, *LIVE, *LIFECYCLE, *CUSTOM_FIELDS)
    register_actions(SENTENCES)
    register_subjects(
        {
            "members.member": SubjectKind(_("Member"), _members),
            "members.segment": SubjectKind(_("Segment"), _segments),
            "members.importjob": SubjectKind(_("Import"), _imports),
            "members.importprofile": SubjectKind(_("Columns of a file"), _import_profiles),
            "members.order": SubjectKind(_("Order"), _orders),
        }
    )
    register_list("members", MEMBER_LIST)
    register_list("segments", SEGMENT_LIST)
    register_list("snapshots", SNAPSHOT_LIST)
    register_list("imports", IMPORT_LIST)
    register_list("orders", ORDER_LIST)
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


def _register_page() -> None:
    """Fill a member's page; other apps add cards and kinds of entries of their own."""
    for key, panel in PANELS.items():
        register_panel(key, panel)
    for kind, source in TIMELINE.items():
        register_timeline_source(kind, source)


def _register_identity_and_vehicles() -> None:
    register_run_kind(FIND_KIND, FindHandler(), FIND_WORDS, fills=[DuplicatePair])
    register_mix_up_keeper(keep_pairs)
    register_moved_rows(*TABLES)
    register_merged_fields(*FIELDS)
    register_invariants(*VEHICLES, *MERGES, *PAIRS)
    register_subjects({"members.vehicle": SubjectKind(_("Vehicle"), _vehicles)})
    register_list("duplicates", PAIR_LIST)
    register_places(
        NavItem(_("Duplicates"), "members:duplicates-list", "copy", Permission.MEMBERS_EDIT, 28)
    )


def _register_tags() -> None:
    tagged = [MemberTag, TagChangeBatch]
    register_run_kind(RULE_KIND, RuleRun(), RULE_WORDS, fills=tagged)
    register_run_kind(SELECTION_KIND, SelectionRun(), SELECTION_WORDS, fills=tagged)
    register_run_kind(UNDO_KIND, UndoRun(), UNDO_WORDS, fills=tagged)
    register_run_kind(RETIRE_KIND, RetireRun(), RETIRE_WORDS, fills=tagged)
    register_list("tags", TAG_LIST)
    register_subjects(
        {
            "members.tag": SubjectKind(pgettext_lazy("noun", "Tag"), _tags),
            "members.taggroup": SubjectKind(_("Group of tags"), _tag_groups),
            "members.taglimits": SubjectKind(_("Limits of tags"), _tag_limits),
        }
    )


def _register_lifecycle() -> None:
    register_run_kind(LIFECYCLE_KIND, LifecycleRun(), LIFECYCLE_WORDS, fills=[StageChange])
    register_follower(lifecycle.follow_facts)
    register_stage_teller(lifecycle.tell_said)
    see = Permission.MEMBERS_VIEW
    register_places(NavItem(_("Lifecycle"), "members:lifecycle-board", "refresh", see, order=28))
    register_subjects(
        {"members.stagepolicy": SubjectKind(_("Rules of the lifecycle"), _stage_policies)}
    )
    register_values("from", dict(Stage.choices))
    register_values("to", dict(Stage.choices))


def _stage_policies(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = StagePolicy.objects.visible_to(viewer).filter(pk__in=ids)
    place = reverse("members:lifecycle-rules")
    return {
        pk: (gettext("Version %(n)s") % {"n": number}, place)
        for pk, number in rows.values_list("pk", "policy_version")
    }


def _members(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = Member.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "display_name")
    names = dict(rows)
    if missing := set(ids) - names.keys():
        names |= merged_names(viewer=viewer, ids=missing)
    return {
        pk: (formats.masked_name(name), reverse("members:members-detail", args=[pk]))
        for pk, name in names.items()
    }


def _vehicles(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = Vehicle.objects.visible_to(viewer).filter(pk__in=ids)
    return {
        pk: (f"{model} …{tail}", reverse("members:vehicles-detail", args=[pk]))
        for pk, model, tail in rows.values_list("pk", "model__name", "vin_tail")
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


def _tag_limits(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = TagLimits.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: (str(_("Limits of tags")), reverse("members:tags-limits")) for pk in rows}
