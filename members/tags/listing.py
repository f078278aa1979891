"""The list of tags, as its file and its saved views know it; the page shows it by group."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from members.tags.models import MemberTag, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

LONGEST_SEARCH = 40
SOON = timedelta(days=30)
SHOWS = {"unused": _("Nobody has them"), "rule": _("Given by a rule"), "ending": _("Ending soon")}
EVERYBODYS = (
    Column("group", _("Group")),
    Column("name", pgettext_lazy("noun", "Tag")),
    Column("rule", _("Given by a rule")),
)
# Counts are the whole brand's.
BRAND_WIDE = (Column("people", _("People")), Column("counted", _("Counted")))


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Tag]:
    """Return the tags whose name holds what was typed, of the kind that was chosen."""
    found = Tag.objects.visible_to(viewer).select_related("rule", "group")
    show = query.get("show", "")
    if show == "unused" and viewer.is_brand_wide:
        found = found.filter(member_count=0)
    elif show == "rule":
        found = found.filter(rule__isnull=False)
    elif show == "ending":
        soon = MemberTag.objects.filter(brand_id=viewer.brand_id, expires_at__lte=now + SOON)
        found = found.filter(pk__in=soon.values("tag_id"))
    typed = query.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    # A brand has hundreds of tags, so that reading their names is cheap.
    return found.filter(name__icontains=typed) if typed else found


def columns(viewer: Viewer) -> list[Column]:
    """Return the columns; who does not see the brand sees no count of it."""
    return [*EVERYBODYS, *(BRAND_WIDE if viewer.is_brand_wide else ())]


def cells(tags: Sequence[Tag], viewer: Viewer) -> Iterator[list[Any]]:
    """Draw tags."""
    for tag in tags:
        counts = [tag.member_count, tag.counted_at] if viewer.is_brand_wide else []
        yield [tag.group.name, tag.name, hasattr(tag, "rule"), *counts]


TAGS = ListSource(
    label=_("Tags"),
    place="members:tags-list",
    permission=Permission.MEMBERS_VIEW,
    rows=rows,
    columns=columns,
    cells=cells,
    unit="tags",
    order="id",
    searches=("q", "show"),
    is_personal=False,
)
