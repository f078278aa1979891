"""What events keep. See ``core.data_inventory.ports``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.data_inventory.ports import Holding

HOLDINGS: tuple[Holding, ...] = ()
