"""What core keeps, and the libraries whose tables it uses. See ``core.data_inventory.ports``."""

from __future__ import annotations

from core.data_inventory.ports import Keep, Mask, Purpose, holding

HOLDINGS = (
    holding(
        "core.Brand",
        Purpose.RUNNING,
        Keep.BRAND,
        public="name",
        internal="id code created_at",
    ),
    holding("core.City", Purpose.RUNNING, Keep.BRAND, public="code name province_name"),
    holding("core.Region", Purpose.RUNNING, Keep.BRAND, internal="id brand code name version"),
    holding(
        "core.Dealer",
        Purpose.RUNNING,
        Keep.BRAND,
        public="name city",
        internal="id brand region code is_active version",
    ),
    holding(
        "core.Store",
        Purpose.RUNNING,
        Keep.BRAND,
        public="name city address",
        internal="id brand dealer code version",
    ),
    holding(
        "core.Staff",
        Purpose.STAFF,
        Keep.ACCOUNT,
        internal="id brand language is_active must_change_password created_at last_login",
        personal={"username": Mask.PLAIN, "display_name": Mask.PLAIN, "email": Mask.PLAIN},
        sensitive={"password": Mask.HASHED},
    ),
    holding(
        "core.RoleGrant",
        Purpose.STAFF,
        Keep.ACCOUNT,
        internal="id brand staff role region dealer store",
    ),
    holding(
        "core.StaffSession",
        Purpose.STAFF,
        Keep.MOMENT,
        internal="expire_date staff_id created_at seen_at",
        personal={"ip_address": Mask.PLAIN, "user_agent": Mask.PLAIN},
        sensitive={"session_key": Mask.HIDDEN, "session_data": Mask.HIDDEN},
    ),
    holding(
        "core.ApiKey",
        Purpose.STAFF,
        Keep.ACCOUNT,
        internal="id brand name prefix permissions created_by created_at expires_at revoked_at"
        " last_used_on",
        sensitive={"digest": Mask.HASHED},
    ),
    holding(
        "core.AuditEntry",
        Purpose.PROOF,
        Keep.PROOF,
        internal="id brand actor_id action subject_type subject_id dealer_id data created_at",
        personal={"actor_label": Mask.PLAIN},
    ),
    holding("core.AuditChain", Purpose.PROOF, Keep.PROOF, internal="id brand seq hash"),
    holding(
        "core.AuditLink",
        Purpose.PROOF,
        Keep.PROOF,
        internal="id brand seq entry_id prev_hash hash",
    ),
    holding(
        "core.AuditCheck",
        Purpose.PROOF,
        Keep.PROOF,
        internal="id brand checked_at seq anchored_seq faults",
    ),
    holding(
        "core.StoredFile",
        Purpose.IMPORT,
        Keep.FILE,
        internal="id brand purpose size_bytes sha256 needs holds created_by_id created_at"
        " expires_at deleted_at",
        # The bytes under FILES_DIR hold whatever the list or the upload holds.
        personal={"name": Mask.PLAIN},
        sensitive={"path": Mask.HIDDEN},
    ),
    holding(
        "core.ExportRequest",
        Purpose.PROOF,
        Keep.PROOF,
        internal="id brand run state list_key words columns file_format digest rows rows_ceiling"
        " requested_by_id requested_at lapses_at decided_by_id decided_at",
        personal=dict.fromkeys(("requested_by_label", "decided_by_label", "reason"), Mask.PLAIN),
    ),
    holding(
        "core.IdempotencyKey",
        Purpose.RUNNING,
        Keep.WEEK,
        internal="id brand actor key status created_at",
        sensitive={"answer": Mask.SEALED, "request_hash": Mask.HIDDEN},
    ),
    holding(
        "core.KeyRotation",
        Purpose.RUNNING,
        Keep.PROOF,
        internal="id brand table field key_id after_id rewritten finished_at updated_at",
    ),
    holding("core.RetentionRule", Purpose.PROOF, Keep.BRAND, internal="id brand kind days"),
    holding(
        "core.Run",
        Purpose.RUNNING,
        Keep.TASK,
        internal="id brand kind title state asked cursor result error unit done total"
        " requested_by_id dealer_ids subject_url claimable_at fence attempts can_resume"
        " stint_started_at stint_done created_at started_at finished_at",
        personal={"requested_by_label": Mask.PLAIN, "params": Mask.SEALED_QUERY},
    ),
    holding(
        "core.SavedView",
        Purpose.RUNNING,
        Keep.ACCOUNT,
        internal="id brand staff list_key name is_shared created_at",
        personal={"query": Mask.SEALED},
    ),
    holding("auth.Group", Purpose.STAFF, Keep.BRAND, internal="id name"),
    holding("auth.Group_permissions", Purpose.STAFF, Keep.BRAND, internal="id group permission"),
    holding("auth.Permission", Purpose.STAFF, Keep.BRAND, internal="id name content_type codename"),
    holding("contenttypes.ContentType", Purpose.RUNNING, Keep.BRAND, internal="id app_label model"),
    holding(
        "sessions.Session",
        Purpose.STAFF,
        Keep.MOMENT,
        internal="expire_date",
        sensitive={"session_key": Mask.HIDDEN, "session_data": Mask.HIDDEN},
    ),
    *(
        holding(
            f"axes.{name}",
            Purpose.STAFF,
            Keep.SIGN_IN,
            internal=f"id http_accept path_info attempt_time {more}",
            personal={
                "username": Mask.HIDDEN,
                "ip_address": Mask.HIDDEN,
                "user_agent": Mask.HIDDEN,
            },
            sensitive=hidden,
        )
        for name, more, hidden in (
            (
                "AccessAttempt",
                "failures_since_start",
                {"get_data": Mask.HIDDEN, "post_data": Mask.HIDDEN},
            ),
            ("AccessFailureLog", "locked_out", {}),
            ("AccessLog", "logout_time", {"session_hash": Mask.HASHED}),
        )
    ),
    holding(
        "axes.AccessAttemptExpiration",
        Purpose.STAFF,
        Keep.SIGN_IN,
        internal="access_attempt expires_at",
    ),
)
