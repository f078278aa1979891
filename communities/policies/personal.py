"""That policies hold nobody."""

from __future__ import annotations

from communities.policies.models import CommunityPolicy

IMPERSONAL = {CommunityPolicy: "Rules of the brand: caps, windows and templates."}
