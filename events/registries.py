"""What events put into the registries of core and members."""

from __future__ import annotations

from core.data_inventory.ports import register_holdings
from events.data_classes import HOLDINGS


def register() -> None:
    """Fill the registries; called from ``EventsConfig.ready``."""
    register_holdings(*HOLDINGS)
