"""The members' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from members.custom_fields import console as custom_fields
from members.duplicates import console as duplicates
from members.erasure import console as erasures
from members.identities import console as identities
from members.imports import console as imports
from members.lifecycle import console as lifecycle
from members.live import console as live
from members.members import console as members
from members.merging import console as merging
from members.privacy import console as privacy
from members.revealing import console as revealing
from members.segments import console as segments
from members.snapshots import console as snapshots
from members.subject_files import console as subject_files
from members.tags import console as tags
from members.tags import console_history as tag_pages
from members.timeline import console as timeline
from members.vehicle_models import console as vehicle_models
from members.vehicles import console as vehicles

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "members"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", members.members_list, name="members-list"),
    path("new/", members.members_new, name="members-new"),
    path("<int:member_id>/", members.members_detail, name="members-detail"),
    path("<int:member_id>/edit/", members.members_edit, name="members-edit"),
    path("<int:member_id>/orders/", members.members_orders, name="members-orders"),
    path("<int:member_id>/vehicles/new/", vehicles.vehicles_add, name="vehicles-add"),
    path("<int:member_id>/identities/new/", identities.identities_add, name="identities-add"),
    path("<int:member_id>/merge/", merging.merges_start, name="merges-start"),
    path("<int:winner_id>/merge/<int:loser_id>/", merging.merges_preview, name="merges-preview"),
    path(
        "identities/<int:identity_id>/remove/",
        identities.identities_remove,
        name="identities-remove",
    ),
    path("<int:member_id>/split/", merging.merges_split, name="merges-split"),
    path("merges/<int:merge_id>/", merging.merges_detail, name="merges-detail"),
    path("merges/<int:merge_id>/undo/", merging.merges_undo, name="merges-undo"),
    path("duplicates/", duplicates.duplicates_list, name="duplicates-list"),
    path("duplicates/find/", duplicates.duplicates_find, name="duplicates-find"),
    path(
        "duplicates/<int:pair_id>/dismiss/",
        duplicates.duplicates_dismiss,
        name="duplicates-dismiss",
    ),
    path("vehicles/<int:vehicle_id>/", vehicles.vehicles_detail, name="vehicles-detail"),
    path("vehicles/<int:vehicle_id>/mileage/", vehicles.vehicles_read, name="vehicles-read"),
    path("vehicles/<int:vehicle_id>/visits/new/", vehicles.vehicles_visit, name="vehicles-visit"),
    path("vehicle-models/", vehicle_models.vehicle_models_list, name="vehicle-models-list"),
    path("vehicle-models/new/", vehicle_models.vehicle_models_new, name="vehicle-models-new"),
    path(
        "vehicle-models/<int:model_id>/",
        vehicle_models.vehicle_models_edit,
        name="vehicle-models-edit",
    ),
    path(
        "vehicle-models/<int:model_id>/delete/",
        vehicle_models.vehicle_models_delete,
        name="vehicle-models-delete",
    ),
    path("ownerships/<int:ownership_id>/end/", vehicles.ownerships_end, name="ownerships-end"),
    path(
        "ownerships/<int:ownership_id>/transfer/",
        vehicles.ownerships_transfer,
        name="ownerships-transfer",
    ),
    path("<int:member_id>/tags/", tag_pages.tags_of_member, name="tags-of-member"),
    path("<int:member_id>/reveal/", revealing.reveals_new, name="reveals-new"),
    path("<int:member_id>/consents/", privacy.consents_of_member, name="consents-of-member"),
    path(
        "<int:member_id>/consents/<slug:purpose>/<slug:act>/",
        privacy.consents_change,
        name="consents-change",
    ),
    path("consent-texts/", privacy.consent_texts, name="consent-texts"),
    path("consent-texts/new/", privacy.consent_texts_new, name="consent-texts-new"),
    path("reveals/", revealing.reveals_list, name="reveals-list"),
    path("reveals/limit/", revealing.reveals_limit, name="reveals-limit"),
    path("<int:member_id>/timeline/", timeline.timeline, name="timeline"),
    path("fields/", custom_fields.custom_fields_list, name="custom-fields-list"),
    path("fields/new/", custom_fields.custom_fields_new, name="custom-fields-new"),
    path("fields/counts/", custom_fields.custom_fields_counts, name="custom-fields-counts"),
    path("fields/<int:field_id>/", custom_fields.custom_fields_edit, name="custom-fields-edit"),
    path(
        "fields/<int:field_id>/move/", custom_fields.custom_fields_move, name="custom-fields-move"
    ),
    path(
        "fields/<int:field_id>/archive/",
        custom_fields.custom_fields_archive,
        name="custom-fields-archive",
    ),
    path("<int:member_id>/delete/", erasures.erasures_new, name="erasures-new"),
    path("<int:member_id>/files/", subject_files.subject_files, name="subject-files"),
    path("deletions/", erasures.erasures_list, name="erasures-list"),
    path("deletions/wait/", erasures.erasures_grace, name="erasures-grace"),
    path(
        "deletions/<int:erasure_id>/withdraw/",
        erasures.erasures_withdraw,
        name="erasures-withdraw",
    ),
    path("imports/", imports.imports_list, name="imports-list"),
    path("imports/new/", imports.imports_new, name="imports-new"),
    path("imports/template/<slug:subject>/", imports.imports_template, name="imports-template"),
    path("imports/<int:job_id>/", imports.imports_detail, name="imports-detail"),
    path("imports/<int:job_id>/columns/", imports.imports_columns, name="imports-columns"),
    path("imports/<int:job_id>/start/", imports.imports_start, name="imports-start"),
    path("imports/<int:job_id>/retry/", imports.imports_retry, name="imports-retry"),
    path("<int:member_id>/stage/", lifecycle.lifecycle_change, name="lifecycle-change"),
    path("<int:member_id>/stages/", lifecycle.lifecycle_history, name="lifecycle-history"),
    path("lifecycle/", lifecycle.lifecycle_board, name="lifecycle-board"),
    path("lifecycle/stages/", lifecycle.lifecycle_stages, name="lifecycle-stages"),
    path("lifecycle/flows/", lifecycle.lifecycle_flows, name="lifecycle-flows"),
    path("lifecycle/rules/", lifecycle.lifecycle_rules, name="lifecycle-rules"),
    path("lifecycle/apply/", lifecycle.lifecycle_apply, name="lifecycle-apply"),
    path("segments/", segments.segments_list, name="segments-list"),
    path("segments/new/", segments.segments_new, name="segments-new"),
    path("segments/count/", segments.segments_count, name="segments-count"),
    path("segments/options/", segments.segments_options, name="segments-options"),
    path("segments/archive/", segments.segments_archive_several, name="segments-archive-several"),
    path("segments/<int:segment_id>/", segments.segments_detail, name="segments-detail"),
    path("segments/<int:segment_id>/edit/", segments.segments_edit, name="segments-edit"),
    path("segments/<int:segment_id>/people/", segments.segments_people, name="segments-people"),
    path("segments/<int:segment_id>/explain/", segments.segments_explain, name="segments-explain"),
    path("segments/<int:segment_id>/live/", live.live_state, name="live-state"),
    path("segments/<int:segment_id>/live/switch/", live.live_switch, name="live-switch"),
    path("segments/<int:segment_id>/recount/", segments.segments_recount, name="segments-recount"),
    path("segments/<int:segment_id>/archive/", segments.segments_archive, name="segments-archive"),
    path("segments/<int:segment_id>/snapshots/", snapshots.snapshots_list, name="snapshots-list"),
    path(
        "segments/<int:segment_id>/snapshots/take/", snapshots.snapshots_take, name="snapshots-take"
    ),
    path(
        "segments/<int:segment_id>/snapshots/compare/",
        snapshots.snapshots_compare,
        name="snapshots-compare",
    ),
    path(
        "segments/snapshots/<int:snapshot_id>/delete/",
        snapshots.snapshots_delete,
        name="snapshots-delete",
    ),
    path("tags/", tags.tags_list, name="tags-list"),
    path("tags/new/", tags.tags_new, name="tags-new"),
    path("tags/give/", tags.tags_give, name="tags-give"),
    path("tags/pick/", tags.tags_pick, name="tags-pick"),
    path("tags/groups/new/", tags.tag_groups_new, name="tag-groups-new"),
    path("tags/groups/<int:group_id>/", tags.tag_groups_edit, name="tag-groups-edit"),
    path("tags/<int:tag_id>/", tags.tags_detail, name="tags-detail"),
    path("tags/<int:tag_id>/edit/", tags.tags_edit, name="tags-edit"),
    path("tags/<int:tag_id>/delete/", tags.tags_delete, name="tags-delete"),
    path("tags/<int:tag_id>/rule/", tags.tags_rule, name="tags-rule"),
    path("tags/<int:tag_id>/rule/delete/", tags.tags_rule_delete, name="tags-rule-delete"),
    path("tags/<int:tag_id>/apply/", tags.tags_apply, name="tags-apply"),
    path("tags/<int:tag_id>/members/", tag_pages.tags_members, name="tags-members"),
    path("tags/<int:tag_id>/clear/", tag_pages.tags_clear, name="tags-clear"),
    path("tags/<int:tag_id>/history/", tag_pages.tags_history, name="tags-history"),
    path("tags/<int:tag_id>/merge/", tag_pages.tags_merge, name="tags-merge"),
    path("tags/acts/<int:act_id>/undo/", tag_pages.tags_undo, name="tags-undo"),
    path("tags/limits/", tag_pages.tags_limits, name="tags-limits"),
]
