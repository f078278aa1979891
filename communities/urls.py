"""The console's routes of communities, mounted at /communities/."""

from __future__ import annotations

from django.urls import path

from communities.broadcasts import console as broadcasts
from communities.chat import console as chat
from communities.communities import console as communities
from communities.group_building import console as builds
from communities.memberships import console as memberships
from communities.policies import console as policies
from communities.rooms import console as rooms

app_name = "communities"
urlpatterns = [
    path("", communities.communities_list, name="communities-list"),
    path("new/", communities.communities_new, name="communities-new"),
    path("<int:community_id>/", communities.communities_detail, name="communities-detail"),
    path(
        "<int:community_id>/members/", communities.communities_members, name="communities-members"
    ),
    path("<int:community_id>/policy/", communities.communities_policy, name="communities-policy"),
    path("<int:community_id>/builds/", communities.communities_builds, name="communities-builds"),
    path("<int:community_id>/audit/", communities.communities_audit, name="communities-audit"),
    path("<int:community_id>/edit/", communities.communities_edit, name="communities-edit"),
    path(
        "<int:community_id>/archive/", communities.communities_archive, name="communities-archive"
    ),
    path("<int:community_id>/rooms/open/", communities.rooms_open, name="rooms-open"),
    path("<int:community_id>/members/add/", communities.memberships_add, name="memberships-add"),
    path("rooms/<int:room_id>/", rooms.rooms_detail, name="rooms-detail"),
    path(
        "memberships/<int:membership_id>/",
        memberships.memberships_detail,
        name="memberships-detail",
    ),
    path(
        "memberships/<int:membership_id>/edit/",
        memberships.memberships_edit,
        name="memberships-edit",
    ),
    path(
        "memberships/<int:membership_id>/remove/",
        memberships.memberships_remove,
        name="memberships-remove",
    ),
    path("policies/", policies.policies_list, name="policies-list"),
    path("policies/<slug:kind>/edit/", policies.policies_edit, name="policies-edit"),
    path("build-rules/", builds.build_rules_list, name="build-rules-list"),
    path("build-rules/new/", builds.build_rules_new, name="build-rules-new"),
    path("build-rules/example/", builds.build_rules_example, name="build-rules-example"),
    path("build-rules/<int:rule_id>/edit/", builds.build_rules_edit, name="build-rules-edit"),
    path(
        "build-rules/<int:rule_id>/archive/",
        builds.build_rules_archive,
        name="build-rules-archive",
    ),
    path("build-rules/<int:rule_id>/plan/", builds.build_rules_plan, name="build-rules-plan"),
    path("build-runs/", builds.build_runs_list, name="build-runs-list"),
    path("build-runs/<int:run_id>/", builds.build_runs_detail, name="build-runs-detail"),
    path("build-runs/<int:run_id>/groups/", builds.build_runs_groups, name="build-runs-groups"),
    path(
        "build-runs/<int:run_id>/examples/", builds.build_runs_examples, name="build-runs-examples"
    ),
    path("build-runs/<int:run_id>/confirm/", builds.build_runs_confirm, name="build-runs-confirm"),
    path("build-runs/<int:run_id>/discard/", builds.build_runs_discard, name="build-runs-discard"),
    path("build-runs/<int:run_id>/export/", builds.build_runs_export, name="build-runs-export"),
    path("broadcasts/", broadcasts.broadcasts_list, name="broadcasts-list"),
    path("broadcasts/new/", broadcasts.broadcasts_new, name="broadcasts-new"),
    path("broadcasts/trial/", broadcasts.broadcasts_trial, name="broadcasts-trial"),
    path(
        "broadcasts/choices/<slug:field>/", broadcasts.broadcasts_choices, name="broadcasts-choices"
    ),
    path("broadcasts/<int:broadcast_id>/", broadcasts.broadcasts_detail, name="broadcasts-detail"),
    path("broadcasts/<int:broadcast_id>/edit/", broadcasts.broadcasts_edit, name="broadcasts-edit"),
    path(
        "broadcasts/<int:broadcast_id>/state/", broadcasts.broadcasts_state, name="broadcasts-state"
    ),
    path("broadcasts/<int:broadcast_id>/plan/", broadcasts.broadcasts_plan, name="broadcasts-plan"),
    path(
        "broadcasts/<int:broadcast_id>/deliveries/",
        broadcasts.broadcasts_deliveries,
        name="broadcasts-deliveries",
    ),
    path(
        "broadcasts/<int:broadcast_id>/report/",
        broadcasts.broadcasts_report,
        name="broadcasts-report",
    ),
    path(
        "broadcasts/<int:broadcast_id>/confirm/",
        broadcasts.broadcasts_confirm,
        name="broadcasts-confirm",
    ),
    path(
        "broadcasts/<int:broadcast_id>/pause/", broadcasts.broadcasts_pause, name="broadcasts-pause"
    ),
    path(
        "broadcasts/<int:broadcast_id>/resume/",
        broadcasts.broadcasts_resume,
        name="broadcasts-resume",
    ),
    path(
        "broadcasts/<int:broadcast_id>/cancel/",
        broadcasts.broadcasts_cancel,
        name="broadcasts-cancel",
    ),
    path("rooms/<int:room_id>/chat/", chat.chat_room, name="chat-room"),
    path("rooms/<int:room_id>/chat/older/", chat.chat_older, name="chat-older"),
    path("rooms/<int:room_id>/chat/newer/", chat.chat_newer, name="chat-newer"),
    path("rooms/<int:room_id>/chat/post/", chat.chat_post, name="chat-post"),
]
