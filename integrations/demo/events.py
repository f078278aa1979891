"""Events of a demonstration brand: past and coming, at headquarters and at dealers, with people.

Planned by the product's own services; who registered and came is written set by set, of members
who were active since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from core.kernel.access import Viewer, system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Dealer
from events.calendar import services
from events.calendar.rules import Move
from events.calendar.services import Wanted
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Callable

    from events.calendar.models import Event

# At most so many register for one of the brand's own events, however large the brand is.
MOST = 2_500
DEALERS = 8


@dataclass(frozen=True, slots=True)
class Planned:
    """An event so many days from today; ``places`` None stands for no limit."""

    kind: str
    name: str
    days: int
    hour: int
    hours: int
    places: int | None = None
    guests: int = 0
    is_online: bool = False
    venue: str = ""


OF_BRAND = (
    Planned("user_meeting", "第三季度用户见面会", -62, 14, 3, 300, 1, venue="品牌体验中心"),
    Planned("live", "智能驾驶功能直播课", -48, 20, 2, is_online=True),
    Planned("charity", "一公里公益健走", -34, 9, 3, 2_000, 2, venue="滨江公园"),
    Planned("live", "冬季用车答疑直播", -20, 20, 1, is_online=True),
    Planned("drive", "千车环湖自驾", -9, 8, 10, 1_500, 3, venue="环湖路集合点"),
    Planned("live", "年度车主夜线上专场", 6, 20, 2, is_online=True),
    Planned("user_meeting", "第四季度用户见面会", 24, 14, 3, 300, 1, venue="品牌体验中心"),
)
OF_DEALERS = (
    Planned("meet_up", "{city}车友咖啡局", -75, 14, 3, 40, 1, venue="门店休息区"),
    Planned("salon", "{city}露营装备沙龙", -26, 15, 2, 30, 1, venue="门店活动室"),
    Planned("delivery", "{city}集体交车仪式", 4, 10, 2, 60, 3, venue="门店交付区"),
)
# Every third of the chosen dealers also has one of these.
SOMETIMES = (
    Planned("sport", "{city}车主羽毛球赛", -13, 18, 3, 32, venue="体育馆"),
    Planned("test_drive", "{city}新车试驾日", 11, 9, 8, 50, 2, venue="门店试驾场"),
)
# Regulars are registered for all; the others for some. Stays within the places, guests among them.
REGISTER = """
INSERT INTO events_registration (brand_id, event_id, member_id, state, guests, source,
    registered_at, checked_in_at, cancelled_at)
SELECT %(brand)s, %(event)s, id, said.state, 0, 'api', said.at,
    CASE WHEN said.state = 'checked_in'
        THEN %(starts)s::timestamptz + (id %% 25) * interval '1 minute' END,
    CASE WHEN said.state = 'cancelled' THEN said.at + interval '20 hours' END
FROM (
    SELECT id, joined_on FROM members_member
    WHERE brand_id = %(brand)s AND (%(dealer)s::bigint IS NULL OR home_dealer_id = %(dealer)s)
      AND id %% 11 = ANY(%(shares)s) AND joined_on < %(starts)s::date - 20
      AND (last_active_at > %(starts)s::timestamptz + interval '1 day' OR NOT %(is_past)s)
    ORDER BY id LIMIT %(most)s
) AS who
CROSS JOIN LATERAL (
    SELECT CASE
            WHEN (id * 7 + %(event)s) %% 20 < 2 THEN 'cancelled'
            WHEN %(is_past)s AND (id * 7 + %(event)s) %% 20 >= 5 THEN 'checked_in'
            ELSE 'registered'
        END AS state,
        least(%(now)s::timestamptz, %(starts)s::timestamptz)
            - interval '2 days' - (id %% 150) * interval '1 hour' AS at
) AS said
"""


def build(*, brand_id: int, clock: Callable[[], datetime]) -> int:
    """Plan the events, publish them, let members register and come; return how many events."""
    actor = system_viewer(brand_id, "演示数据")
    with tenant(brand_id):
        dealers = list(
            Dealer.objects.filter(brand_id=brand_id)
            .select_related("city")
            .order_by("city", "pk")
            .distinct("city")[:DEALERS]
        )
        newest = Member.objects.filter(brand_id=brand_id).order_by("-pk").first()
        oldest = Member.objects.filter(brand_id=brand_id).order_by("pk").first()
        some = max(1, min(MOST, (newest.pk - oldest.pk) // 8)) if newest and oldest else 0
        number = 0
        for number, (planned, dealer) in enumerate(_plan(dealers), 1):
            event = _plan_one(planned, dealer, actor, clock(), number)
            _fill(event, number, some, clock())
            if event.ends_at < clock():
                _move(event, Move.CLOSE, actor, clock())
    return number


def _plan(dealers: list[Dealer]) -> list[tuple[Planned, Dealer | None]]:
    found: list[tuple[Planned, Dealer | None]] = [(planned, None) for planned in OF_BRAND]
    for index, dealer in enumerate(dealers):
        own = OF_DEALERS if index % 3 else OF_DEALERS + SOMETIMES
        found += [(planned, dealer) for planned in own]
    return found


def _plan_one(
    planned: Planned, dealer: Dealer | None, actor: Viewer, now: datetime, number: int
) -> Event:
    today = timezone.localtime(now).date()
    day = today + timedelta(days=planned.days)
    starts = timezone.make_aware(datetime.combine(day, time(planned.hour)))
    wanted = Wanted(
        kind=planned.kind,
        name=planned.name.format(city=dealer.city.short_name if dealer else ""),
        starts_at=starts,
        ends_at=starts + timedelta(hours=planned.hours),
        is_online=planned.is_online,
        venue=planned.venue,
        city_id=dealer.city_id if dealer else None,
        dealer_id=dealer.pk if dealer else None,
        capacity=planned.places,
        guests_each=planned.guests,
        external_no=f"EV-{starts:%Y%m%d}-{number:02d}",
    )
    event = services.create_event(wanted=wanted, actor=actor, now=now)
    return _move(event, Move.PUBLISH, actor, now)


def _move(event: Event, move: Move, actor: Viewer, now: datetime) -> Event:
    return services.move_event(
        event_id=event.pk, move=move, version=event.version, actor=actor, now=now
    )


def _fill(event: Event, number: int, some: int, now: datetime) -> None:
    values: dict[str, Any] = {
        "brand": event.brand_id,
        "event": event.pk,
        "dealer": event.dealer_id,
        "starts": event.starts_at,
        "now": now,
        "is_past": event.ends_at < now,
        "shares": [0, number % 11, number * 3 % 11],
        "most": min(some, event.capacity or some),
    }
    with connection.cursor() as cursor:
        cursor.execute(REGISTER, values)
