"""What a person writes, and whether it can be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from communities.broadcasts import rules
from communities.broadcasts.audience import Audience
from communities.broadcasts.models import Broadcast
from communities.communities.models import Community
from communities.policies.models import Kind
from core.kernel.errors import InvalidInput, Problem
from core.organizations.models import City, Dealer

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

NAME_LENGTH = 80
# Clocks differ, and a form takes a moment to fill in.
PAST_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes. ``scheduled_at`` empty means as soon as it is confirmed."""

    name: str
    purpose: str
    body: str
    link: str = ""
    audience: Audience = field(default_factory=Audience)
    scheduled_at: datetime | None = None
    dealer_id: int | None = None


def apply_draft(*, row: Broadcast, draft: Draft, actor: Viewer, now: datetime) -> None:
    """Check ``draft`` and put it into ``row`` without saving it, so that it can be tried out.

    Raises:
        InvalidInput: names every field that cannot be used.
    """
    body, link = rules.tidy_text(draft.body), draft.link.strip()
    problems = [*_text_problems(draft.name, body, link, draft.purpose)]
    if draft.scheduled_at:
        problems += _time_problems(draft.scheduled_at, now)
    problems += _audience_problems(draft.audience, actor)
    dealer_id, dealer_problems = _sender(draft.dealer_id, actor)
    problems += dealer_problems
    if problems:
        raise InvalidInput(_("Please mend the marked fields."), problems=tuple(problems))
    row.name, row.purpose, row.body, row.link = draft.name.strip(), draft.purpose, body, link
    row.audience, row.dealer_id = draft.audience.as_json(), dealer_id
    row.scheduled_at = draft.scheduled_at


def trial(*, draft: Draft, actor: Viewer, now: datetime) -> Broadcast:
    """Return an unsaved broadcast to try out, though its text may not be finished yet.

    Raises:
        InvalidInput: audience, sender or time cannot be used.
    """
    problems = _time_problems(draft.scheduled_at, now) if draft.scheduled_at else []
    problems += _audience_problems(draft.audience, actor)
    dealer_id, dealer_problems = _sender(draft.dealer_id, actor)
    problems += dealer_problems
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    return Broadcast(
        brand_id=actor.brand_id,
        purpose=draft.purpose,
        body=draft.body,
        link=draft.link if rules.is_web_link(draft.link) else "",
        audience=draft.audience.as_json(),
        dealer_id=dealer_id,
        scheduled_at=draft.scheduled_at,
    )


def _text_problems(name: str, body: str, link: str, purpose: str) -> list[Problem]:
    problems = []
    if not name.strip() or len(name) > 80 or rules.has_control_characters(name):
        problems.append(Problem("/name", "invalid", _("Give it a name of up to 80 characters.")))
    if purpose not in Broadcast.Purpose.values:
        problems.append(Problem("/purpose", "invalid", _("Choose what the message is for.")))
    if not body:
        problems.append(Problem("/body", "required", _("Write the text.")))
    elif len(body) > rules.TEXT_LENGTH:
        text = _("The text has %(length)s characters; %(most)s are allowed.")
        text %= {"length": len(body), "most": rules.TEXT_LENGTH}
        problems.append(Problem("/body", "too_long", text))
    elif rules.has_control_characters(body):
        problems.append(Problem("/body", "invalid", _("The text holds invisible characters.")))
    for unknown in rules.unknown_variables(body):
        known = " ".join(f"{{{variable}}}" for variable in rules.VARIABLES)
        text = _("{%(name)s} is not a variable. There are: %(known)s")
        text %= {"name": unknown, "known": known}
        problems.append(Problem("/body", "unknown_variable", text))
    if link and (len(link) > rules.LINK_LENGTH or not rules.is_web_link(link)):
        text = _("Give a web address that begins with https:// or http://.")
        problems.append(Problem("/link", "invalid", text))
    return problems


def _time_problems(at: datetime, now: datetime) -> list[Problem]:
    if at < now - PAST_TOLERANCE:
        return [Problem("/scheduled_at", "past", _("This time has passed."))]
    if at > now + rules.HORIZON:
        text = _("Plan at most %(days)s days ahead.") % {"days": rules.HORIZON.days}
        return [Problem("/scheduled_at", "too_far", text)]
    return []


def _audience_problems(audience: Audience, actor: Viewer) -> list[Problem]:
    """A foreign dealer or community looks like one that does not exist."""
    problems = []
    if set(audience.kinds) - set(Kind.values):
        problems.append(Problem("/audience/kinds", "unknown", _("There is no such kind.")))
    found = Community.objects.visible_to(actor).filter(pk__in=audience.community_ids).count()
    if found != len(set(audience.community_ids)):
        text = _("There is no such community.")
        problems.append(Problem("/audience/community_ids", "unknown", text))
    found = Dealer.objects.visible_to(actor).filter(pk__in=audience.dealer_ids).count()
    if found != len(set(audience.dealer_ids)):
        problems.append(Problem("/audience/dealer_ids", "unknown", _("There is no such dealer.")))
    if City.objects.filter(pk__in=audience.city_codes).count() != len(set(audience.city_codes)):
        problems.append(Problem("/audience/city_codes", "unknown", _("There is no such city.")))
    return problems


def _sender(dealer_id: int | None, actor: Viewer) -> tuple[int | None, list[Problem]]:
    """Who sends: headquarters may send for all; others for one dealer of theirs."""
    if dealer_id is None and actor.dealer_ids is not None and len(actor.dealer_ids) == 1:
        [dealer_id] = actor.dealer_ids
    if dealer_id is None:
        if actor.is_brand_wide:
            return None, []
        return None, [Problem("/dealer_id", "required", _("Choose the dealer who sends it."))]
    if Dealer.objects.visible_to(actor).filter(pk=dealer_id).exists():
        return dealer_id, []
    return None, [Problem("/dealer_id", "unknown", _("There is no such dealer."))]
