"""How decisions about rooms are told to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from communities.broadcasts.audience import earliest
from core.kernel.badges import kind_badge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from communities.broadcasts.audience import Exclusion
    from communities.policies.models import CommunityPolicy

REASON_LABELS = {
    "closed": gettext_lazy("The community is not open"),
    "archived": gettext_lazy("The room is archived"),
    "empty": gettext_lazy("Nobody sits in the room"),
    "no_policy": gettext_lazy("The kind has no policy yet"),
    "quiet_hours": gettext_lazy("Quiet hours"),
    "quota": gettext_lazy("Marketing allowance used up"),
    "gap": gettext_lazy("Too soon after the last marketing message"),
}
WEEKDAYS = [
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
]
DELIVERY_ERRORS = {
    "room_closed": gettext_lazy("The room was closed before the message arrived."),
    "interrupted": gettext_lazy("Sending was interrupted too often; being looked into."),
    "never_arrived": gettext_lazy("The channel never got it, after several tries."),
    "left_out": gettext_lazy("Left out when the broadcast went on: the limits had been used up."),
    "quiet_hours": gettext_lazy("Its hour had passed and no later one was allowed."),
    "closing": gettext_lazy("The community had begun to close, which takes no more marketing."),
    "no_consent": gettext_lazy("Nobody in the room agrees to marketing any more."),
}


def reason_label(reason: str) -> str:
    """Return a reason in the reader's language."""
    return str(REASON_LABELS.get(reason, reason))


def error_text(error: str) -> str:
    """Return what went wrong with a delivery in the reader's language."""
    return str(DELIVERY_ERRORS.get(error, error))


def exact_time(moment: datetime) -> str:
    """Return a moment as people say it: 11月23日 周一 09:00."""
    local = timezone.localtime(moment)
    words = {
        "weekday": str(WEEKDAYS[local.weekday()]),
        # Translators: a day without its year, in Django's date format
        "day": date_format(local, _("j M")),
        "time": f"{local:%H:%M}",
    }
    return _("%(weekday)s %(day)s %(time)s") % words


def policy_text(policy: CommunityPolicy) -> str:
    """Return a kind's limit on marketing in one clause."""
    words = {
        "day": ngettext("%(n)s message a day", "%(n)s messages a day", policy.marketing_limit),
        "week": ngettext("%(n)s message a week", "%(n)s messages a week", policy.marketing_limit),
        "month": ngettext(
            "%(n)s message a month", "%(n)s messages a month", policy.marketing_limit
        ),
    }
    parts = [words[policy.marketing_window] % {"n": policy.marketing_limit}]
    if policy.marketing_gap_minutes:
        parts.append(_("%(n)s minutes apart") % {"n": policy.marketing_gap_minutes})
    if policy.quiet_from and policy.quiet_until:
        parts.append(f"{policy.quiet_until:%H:%M}–{policy.quiet_from:%H:%M}")
    return _(", ").join(parts)


def exclusion_text(exclusion: Exclusion) -> str:
    """Return why rooms were left out, with the kind whose policy decided, if one did."""
    text = reason_label(exclusion.reason)
    if not exclusion.kind:
        return text
    return _("%(kind)s: %(reason)s") % {"kind": kind_badge(exclusion.kind).label, "reason": text}


def refusal_text(exclusions: Sequence[Exclusion]) -> str:
    """Return why nobody may get the message, and the earliest time at which somebody may."""
    if not exclusions:
        return _("No room fits this audience. Take a condition away.")
    with_rooms = _("%(reason)s (rooms: %(n)s)")
    told = [with_rooms % {"reason": exclusion_text(one), "n": one.rooms} for one in exclusions]
    reasons = _("; ").join(told)
    moment = earliest(exclusions)
    if moment is None:
        return _("No room may get this message: %(reasons)s.") % {"reasons": reasons}
    return _("No room may get this message then: %(reasons)s. Earliest time: %(time)s.") % {
        "reasons": reasons,
        "time": exact_time(moment),
    }
