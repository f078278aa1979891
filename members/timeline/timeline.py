"""What stands in concepts below this one: how the member came to be, and the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.audit import selectors as audit
from core.audit.models import AuditEntry
from core.kernel import formats
from core.kernel.access import Permission
from members.timeline import ports, rules
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_before, start_of

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

ARRIVAL, AUDIT = "member", "audit"
MEMBER_LABEL = "members.member"


def arrival(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell when somebody became a member, and when and how they were taken in here."""
    taken_in = Entry(
        member.created_at,
        ARRIVAL,
        rules.key_of(member.pk, 1, 2),
        "member.taken_in",
        pgettext("event", "Taken in"),
        _("Source: %(source)s") % {"source": member.get_source_display()},
        data={"source": member.source},
    )
    told = [taken_in]
    if member.joined_on and member.joined_on != localdate(member.created_at):
        key = rules.key_of(member.pk, 0, 2)
        told.append(
            Entry(
                start_of(member.joined_on),
                ARRIVAL,
                key,
                "member.joined",
                _("Became a member"),
                is_day=True,
            )
        )
    return rules.newest(told, before=before, limit=limit)


def audited(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell what people and programs did with the member's record, unless another kind does."""
    entries = (
        AuditEntry.objects.visible_to(viewer)
        .filter(subject_type=MEMBER_LABEL, subject_id=member.pk)
        .exclude(action__in=ports.told_elsewhere())
    )
    found = rows_before(rows=entries, at="created_at", before=before, limit=limit)
    name = formats.masked_name(member.display_name)
    return [
        Entry(
            line.entry.created_at,
            AUDIT,
            line.entry.pk,
            line.entry.action,
            f"{line.text} {name}",
            url=reverse("core:audit-detail", args=[line.entry.pk]),
            by=line.actor,
            data={"audit_entry": line.entry.pk},
        )
        for line in audit.lines_of(entries=found, viewer=viewer)
    ]


SOURCES = {
    ARRIVAL: TimelineSource(
        gettext_lazy("Arrival"), "user", arrival, order=90, tells=frozenset({"member.created"})
    ),
    AUDIT: TimelineSource(
        gettext_lazy("Acts on the record"),
        "history",
        audited,
        Permission.AUDIT_VIEW,
        order=100,
    ),
}
