"""draft | active → closing → archived. The row itself; its rooms and people have their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from communities.communities.models import Community
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from communities.policies.selectors import current_policy
from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound, Problem, StaleVersion
from core.organizations.models import Brand, City, Dealer

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

TAKES_MEMBERS = (Community.State.DRAFT, Community.State.ACTIVE)


class CommunityClosed(DomainError):
    """The community is closing or archived, so nobody can join and nothing can be changed."""

    code = "community_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a new community should be. Empty names and caps come from the kind's policy."""

    kind: str
    dealer_id: int | None = None
    city_code: str = ""
    topic: str = ""
    name: str = ""
    room_cap: int | None = None
    start_label: str = ""


@transaction.atomic
def create_community(*, wanted: Wanted, actor: Viewer, now: datetime) -> Community:
    """Create a community without rooms; see ``rooms.services.open_community``.

    Raises:
        InvalidInput: a value makes no sense, or the dealer is not the actor's.
        PolicyMissing: the brand has no policy of this kind yet.
    """
    actor.require(Permission.COMMUNITIES_EDIT)
    if wanted.kind not in Kind.values:
        raise InvalidInput.on("/kind", _("Choose one of the four kinds."))
    policy = current_policy(brand_id=actor.brand_id, kind=wanted.kind)
    dealer, city = _place(wanted, actor)
    facts = {
        "brand": Brand.objects.get(pk=actor.brand_id).name,
        "dealer": dealer.name if dealer else "",
        "city": city.short_name if city else "",
        "topic": wanted.topic,
        "start": wanted.start_label,
    }
    # A name given by hand replaces the template as a whole; rooms are then numbered after it.
    template = wanted.name or policy.name_template
    name = wanted.name or policy_rules.community_name(template, facts)
    cap = wanted.room_cap or policy.room_cap
    check_words(name=name, topic=wanted.topic, room_cap=cap)
    community = Community.objects.create(
        brand_id=actor.brand_id,
        kind=wanted.kind,
        name=name,
        topic=wanted.topic,
        dealer=dealer,
        city=city,
        room_name_template=room_template(given_name=wanted.name, template=template, facts=facts),
        room_cap=cap,
        created_at=now,
    )
    audit.record(
        action="community.created",
        subject=community,
        actor=actor,
        now=now,
        data={"kind": community.kind, "room_cap": cap},
    )
    return community


def _place(wanted: Wanted, actor: Viewer) -> tuple[Dealer | None, City | None]:
    dealer = None
    if wanted.dealer_id is not None:
        dealer = Dealer.objects.visible_to(actor).filter(pk=wanted.dealer_id).first()
        if dealer is None:
            raise InvalidInput.on("/dealer", _("This dealer does not exist."), "unknown_choice")
    elif not actor.is_brand_wide:
        raise InvalidInput.on("/dealer", _("Choose the dealer who runs it."), "required")
    code = wanted.city_code or (dealer.city_id if dealer else "")
    city = City.objects.filter(pk=code).first() if code else None
    if code and city is None:
        raise InvalidInput.on("/city", _("This city does not exist."), "unknown_choice")
    return dealer, city


def room_template(*, given_name: str, template: str, facts: dict[str, str]) -> str:
    """Return the pattern of the rooms' names, in which only the number is left open."""
    if given_name:
        stem = given_name.replace("{", "(").replace("}", ")")
        return f"{stem[: policy_rules.TEMPLATE_LENGTH - 4]} {policy_rules.NUMBER}"
    return policy_rules.fill(template, facts)


@transaction.atomic
def edit_community(
    *,
    community: Community,
    name: str,
    topic: str,
    room_cap: int,
    version: int,
    actor: Viewer,
    now: datetime,
) -> Community:
    """Rename a community or change the seats of its future rooms; open rooms keep their cap.

    Raises:
        StaleVersion: somebody changed it since ``version`` was read.
        CommunityClosed: it is closing or archived.
        InvalidInput: a value makes no sense.
    """
    actor.require(Permission.COMMUNITIES_EDIT)
    held = lock_community(community_id=community.pk, actor=actor)
    if held.version != version:
        raise StaleVersion(_("Somebody changed this community meanwhile. Look at it again."))
    require_open(held)
    name, topic = name.strip(), topic.strip()
    check_words(name=name, topic=topic, room_cap=room_cap)
    changed = {
        field: [getattr(held, field), value]
        for field, value in (("name", name), ("topic", topic), ("room_cap", room_cap))
        if getattr(held, field) != value
    }
    if not changed:
        return held
    if "name" in changed:
        held.room_name_template = room_template(given_name=name, template="", facts={})
    held.name, held.topic, held.room_cap = name, topic, room_cap
    held.version += 1
    held.save()
    audit.record(action="community.changed", subject=held, actor=actor, now=now, data=changed)
    return held


def start_label(*, start: datetime) -> str:
    """Return a local time as names say it, such as 11月28日19点."""
    return _("%(month)d-%(day)d %(hour)d:00") % {
        "month": start.month,
        "day": start.day,
        "hour": start.hour,
    }


def check_words(*, name: str, topic: str, room_cap: int) -> None:
    """Refuse names and caps that cannot be used.

    Raises:
        InvalidInput: naming every field at fault.
    """
    problems = []
    if not name.strip() or len(name) > 120:
        text = _("Give it a name of at most 120 characters.")
        problems.append(Problem("/name", "bad_length", text))
    if len(topic) > 40:
        problems.append(Problem("/topic", "too_long", _("Use at most 40 characters.")))
    spelling = policy_rules.letters_problem
    if mixed := spelling(topic, "/topic") or spelling(name, "/name"):
        problems.append(mixed)  # A name made from the topic is at fault with it.
    if not policy_rules.MIN_CAP <= room_cap <= policy_rules.MAX_CAP:
        text = _("This must lie within %(low)s and %(high)s.") % {
            "low": policy_rules.MIN_CAP,
            "high": policy_rules.MAX_CAP,
        }
        problems.append(Problem("/room_cap", "out_of_range", text))
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))


def lock_community(*, community_id: int, actor: Viewer) -> Community:
    """Lock and return a community: whoever gives or takes seats in it holds this lock first.

    NO KEY, so that rows which merely name the community are not kept waiting.

    Raises:
        NotFound: it does not exist for the actor.
    """
    held = (
        Community.objects.visible_to(actor)
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=community_id)
        .first()
    )
    if held is None:
        raise NotFound(_("This community does not exist."))
    return held


def require_open(community: Community) -> None:
    """Refuse to change a community that is closing or archived.

    Raises:
        CommunityClosed: it is.
    """
    if community.state not in TAKES_MEMBERS:
        raise CommunityClosed(_("“%s” is closed.") % community.name)
