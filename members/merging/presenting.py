"""What a merge did, as its page tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.merging.ports import merged_fields, moved_rows

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from members.merging.models import MemberMerge


def moved_in_words(merge: MemberMerge) -> list[tuple[_StrOrPromise, int, int]]:
    """Return what moved: its name, how many rows, and how many had to go or be closed."""
    told = []
    for name, each in moved_rows().items():
        kept = merge.moved.get(name)
        if kept is not None and each.is_shown:
            settled = len(kept.get("dropped", ())) + len(kept.get("closed", ()))
            told.append((each.label, len(kept.get("moved", ())), settled))
    return told


def changed_in_words(merge: MemberMerge) -> list[_StrOrPromise]:
    """Return the names of the facts that the member took over; values may be personal."""
    return [each.label for each in merged_fields() if each.columns[0] in merge.before]
