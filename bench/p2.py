"""P2: place members by dealer into rooms of 200, existing rooms filled first.

floor: one INSERT … SELECT of the very membership rows that our run produced, known beforehand.
usual: the ORM, dealer by dealer and room by room, with ``bulk_create``.
ours: plan and apply together, through the task that a worker steps.
"""

import argparse
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, connections
from django.utils import timezone

from bench.memory import forget_peak, peak_mb
from bench.report import Report, Result, in_turn
from communities.communities.models import Community
from communities.group_building import services
from communities.group_building.models import BuildRule, BuildRun
from communities.group_building.services import RuleWanted
from communities.memberships.models import Membership
from communities.policies.services import install_default_policies
from communities.rooms.models import Room
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand, Dealer
from core.runs.services import work_due
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL = 1.5
CAP = 200
MEMBERS = 1_000_000
TABLES = ("communities_membership", "communities_room", "communities_candidatebatch")

# A member in twenty has not agreed; a member in a hundred has no dealer.
PEOPLE = """
    INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender, city_id,
        home_dealer_id, stage, source, created_at, updated_at, version)
    SELECT %(brand)s, '车主' || n, '', '', '', dealer.city_id,
        CASE WHEN n %% 100 <> 0 THEN dealer.id END, 'growth', 'demo', now(), now(), 1
    FROM generate_series(1, %(members)s::bigint) AS n
    JOIN (SELECT id, city_id, row_number() OVER (ORDER BY id) - 1 AS place FROM core_dealer
        WHERE brand_id = %(brand)s) AS dealer ON dealer.place = (n * 7919) %% %(dealers)s
"""
CONSENTS = """
    INSERT INTO members_consent (brand_id, member_id, purpose, version, given_at, evidence)
    SELECT brand_id, id, 'community', '1', now(), 'bench' FROM members_member
    WHERE brand_id = %(brand)s AND id %% 20 <> 0
"""
# Every second dealer has a community whose first room is half full.
HOMES = """
    INSERT INTO communities_community (brand_id, kind, name, topic, state, dealer_id, build_rule_id,
        group_key, room_name_template, room_cap, created_at, version)
    SELECT brand_id, 'service', name, '', 'active', id, %(rule)s, 'dealer=' || id,
        name || ' {n}', %(cap)s, now(), 1
    FROM core_dealer WHERE brand_id = %(brand)s AND id %% 2 = 0
"""
ROOMS = """
    INSERT INTO communities_room (brand_id, community_id, number, name, channel, state, cap,
        member_count, last_seq, created_at)
    SELECT brand_id, id, 1, name, 'in_app', 'open', %(cap)s, 0, 0, now()
    FROM communities_community WHERE brand_id = %(brand)s AND build_rule_id = %(rule)s
"""
SITTING = """
    INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role, source,
        placement, joined_at, read_seq)
    SELECT room.brand_id, room.community_id, room.id, seated.id, 'member', 'manual', '', now(), 0
    FROM communities_room AS room
    JOIN communities_community AS home ON home.id = room.community_id
        AND home.brand_id = %(brand)s AND home.build_rule_id = %(rule)s
    JOIN LATERAL (SELECT id FROM members_member WHERE brand_id = %(brand)s
        AND home_dealer_id = home.dealer_id ORDER BY id LIMIT %(half)s) AS seated ON true
    WHERE room.brand_id = %(brand)s
"""
KEEP = """
    CREATE UNLOGGED TABLE bench_p2_seats AS
    SELECT brand_id, community_id, room_id, member_id, role, source, placement, build_run_id,
        joined_at, read_seq
    FROM communities_membership WHERE brand_id = %s AND build_run_id IS NOT NULL ORDER BY id
"""
FLOOR = """
    INSERT INTO communities_membership (brand_id, community_id, room_id, member_id, role, source,
        placement, build_run_id, joined_at, read_seq)
    SELECT * FROM bench_p2_seats
"""


