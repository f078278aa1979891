"""draft | active → closing → archived. The row itself; its rooms and people have their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.communities.models import Community
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from communities.policies.selectors import current_policies, current_policy
from core.audit import services as audit
from core.kernel.access import Permission, system_viewer
from core.kernel.errors import DomainError, InvalidInput, NotFound, Problem, StaleVersion
from core.organizations.models import Brand, City, Dealer

if TYPE_CHECKING:
    from communities.policies.models import CommunityPolicy
    from core.kernel.access import Viewer

TAKES_MEMBERS = (Community.State.DRAFT, Community.State.ACTIVE)
CLOSED_AT_ONCE = 200


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
    event: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


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
    _check_event(wanted, policy, now)
    facts = {
        "brand": Brand.objects.get(pk=actor.brand_id).name,
        "dealer": dealer.name if dealer else "",
        "city": city.short_name if city else "",
        "topic": wanted.topic,
        "event": wanted.event,
    }
    start = timezone.localtime(wanted.starts_at) if wanted.starts_at else None
    # A name given by hand replaces the template as a whole; rooms are then numbered after it.
    filled = policy_rules.fill(policy.name_template, facts, start=start)
    name = wanted.name or policy_rules.community_name(filled)
    cap = wanted.room_cap or policy.room_cap
    check_words(name=name, topic=wanted.topic, room_cap=cap)
    community = Community.objects.create(
        brand_id=actor.brand_id,
        kind=wanted.kind,
        name=name,
        topic=wanted.topic,
        dealer=dealer,
        city=city,
        room_name_template=room_template(given_name=wanted.name) if wanted.name else filled,
        room_cap=cap,
        ends_at=wanted.ends_at,
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


def _check_event(wanted: Wanted, policy: CommunityPolicy, now: datetime) -> None:
    problems = policy_rules.event_problems(
        event=wanted.event,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        needs_end=policy.ends_with_event,
        now=now,
    )
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))


def room_template(*, given_name: str) -> str:
    """Return the pattern of rooms' names after a name given by hand, with the number left open."""
    stem = given_name.replace("{", "(").replace("}", ")")
    return f"{stem[: policy_rules.TEMPLATE_LENGTH - 4]} {policy_rules.NUMBER}"


@transaction.atomic
def edit_community(
    *,
    community: Community,
    name: str,
    topic: str,
    room_cap: int,
    ends_at: datetime | None,
    version: int,
    actor: Viewer,
    now: datetime,
) -> Community:
    """Rename a community, change the seats of its future rooms or when it ends.

    Open rooms keep their cap. What was made for an event keeps an end.

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
    if held.ends_at and ends_at == held.ends_at.replace(second=0, microsecond=0):
        ends_at = held.ends_at  # A form knows minutes only.
    if ends_at != held.ends_at:
        policy = current_policy(brand_id=held.brand_id, kind=held.kind)
        _check_event(Wanted(kind=held.kind, ends_at=ends_at), policy, now)
    wanted = {"name": name, "topic": topic, "room_cap": room_cap, "ends_at": ends_at}
    changed = {
        field: [_plain(getattr(held, field)), _plain(value)]
        for field, value in wanted.items()
        if getattr(held, field) != value
    }
    if not changed:
        return held
    if "name" in changed:
        held.room_name_template = room_template(given_name=name)
    held.name, held.topic, held.room_cap, held.ends_at = name, topic, room_cap, ends_at
    held.version += 1
    held.save()
    audit.record(action="community.changed", subject=held, actor=actor, now=now, data=changed)
    return held


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


@transaction.atomic
def close_ended(*, brand_id: int, now: datetime, limit: int = CLOSED_AT_ONCE) -> int:
    """Let communities begin to close whose event was over long enough ago; return how many.

    A closing community takes no members and no broadcasts. Who is asked where next, and that its
    rooms are dissolved, is for people to decide. Each is told of once; one that somebody holds
    waits for the next sweep.
    """
    policies = current_policies(brand_id=brand_id)
    over = Q()
    for kind in Kind.values:
        hours = policies[kind].closing_hours if kind in policies else policy_rules.CLOSING_HOURS
        over |= Q(kind=kind, ends_at__lte=now - timedelta(hours=hours))
    held = list(
        Community.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(over, brand_id=brand_id, state__in=TAKES_MEMBERS, ends_at__isnull=False)
        .order_by("pk")[:limit]
    )
    Community.objects.filter(brand_id=brand_id, pk__in=[one.pk for one in held]).update(
        state=Community.State.CLOSING, version=F("version") + 1
    )
    audit.record_each(
        action="community.closing",
        told=[(community, {"ended": _plain(community.ends_at)}) for community in held],
        actor=system_viewer(brand_id),
        now=now,
    )
    return len(held)


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
    if community.state == Community.State.CLOSING:
        text = _("“%s” is closing: it takes no more members and nothing in it changes.")
        raise CommunityClosed(text % community.name)
    if community.state not in TAKES_MEMBERS:
        raise CommunityClosed(_("“%s” is closed.") % community.name)
