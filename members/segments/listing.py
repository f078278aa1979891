"""The list of segments, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from core.kernel.access import Permission
from core.kernel.errors import InvalidInput
from core.lists.ports import Column, ListSource
from members.segments import rules
from members.segments.forms import SegmentFilterForm
from members.segments.models import Segment
from members.segments.wording import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

LONGEST_SEARCH = 80
EVERYBODYS = (
    Column("name", _("Segment")),
    Column("description", _("Description")),
    Column("conditions", _("Conditions")),
)
# Counts are the whole brand's.
BRAND_WIDE = (Column("people", _("People")), Column("counted", _("Counted")))
CHANGED = Column("changed", _("Changed"))


def form_of(query: Any, _viewer: Viewer) -> SegmentFilterForm:
    """Return the filters of an address."""
    return SegmentFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Segment]:
    """Return the segments that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer), typed=query.get("q", ""))


def narrowed(*, viewer: Viewer, form: SegmentFilterForm, typed: str) -> QuerySet[Segment]:
    """Return the segments that fit; those in use, unless the archived ones are asked for."""
    is_archived = form.is_valid() and form.cleaned_data["state"] == "archived"
    found = Segment.objects.visible_to(viewer).filter(is_archived=is_archived)
    typed = typed.replace("\0", "").strip()[:LONGEST_SEARCH]
    # A brand has hundreds of segments, so that reading their names is cheap.
    return found.filter(name__icontains=typed) if typed else found


def said(tree: dict[str, Any], words: Words) -> list[str]:
    """Return what all has to hold, in words; nothing where a field is gone."""
    try:
        root = rules.parse(tree, registry=words.fields)
    except InvalidInput:
        return []
    joined = root.op == "all"
    return [_told(node, words) for node in root.items] if joined else [_told(root, words)]


def _told(node: rules.Node, words: Words) -> str:
    """Return a condition in words; one that leaves people out, or is one of several, says so."""
    if isinstance(node, rules.Leaf):
        return words.condition(node)
    parts = [_part(item, words) for item in node.items]
    joint = pgettext("conditions", "and") if node.op == "all" else pgettext("conditions", "or")
    text = f" {joint} ".join(parts)
    if node.op == "not":
        return gettext("not %(conditions)s") % {"conditions": text}
    return text


def _part(node: rules.Node, words: Words) -> str:
    """Return one of several conditions; several joined into one stand in brackets."""
    text = _told(node, words)
    if isinstance(node, rules.Leaf) or node.op == "not" or len(node.items) == 1:
        return text
    return pgettext("conditions", "(%(conditions)s)") % {"conditions": text}


def columns(viewer: Viewer) -> list[Column]:
    """Return the columns; who does not see the brand sees no count of it."""
    return [*EVERYBODYS, *(BRAND_WIDE if viewer.is_brand_wide else ()), CHANGED]


def cells(segments: Sequence[Segment], viewer: Viewer) -> Iterator[list[Any]]:
    """Draw segments."""
    words = Words(viewer.brand_id)
    for segment in segments:
        counts = [segment.member_count, segment.counted_at] if viewer.is_brand_wide else []
        told = said(segment.tree, words)
        yield [segment.name, segment.description, told, *counts, segment.updated_at]


SEGMENTS = ListSource(
    label=_("Segments"),
    place="members:segments-list",
    permission=Permission.SEGMENTS_VIEW,
    form=form_of,
    rows=rows,
    columns=columns,
    cells=cells,
    unit="segments",
    sorts={"name": "name", "-name": "-name", "added": "id", "-added": "-id"},
    searches=("q",),
    is_personal=False,
)