def run(options: argparse.Namespace) -> Report:
    """Measure every size up to ``options.members``."""
    most = options.members or MEMBERS
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size < most] + [most]
    results = [Bench(size).measure(options.rounds) for size in sizes]
    ratio = results[-1].ratio_to_floor or 0
    return Report(
        title="place members by dealer into rooms of 200, existing rooms filled first",
        goal=f"≤ {GOAL} × floor",
        met=ratio <= GOAL,
        judged_from=MEMBERS,
        results=results,
    )


class Bench:
    """One brand of one size, measured again and again from the same state."""

    def __init__(self, members: int) -> None:
        self.members = members
        self.brand = Brand.objects.create(
            code=f"p2-{members}-{time.time_ns() % 10**9}", name="远航汽车"
        )
        self.viewer = system_viewer(self.brand.pk, "bench")
        self.parts: dict[str, list[float]] = {"plan": [], "apply": []}
        self.steps: list[int] = []
        self.grew: list[int] = []
        self.rules = 0
        self.rule: BuildRule
        self._prepare()

    def measure(self, rounds: int) -> Result:
        jobs: dict[str, Callable[[], object]] = {
            "ours": self.ours,
            "floor": self.floor,
            "usual": self.usual,
        }
        # The usual way takes longer than all else; once is enough for context.
        seconds = in_turn(jobs, rounds=1, before=self.reset)
        del jobs["usual"]
        for name, times in in_turn(jobs, rounds=rounds - 1, before=self.reset).items():
            seconds[name] += times
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM bench_p2_seats")
            placed = cursor.fetchone()[0]
            cursor.execute("DROP TABLE bench_p2_seats")
        notes: dict[str, Any] = {
            "placed": placed,
            "plan_s": [round(value, 2) for value in self.parts["plan"]],
            "apply_s": [round(value, 2) for value in self.parts["apply"]],
            "steps": self.steps,
            "python_grew_mb": max(self.grew),
        }
        return Result(members=self.members, notes=notes, **seconds)

    def ours(self) -> None:
        """Plan a run, confirm it and work both tasks off."""
        held, start = forget_peak(), time.perf_counter()
        with tenant(self.brand.pk):
            run = services.plan_run(rule_id=self.rule.pk, actor=self.viewer, now=timezone.now())
        self._work()
        planned = time.perf_counter()
        with tenant(self.brand.pk):
            services.confirm_run(run_id=run.pk, actor=self.viewer, now=timezone.now())
        self.steps.append(self._work())
        self.parts["plan"].append(planned - start)
        self.parts["apply"].append(time.perf_counter() - planned)
        self.grew.append(peak_mb() - held)
        with tenant(self.brand.pk):
            run = BuildRun.objects.get(pk=run.pk)
            if run.state != BuildRun.State.APPLIED:
                raise RuntimeError(run.state)

    def _work(self) -> int:
        return work_due(brand_id=self.brand.pk, clock=timezone.now, budget=timedelta(hours=2))

    def floor(self) -> None:
        """Insert the rows of our last run in one statement; its rooms are there."""
        with tenant(self.brand.pk), connection.cursor() as cursor:
            cursor.execute(FLOOR)

    def usual(self) -> None:
        """What one would write first."""
        now = timezone.now()
        with tenant(self.brand.pk):
            dealers = list(Dealer.objects.filter(brand=self.brand))
        for dealer in dealers:
            with tenant(self.brand.pk):
                self._usual_dealer(dealer, now)

    def _usual_dealer(self, dealer: Dealer, now: Any) -> None:
        people = list(
            Member.objects.filter(
                brand=self.brand,
                home_dealer=dealer,
                consents__purpose="community",
                consents__withdrawn_at=None,
            )
            .exclude(
                pk__in=Membership.objects.filter(
                    brand=self.brand, community__kind="service", left_at=None
                ).values("member_id")
            )
            .order_by("pk")
        )
        community, _ = Community.objects.get_or_create(
            brand=self.brand,
            build_rule_id=self.rule.pk,
            group_key=f"dealer={dealer.pk}",
            defaults={
                "kind": "service",
                "name": dealer.name,
                "dealer": dealer,
                "room_name_template": "{n}",
                "room_cap": CAP,
                "created_at": now,
            },
        )
        while people:
            room = Room.objects.with_seats().filter(community=community).order_by("number").first()
            if room is None:
                number = Room.objects.filter(community=community).count() + 1
                room = Room.objects.create(
                    brand=self.brand,
                    community=community,
                    number=number,
                    name=f"{dealer.name} {number}",
                    cap=CAP,
                    created_at=now,
                    build_run_id=0,
                )
            seats = room.cap - room.member_count
            some, people = people[:seats], people[seats:]
            Membership.objects.bulk_create(
                [
                    Membership(
                        brand=self.brand,
                        community=community,
                        room=room,
                        member=member,
                        source="build",
                        placement="existing",
                        build_run_id=0,
                        joined_at=now,
                    )
                    for member in some
                ]
            )

    def reset(self, job: str) -> None:
        """Go back to the state before any run, without what deleted rows leave behind.

        Rooms stay, since deleting them would look for their seats one by one: our run and the
        usual way start under a new rule, with new half-full rooms; the floor gets our last rooms.
        """
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT set_config('app.brand_id', %s, false)", [str(self.brand.pk)])
            if job == "floor":
                cursor.execute("DROP TABLE IF EXISTS bench_p2_seats")
                cursor.execute(KEEP, [self.brand.pk])
                role = connection.settings_dict["USER"]
                cursor.execute(f'GRANT SELECT ON bench_p2_seats TO "{role}"')
                cursor.execute("ANALYZE bench_p2_seats")
            placed = " AND build_run_id IS NOT NULL" if job == "floor" else ""
            cursor.execute(
                f"DELETE FROM communities_membership WHERE brand_id = %s{placed}", [self.brand.pk]
            )
            cursor.execute(
                "DELETE FROM communities_candidatebatch WHERE brand_id = %s", [self.brand.pk]
            )
        if job != "floor":
            self._new_rule()
        with connections["owner"].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"VACUUM ANALYZE {table}")

    def _new_rule(self) -> None:
        self.rules += 1
        with tenant(self.brand.pk), connection.cursor() as cursor:
            self.rule = services.create_rule(
                wanted=RuleWanted(
                    name=f"P2 {self.rules}", kind="service", group_by=("dealer",), room_cap=CAP
                ),
                actor=self.viewer,
                now=timezone.now(),
            )
            params = {
                "brand": self.brand.pk,
                "rule": self.rule.pk,
                "cap": CAP,
                "half": CAP // 2,
            }
            for statement in (HOMES, ROOMS, SITTING):
                cursor.execute(statement, params)

    def _prepare(self) -> None:
        dealers = max(12, min(1200, self.members // 800))
        params = {"brand": self.brand.pk, "members": self.members, "dealers": dealers}
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_city (code, name, province_name)"
                " VALUES ('3301', '杭州市', '浙江省') ON CONFLICT DO NOTHING"
            )
        with tenant(self.brand.pk), connection.cursor() as cursor:
            install_default_policies(brand=self.brand, actor=self.viewer, now=timezone.now())
            cursor.execute(
                "INSERT INTO core_region (brand_id, code, name) VALUES (%(brand)s, 'r', '华东')"
                " RETURNING id",
                params,
            )
            params["region"] = cursor.fetchone()[0]
            cursor.execute(
                "INSERT INTO core_dealer (brand_id, region_id, code, name, city_id, is_active)"
                " SELECT %(brand)s, %(region)s, 'D' || n, '远航中心' || n, '3301', true"
                " FROM generate_series(1, %(dealers)s) AS n",
                params,
            )
        for statement in (PEOPLE, CONSENTS):
            with tenant(self.brand.pk), connection.cursor() as cursor:
                cursor.execute(statement, params)
            with connections["owner"].cursor() as cursor:
                cursor.execute("VACUUM ANALYZE members_member, members_consent")
