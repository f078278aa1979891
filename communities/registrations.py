"""What communities put into the registries of core and members."""

from __future__ import annotations

from communities.group_building.handlers import (
    APPLY_WORDS,
    PLAN_WORDS,
    ApplyHandler,
    PlanHandler,
)
from communities.group_building.services import APPLY_KIND, PLAN_KIND
from core.runs.ports import register_run_kind


def register() -> None:
    """Fill the registries; called from ``CommunitiesConfig.ready``."""
    register_run_kind(PLAN_KIND, PlanHandler(), PLAN_WORDS)
    register_run_kind(APPLY_KIND, ApplyHandler(), APPLY_WORDS)
