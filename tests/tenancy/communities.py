"""Entries of communities."""

from __future__ import annotations

ROUTES = {}
