"""What members keep. See ``core.data_inventory.ports``.

Numbers that lead to a member are personal, since whoever has the members table knows who it is.
"""

from __future__ import annotations

from core.data_inventory.ports import Keep, Mask, Purpose, holding

PLAIN = Mask.PLAIN
WHO = {"member": PLAIN}

HOLDINGS = (
    holding(
        "members.Member",
        Purpose.PEOPLE,
        Keep.MEMBER,
        internal="id brand home_dealer is_stage_told source created_at updated_at version",
        personal={
            "display_name": Mask.NAME,
            "customer_no": PLAIN,
            "phone_masked": Mask.PART,
            "phone_tail": Mask.PART,
            "gender": PLAIN,
            "city": PLAIN,
            "stage": PLAIN,
            "stage_since": PLAIN,
            "joined_on": PLAIN,
            "last_active_at": PLAIN,
        },
        sensitive={"phone_cipher": Mask.SEALED, "phone_hash": Mask.HASHED},
    ),
    holding(
        "members.Identity",
        Purpose.PEOPLE,
        Keep.MEMBER,
        internal="id brand kind created_at",
        personal={"member": PLAIN, "value": Mask.END},
    ),
    holding(
        "members.MergedMember",
        Purpose.PEOPLE,
        Keep.MEMBER,
        internal="id brand merge_id",
        personal={"winner": PLAIN, "customer_no": PLAIN},
        sensitive={"phone_hash": Mask.HASHED},
    ),
    holding(
        "members.MemberMerge",
        Purpose.PEOPLE,
        Keep.MEMBER,
        internal="id brand told merged_at merged_by_id undone_at",
        personal={
            "winner": PLAIN,
            "loser_id": PLAIN,
            "loser_name": Mask.NAME,
            "reason": PLAIN,
            "moved": Mask.HIDDEN,
            "merged_by_label": PLAIN,
            "undone_by_label": PLAIN,
        },
        # Rows of members as they were: phones in them are encrypted as they are among members.
        sensitive=dict.fromkeys(("loser", "before", "after"), Mask.SEALED_ROW),
    ),
    holding(
        "members.DuplicatePair",
        Purpose.PEOPLE,
        Keep.MEMBER,
        internal="id brand score reasons state found_at dismissed_at",
        personal={"first": PLAIN, "second": PLAIN, "dismissed_by_label": PLAIN},
    ),
    holding(
        "members.CustomField",
        Purpose.PEOPLE,
        Keep.BRAND,
        internal="id brand key label help kind position is_required data_class max_length low high"
        " decimals archived_at created_at version",
    ),
    holding(
        "members.CustomChoice",
        Purpose.PEOPLE,
        Keep.BRAND,
        internal="id brand field label position is_archived",
    ),
    # Whether a field holds something personal is said by who declares it; so all of them count.
    holding(
        "members.CustomValue",
        Purpose.PEOPLE,
        Keep.MEMBER,
        internal="brand field slot",
        personal={
            "member": PLAIN,
            "text": PLAIN,
            "number": PLAIN,
            "day": PLAIN,
            "choice": PLAIN,
        },
    ),
    holding(
        "members.VehicleModel",
        Purpose.CARS,
        Keep.BRAND,
        public="code name",
        internal="id brand version",
    ),
    holding(
        "members.Vehicle",
        Purpose.CARS,
        Keep.MEMBER,
        internal="id brand model is_domestic created_at",
        personal={"vin_tail": Mask.PART, "mileage_km": PLAIN},
        sensitive={"vin_cipher": Mask.SEALED, "vin_hash": Mask.HASHED},
    ),
    holding(
        "members.Ownership",
        Purpose.CARS,
        Keep.MEMBER,
        internal="id brand",
        personal={"vehicle": PLAIN, "member": PLAIN, "delivered_on": PLAIN, "ended_on": PLAIN},
    ),
    holding(
        "members.MileageReading",
        Purpose.CARS,
        Keep.MEMBER,
        internal="id brand author_id created_at",
        personal={"vehicle": PLAIN, "read_on": PLAIN, "km": PLAIN, "reason": PLAIN},
    ),
    holding(
        "members.ServiceVisit",
        Purpose.CARS,
        Keep.MEMBER,
        internal="id brand dealer author_id created_at",
        personal={
            "vehicle": PLAIN,
            "visited_on": PLAIN,
            "kind": PLAIN,
            "mileage_km": PLAIN,
            "amount_fen": PLAIN,
        },
    ),
    holding(
        "members.Order",
        Purpose.ORDERS,
        Keep.MEMBER,
        internal="id brand",
        personal={
            "order_no": PLAIN,
            "member": PLAIN,
            "ordered_at": PLAIN,
            "amount_fen": PLAIN,
            "quantity": PLAIN,
            "channel": PLAIN,
            "category": PLAIN,
        },
    ),
    holding("members.OrderCategory", Purpose.ORDERS, Keep.BRAND, internal="brand name"),
    holding(
        "members.Consent",
        Purpose.CONSENT,
        Keep.MEMBER,
        internal="id brand purpose version",
        personal={
            "member": PLAIN,
            "given_at": PLAIN,
            "withdrawn_at": PLAIN,
            "evidence": PLAIN,
            "withdrawn_evidence": PLAIN,
        },
    ),
    holding(
        "members.PastConsent",
        Purpose.CONSENT,
        Keep.MEMBER,
        internal="id brand purpose version",
        personal={
            "member": PLAIN,
            "given_at": PLAIN,
            "withdrawn_at": PLAIN,
            "evidence": PLAIN,
            "withdrawn_evidence": PLAIN,
        },
    ),
    holding(
        "members.ConsentText",
        Purpose.CONSENT,
        Keep.BRAND,
        public="purpose version body effective_from needs_renewal",
        internal="id brand created_at",
        personal={"created_by_label": PLAIN},
    ),
    holding(
        "members.Reveal",
        Purpose.PROOF,
        Keep.MEMBER,
        internal="id brand field of_id reason actor_id at",
        personal={"member": PLAIN, "note": PLAIN, "actor_label": PLAIN},
    ),
    holding("members.RevealTally", Purpose.PROOF, Keep.MOMENT, internal="brand who day used"),
    holding("members.RevealLimit", Purpose.PROOF, Keep.BRAND, internal="id brand per_day"),
    holding(
        "members.Erasure",
        Purpose.PROOF,
        Keep.PROOF,
        internal="id brand dealer_id state reason requested_by_id requested_at due_at run"
        " rows_gone_at finished_at",
        personal={"member_id": PLAIN, "note": PLAIN, "requested_by_label": PLAIN},
        # What is still to be looked for; it goes when the search has ended.
        sensitive={"mark": Mask.HASHED, "traces": Mask.SEALED},
    ),
    holding("members.ErasurePolicy", Purpose.PROOF, Keep.BRAND, internal="id brand grace_days"),
    holding(
        "members.SubjectFile",
        Purpose.PROOF,
        Keep.MEMBER,
        internal="id brand is_whole run_id file_id requested_by_id created_at",
        personal={"member": PLAIN, "requested_by_label": PLAIN},
    ),
    holding(
        "members.TagGroup", Purpose.CARE, Keep.BRAND, internal="id brand name is_exclusive version"
    ),
    holding(
        "members.Tag",
        Purpose.CARE,
        Keep.BRAND,
        internal="id brand group name created_at member_count counted_at version",
    ),
    holding(
        "members.MemberTag",
        Purpose.CARE,
        Keep.MEMBER,
        internal="brand source author_id",
        personal={"tag": PLAIN, "member": PLAIN, "tagged_at": PLAIN, "expires_at": PLAIN},
    ),
    holding(
        "members.TagBlock",
        Purpose.CARE,
        Keep.MEMBER,
        internal="brand author_id created_at",
        personal={"tag": PLAIN, "member": PLAIN},
    ),
    holding(
        "members.TagRule",
        Purpose.CARE,
        Keep.BRAND,
        internal="id brand tag tree is_active applied_at version",
    ),
    holding(
        "members.TagLimits",
        Purpose.CARE,
        Keep.BRAND,
        internal="id brand tags per_group per_member version",
    ),
    holding(
        "members.TagAct",
        Purpose.CARE,
        Keep.TAG_HISTORY,
        internal="id brand source author_id rule_version run_id at undoes_id undone_at",
        personal={"author_label": PLAIN, "undone_by": PLAIN},
    ),
    holding(
        "members.TagChange",
        Purpose.CARE,
        Keep.TAG_HISTORY,
        internal="id brand act tag_id tag_name kind people",
    ),
    holding(
        "members.TagChangeBatch",
        Purpose.CARE,
        Keep.TAG_HISTORY,
        internal="id brand change bucket at people author_ids",
        personal={
            "member_ids": PLAIN,
            "sources": PLAIN,
            "tagged_ats": PLAIN,
            "expires_ats": PLAIN,
        },
    ),
    holding(
        "members.Segment",
        Purpose.CARE,
        Keep.BRAND,
        internal="id brand name description tree member_count counted_at is_archived"
        " created_by_id created_at updated_at version",
    ),
    holding(
        "members.LiveSegment",
        Purpose.CARE,
        Keep.BRAND,
        internal="id brand segment fingerprint member_count since is_settled problem refreshed_at"
        " recomputed_at created_at",
    ),
    holding(
        "members.LiveMember",
        Purpose.CARE,
        Keep.MEMBER,
        internal="brand segment_id",
        personal={"member_id": PLAIN},
    ),
    holding(
        "members.TouchedMember",
        Purpose.CARE,
        Keep.MOMENT,
        internal="id brand at",
        personal={"member_id": PLAIN},
    ),
    holding(
        "members.Snapshot",
        Purpose.CARE,
        Keep.SNAPSHOT,
        internal="id brand segment number tree run member_count previous_id plus_count"
        " minus_count taken_at created_by_id created_at",
        personal={"created_by_label": PLAIN},
    ),
    holding(
        "members.SnapshotBatch",
        Purpose.CARE,
        Keep.SNAPSHOT,
        internal="brand snapshot bucket people",
        personal={"member_ids": PLAIN},
    ),
    holding(
        "members.StagePolicy",
        Purpose.CARE,
        Keep.BRAND,
        internal="id brand policy_version introduction_days mature_days mature_orders dormant_days"
        " lost_days created_at",
        personal={"created_by_label": PLAIN},
    ),
    holding(
        "members.StageChange",
        Purpose.CARE,
        Keep.MEMBER,
        internal="id brand reason policy_version author_id",
        personal={
            "member": PLAIN,
            "from_stage": PLAIN,
            "to_stage": PLAIN,
            "note": PLAIN,
            "at": PLAIN,
            "author_label": PLAIN,
            "of_merged": PLAIN,
        },
    ),
    holding(
        "members.ImportProfile",
        Purpose.IMPORT,
        Keep.BRAND,
        internal="id brand name subject mapping options updated_at",
    ),
    holding(
        "members.ImportJob",
        Purpose.IMPORT,
        Keep.IMPORT,
        internal="id brand run file errors_file subject source row_estimate mapping options headers"
        " is_dry_run read_count created_count updated_count unchanged_count rejected_count"
        " warning_count created_by_id created_at finished_at",
        personal={"sample": Mask.PART},
    ),
    holding(
        "members.ImportRejection",
        Purpose.IMPORT,
        Keep.IMPORT,
        internal="id brand job row_number column code reason is_taken",
        personal={"value": Mask.PART},
    ),
)
