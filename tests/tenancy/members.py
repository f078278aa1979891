"""Entries of members."""

from __future__ import annotations

ROUTES = {}
