"""What communities keep. See ``core.data_inventory.ports``."""

from __future__ import annotations

from core.data_inventory.ports import Keep, Mask, Purpose, holding

PLAIN = Mask.PLAIN

HOLDINGS = (
    holding(
        "communities.CommunityPolicy",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand kind policy_version is_current room_cap name_template marketing_limit"
        " marketing_window marketing_gap_minutes quiet_from quiet_until alert_percent entry"
        " entry_orders entry_days lifespan closing_hours staff_least staff_most staff_role"
        " created_at",
        personal={"created_by_label": PLAIN},
    ),
    holding(
        "communities.Community",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand kind name topic state dealer city build_rule_id group_key"
        " room_name_template room_cap ends_at created_at archived_at version",
    ),
    holding(
        "communities.Room",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand community number name channel state cap member_count last_seq"
        " build_run_id created_at",
    ),
    holding(
        "communities.Membership",
        Purpose.COMMUNITY,
        Keep.MEMBER,
        internal="id brand source placement build_run_id",
        personal={
            "community": PLAIN,
            "room": PLAIN,
            "member": PLAIN,
            "role": PLAIN,
            "joined_at": PLAIN,
            "left_at": PLAIN,
            "read_seq": PLAIN,
        },
    ),
    holding(
        "communities.RoomMessage",
        Purpose.COMMUNITY,
        Keep.MESSAGE,
        internal="id brand room seq sender link dedupe_key created_at",
        personal={"sender_id": PLAIN, "sender_label": PLAIN, "body": PLAIN},
    ),
    holding(
        "communities.Broadcast",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand name purpose body link audience dealer state scheduled_at excluded"
        " room_count people_count sent_count failed_count created_by_id created_at confirmed_by_id"
        " confirmed_at finished_at version",
        personal={"created_by_label": PLAIN},
    ),
    holding(
        "communities.Delivery",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand state claimable_at fence settled_at error broadcast room due_at"
        " is_marketing message_seq people_count",
    ),
    holding(
        "communities.BuildRule",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand name segment promotes kind group_by room_cap name_template topic event"
        " tag_group_id starts_at ends_at skip is_archived created_by_id created_at updated_at"
        " version",
    ),
    holding(
        "communities.BuildRun",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand rule state plan report plan_task apply_task created_by_id created_at"
        " confirmed_by_id confirmed_at applied_at",
        personal={"preview": Mask.PART},
    ),
    holding(
        "communities.BuildGroup",
        Purpose.COMMUNITY,
        Keep.BRAND,
        internal="id brand run group_no key label facts community_id candidate_count excluded_count"
        " existing_seats new_room_count placed_count",
    ),
    holding(
        "communities.CandidateBatch",
        Purpose.COMMUNITY,
        Keep.MEMBER,
        internal="brand run_id exclusion group_no people",
        personal={"first_member": PLAIN, "last_member": PLAIN, "member_ids": PLAIN},
    ),
)
