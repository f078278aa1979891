"""What communities put into the registries of core and members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.broadcasts import personal as broadcasts_kept
from communities.broadcasts.invariants import INVARIANTS as BROADCASTS
from communities.broadcasts.listing import BROADCASTS as BROADCAST_LIST
from communities.broadcasts.listing import DELIVERIES
from communities.broadcasts.presenting import describe_broadcasts
from communities.broadcasts.search import find_broadcasts
from communities.broadcasts.timeline import SOURCES as BROADCASTS_TOLD
from communities.broadcasts.workbench import broadcast_figures, waiting_broadcasts
from communities.chat import personal as chat_kept
from communities.chat.invariants import INVARIANTS as CHAT
from communities.communities import personal as communities_kept
from communities.communities.listing import COMMUNITIES
from communities.communities.models import Community
from communities.communities.search import find_communities
from communities.communities.selectors import describe_communities
from communities.data_classes import HOLDINGS
from communities.group_building import personal as builds_kept
from communities.group_building.handlers import (
    APPLY_WORDS,
    PLAN_WORDS,
    ApplyHandler,
    PlanHandler,
)
from communities.group_building.invariants import INVARIANTS as BUILDS
from communities.group_building.listing import BUILD_RULES, BUILD_RUNS, LEFT_OUT
from communities.group_building.models import BuildGroup, BuildRule, CandidateBatch
from communities.group_building.selectors import describe_rules, describe_runs
from communities.group_building.services import APPLY_KIND, LEFT_OUT_LIST, PLAN_KIND
from communities.group_building.workbench import waiting_previews
from communities.memberships import personal as seats_kept
from communities.memberships.criteria import COMMUNITY_CRITERIA
from communities.memberships.holdings import SEATS as MOVED_SEATS
from communities.memberships.invariants import INVARIANTS as SEATS
from communities.memberships.listing import COMMUNITY_MEMBERS, ROOM_MEMBERS
from communities.memberships.models import Membership
from communities.memberships.recommending import recommend
from communities.memberships.sections import COLUMN as SEATS_COLUMN
from communities.memberships.sections import PANEL as SEATS_PANEL
from communities.memberships.timeline import SOURCES as SEATS_TOLD
from communities.policies import personal as policies_kept
from communities.policies.models import Entry
from communities.policies.selectors import describe_policies
from communities.rooms import personal as rooms_kept
from communities.rooms.listing import ROOMS
from communities.rooms.models import Room
from communities.rooms.selectors import describe_rooms
from communities.rooms.workbench import fullest_rooms, room_figures
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
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.lists.ports import register_list
from core.retention.emptying import Emptying
from core.retention.ports import Retained, register_retention
from core.runs.ports import register_run_kind
from core.search.ports import SearchSource, register_search
from core.workbench.ports import (
    Act,
    register_act,
    register_figures,
    register_panel,
    register_todos,
)
from members.erasure import ports as erasure
from members.lifecycle.ports import register_recommender
from members.members.ports import register_member_column
from members.merging.ports import register_moved_rows
from members.profiles.ports import register_panel as register_member_panel
from members.segments.ports import register_criteria
from members.timeline.ports import register_timeline_source

ITEMS = {
    "build_run": _("Build run"),
    "cap": _("Most people"),
    "city": _("City"),
    "days": _("Days"),
    "dealer": _("Dealer"),
    "ended": _("Ended"),
    "ends_at": pgettext_lazy("community", "Ends"),
    "entry": _("Who may enter"),
    "entry_days": _("within days"),
    "entry_orders": _("Orders at least"),
    "excluded": _("Left out"),
    "from_room": _("From room"),
    "new_rooms": _("New rooms"),
    "number": _("Number"),
    "orders": _("Orders"),
    "orders_wanted": _("Orders asked for"),
    "people": _("People"),
    "placed": _("Placed"),
    "room": _("Room"),
    "room_cap": _("Members per room"),
    "rooms": _("Rooms"),
    "rule": _("Build rule"),
    "rule_version": _("Version of the rule"),
    "seq": _("Message"),
    "topic": _("Topic"),
}
BROADCAST_SENTENCES = {
    "broadcast.drafted": _("wrote the broadcast"),
    "broadcast.changed": _("changed the broadcast"),
    "broadcast.confirmed": _("confirmed the broadcast to %(rooms)s rooms:"),
    "broadcast.paused": _("paused the broadcast"),
    "broadcast.resumed": _("let the broadcast go on"),
    "broadcast.cancelled": _("cancelled the broadcast"),
    "broadcast.sent": _("finished sending the broadcast"),
    "room.posted": _("wrote into the room"),
}
LISTS = {
    "communities": COMMUNITIES,
    "rooms": ROOMS,
    "community-members": COMMUNITY_MEMBERS,
    "room-members": ROOM_MEMBERS,
    "build-rules": BUILD_RULES,
    "build-runs": BUILD_RUNS,
    LEFT_OUT_LIST: LEFT_OUT,
    "broadcasts": BROADCAST_LIST,
    "deliveries": DELIVERIES,
}
OLD_MESSAGES = Retained(
    _("Messages in rooms"),
    _("The text, the link and the sender's name are forgotten; that something was said stays."),
    days=730,
    least=30,
    purger=Emptying(
        table="communities_roommessage",
        old="row.created_at < %(before)s",
        full="row.body <> ''",
        empty="body = '', link = '', sender_label = '', sender_id = NULL",
    ),
    order=30,
)


def register() -> None:
    """Fill the registries; called from ``CommunitiesConfig.ready``."""
    register_holdings(*HOLDINGS)
    register_retention("message", OLD_MESSAGES)
    register_run_kind(PLAN_KIND, PlanHandler(), PLAN_WORDS, fills=[CandidateBatch, BuildGroup])
    register_run_kind(APPLY_KIND, ApplyHandler(), APPLY_WORDS, fills=[Community, Room, Membership])
    _register_communities()
    _register_builds()
    _register_broadcasts()
    _register_erasure()
    for key, source in LISTS.items():
        register_list(key, source)


def _register_erasure() -> None:
    """Say of every table what it keeps about members."""
    for kept in (seats_kept, chat_kept, builds_kept):
        erasure.register_holdings(*kept.HOLDINGS)
    for searched in (broadcasts_kept, chat_kept, builds_kept, communities_kept, rooms_kept):
        erasure.register_searches(*searched.SEARCHES)
    for free in (broadcasts_kept, policies_kept):
        erasure.register_impersonal(free.IMPERSONAL)


def _register_communities() -> None:
    may_view = Permission.COMMUNITIES_VIEW
    list_ = "communities:communities-list"
    register_places(NavItem(_("Communities"), list_, "chat", may_view, order=40))
    found = SearchSource(_("Communities"), find_communities, may_view, order=30)
    register_search("communities", found)
    register_figures("rooms", room_figures, permission=may_view, order=20)
    register_panel("rooms", fullest_rooms, permission=may_view, order=30)
    register_invariants(*SEATS)
    register_criteria(*COMMUNITY_CRITERIA)
    register_moved_rows(MOVED_SEATS)
    register_member_panel("seats", SEATS_PANEL)
    register_member_column("seats", SEATS_COLUMN)
    for kind, told in {**SEATS_TOLD, **BROADCASTS_TOLD}.items():
        register_timeline_source(kind, told)
    register_recommender(recommend)
    register_subjects(
        {
            "communities.community": SubjectKind(_("Community"), describe_communities),
            "communities.room": SubjectKind(_("Room"), describe_rooms),
            "communities.communitypolicy": SubjectKind(_("Policy"), describe_policies),
        }
    )
    register_actions(
        {
            "policy.installed": _("installed the policy"),
            "policy.changed": _("changed the policy"),
            "community.created": _("created the community"),
            "community.changed": _("changed the community"),
            "community.closing": _("began to close, its event being over,"),
            "community.archived": _("dissolved the community; %(people)s people left"),
            "community.room_opened": _("opened room %(number)s of"),
            "community.rooms_renamed": _("renamed %(rooms)s rooms of"),
            "community.member_added": _("added a member to"),
            "community.member_promoted": _("promoted a member into"),
            "community.member_moved": _("moved a member to another room of"),
            "community.role_changed": _("changed a member's role in"),
            "community.member_removed": _("removed a member from"),
        }
    )


def _register_builds() -> None:
    may_build, place = Permission.BUILDS_RUN, "communities:build-runs-list"
    register_places(NavItem(_("Build groups"), place, "users", may_build, order=45))
    register_todos("builds", waiting_previews, permission=may_build, order=15)
    register_states(
        {
            "planning": Badge(_("Previewing"), "primary", live=True),
            "previewed": Badge(_("Ready to confirm"), "warn", "clock"),
            "applied": Badge(_("Applied"), "ok", "check"),
            "discarded": Badge(_("Discarded"), icon="x"),
        }
    )
    register_invariants(*BUILDS)
    register_subjects(
        {
            "communities.buildrule": SubjectKind(_("Build rule"), describe_rules),
            "communities.buildrun": SubjectKind(_("Build run"), describe_runs),
        }
    )
    register_actions(
        {
            "build_rule.created": _("wrote the build rule"),
            "build_rule.changed": _("changed the build rule"),
            "build_rule.archived": _("took the build rule out of use"),
            "build_run.planned": _("planned a build run"),
            "build_run.previewed": _("got the preview of a build run"),
            "build_run.confirmed": _("confirmed placing %(people)s people by a build run"),
            "build_run.applied": _("placed %(placed)s people by a build run"),
            "build_run.stopped": _("stopped a build run after %(placed)s people"),
            "build_run.discarded": _("discarded a build run"),
        }
    )


def _register_broadcasts() -> None:
    may_view, place = Permission.BROADCASTS_VIEW, "communities:broadcasts-list"
    register_places(NavItem(_("Broadcasts"), place, "send", may_view, order=50))
    register_states({"held": Badge(pgettext_lazy("delivery", "Held"), "warn", "pause")})
    register_todos("broadcasts", waiting_broadcasts, permission=may_view, order=20)
    register_figures("broadcasts", broadcast_figures, permission=may_view, order=30)
    write = Act(_("Write broadcast"), "communities:broadcasts-new", "send")
    register_act("broadcasts", write, permission=Permission.BROADCASTS_SEND, order=30)
    register_actions(BROADCAST_SENTENCES)
    register_items(ITEMS)
    register_values("entry", dict(Entry.choices))
    register_field_names(BuildRule, Community)
    subject = SubjectKind(_("Broadcast"), describe_broadcasts)
    register_subjects({"communities.broadcast": subject})
    found = SearchSource(_("Broadcasts"), find_broadcasts, may_view, order=40)
    register_search("broadcasts", found)
    register_invariants(*BROADCASTS, *CHAT)
