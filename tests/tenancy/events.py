"""Entries of events."""

from __future__ import annotations

ROUTES: dict[str, object] = {}
