"""One step of applying a plan: the next people of its queue get their seats, or a reason.

The queue is the candidates by group and member. A step takes the next batches, whatever groups
they touch, so that a step costs the same in a brand of a thousand small groups and in one of a
single large group. Locks: the turn of the kind, communities by id, then rooms by id; every service
that gives or takes a seat holds the community first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Max

from communities.communities import services as community_services
from communities.communities.models import Community
from communities.group_building import entry, rules
from communities.group_building import seating_sql as sql
from communities.group_building.models import BuildGroup, BuildRule
from communities.group_building.planning import INSIDE
from communities.policies import rules as policy_rules
from communities.rooms.models import Room
from core.audit import services as audit
from core.kernel.faults import point

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from communities.group_building.rules import FreeRoom, Plan, Span
    from core.kernel.access import Viewer

BATCH_PEOPLE = 50_000
BATCH_GROUPS = 500
WORK_MEM = "32MB"


@dataclass(slots=True)
class Progress:
    """How far a run came and what it did: the cursor of its task, and at the end its report."""

    group_no: int = 1
    member_id: int = 0
    seen: int = 0
    placed: dict[str, int] = field(default_factory=dict)  # by placement
    dropped: dict[str, int] = field(default_factory=dict)  # by exclusion
    rooms: int = 0
    communities: int = 0

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Progress:
        """Read it back."""
        return cls(**{name: value for name, value in cursor.items() if name in cls.__slots__})

    @property
    def people(self) -> int:
        """How many were placed so far."""
        return sum(self.placed.values())

    def as_json(self) -> dict[str, Any]:
        """Return what the task keeps."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Target:
    """A group within reach of this step and, unless it is still missing, its community."""

    group: BuildGroup
    community: Community | None

    @property
    def is_open(self) -> bool:
        """Whether it takes members. One that is still missing will."""
        return self.community is None or self.community.state in community_services.TAKES_MEMBERS


def place_next(
    *, run_id: int, plan: Plan, progress: Progress, last_group: int, actor: Viewer, now: datetime
) -> bool:
    """Seat the next part of the queue and move ``progress`` behind it.

    Returns False when the queue is empty. All writes commit together with the caller's cursor.
    """
    step = _Step(run_id=run_id, plan=plan, progress=progress, actor=actor, now=now)
    return step.work(last_group)


class _Step:
    """One transaction's worth of seats."""

    def __init__(
        self, *, run_id: int, plan: Plan, progress: Progress, actor: Viewer, now: datetime
    ) -> None:
        self.run_id, self.plan, self.progress = run_id, plan, progress
        self.actor, self.now = actor, now
        self.params: dict[str, Any] = {
            "brand": actor.brand_id,
            "run": run_id,
            "rule": plan.rule_id,
            "kind": plan.kind,
            "now": now,
        }

    def work(self, last_group: int) -> bool:
        progress = self.progress
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
            end = self._end_of_batch(cursor, last_group)
            if end is None:
                return False
            point("build.batch_chosen")
            self._take_turns(cursor)
            targets = self._targets(progress.group_no, end[0])
            self._queue(cursor, targets, end)
            counts, dropped = self._counts(cursor)
            homes = self._homes([one for one in targets if counts.get(one.group.group_no)])
            point("build.communities_ready")
            spans = self._spans(homes, counts)
            point("build.rooms_opened")
            if spans:
                self._seat(cursor, homes, spans)
            self._tell(cursor, homes, spans, dropped)
            point("build.members_placed")
        progress.group_no, progress.member_id = end
        progress.seen += sum(counts.values()) + dropped.total()
        return True

    def _end_of_batch(self, cursor: Any, last_group: int) -> tuple[int, int] | None:
        """Return the last candidate of this step, or None when the queue is empty."""
        self.params |= {
            "from_group": self.progress.group_no,
            "from_member": self.progress.member_id,
            "limit": BATCH_PEOPLE,
        }
        most = self.progress.group_no
        while True:
            # Few groups at a time, since each may need a community of its own.
            most = min(most + BATCH_GROUPS, last_group)
            cursor.execute(sql.BATCH_END, self.params | {"most_group": most})
            found = cursor.fetchone()
            if found:
                return int(found[0]), int(found[1])
            if most >= last_group:
                return None

    def _take_turns(self, cursor: Any) -> None:
        """Let runs of other rules that would seat the same people wait until we commit.

        Their communities are not ours, so nothing else keeps two of them apart: each would find
        somebody without a seat of this kind, and both would give one.
        """
        if self.plan.skip == BuildRule.Skip.SAME_KIND:
            cursor.execute(sql.ONE_OF_A_KIND, self.params)

    def _targets(self, first: int, last: int) -> list[Target]:
        """Return the groups within reach with their communities, these locked by id."""
        groups = list(
            BuildGroup.objects.filter(
                brand_id=self.actor.brand_id,
                run_id=self.run_id,
                group_no__range=(first, last),
                candidate_count__gt=0,
            ).order_by("group_no")
        )
        held = {
            community.group_key: community
            for community in Community.objects.select_for_update(no_key=True)
            .filter(
                brand_id=self.actor.brand_id,
                build_rule_id=self.plan.rule_id,
                group_key__in=[group.key for group in groups],
            )
            .exclude(state=Community.State.ARCHIVED)
            .order_by("pk")
        }
        return [Target(group, held.get(group.key)) for group in groups]

    def _queue(self, cursor: Any, targets: Sequence[Target], end: tuple[int, int]) -> None:
        """Copy the people of this step aside, each with the reason why they get no seat, if any."""
        inside = INSIDE[self.plan.skip] if self.plan.skip != BuildRule.Skip.NOBODY else "false"
        self.params |= {"to_group": end[0], "to_member": end[1]}
        targeted = {
            "groups": [one.group.group_no for one in targets],
            "communities": [one.community.pk if one.community else None for one in targets],
            "open": [one.is_open for one in targets],
        }
        cursor.execute("DROP TABLE IF EXISTS pg_temp.build_batch, pg_temp.build_queue")
        cursor.execute(sql.BATCH, self.params | targeted)
        cursor.execute(sql.QUEUE.format(inside=inside), self.params)
        if not self.plan.promotes:
            brand_id = self.actor.brand_id
            entry.leave_out(
                cursor, stage=entry.APPLYING, plan=self.plan, brand_id=brand_id, now=self.now
            )

    def _homes(self, targets: Sequence[Target]) -> dict[int, Community]:
        """Return the community of every group that has people to seat; missing ones are created."""
        homes = {one.group.group_no: one.community for one in targets if one.community}
        missing = [one.group for one in targets if one.community is None]
        created = Community.objects.bulk_create([self._community(group) for group in missing])
        data = {"kind": self.plan.kind, "build_run": self.run_id}
        audit.record_each(
            action="community.created",
            told=[(community, data) for community in created],
            actor=self.actor,
            now=self.now,
        )
        self.progress.communities += len(created)
        return homes | {
            group.group_no: community for group, community in zip(missing, created, strict=True)
        }

    def _community(self, group: BuildGroup) -> Community:
        filled = rules.filled_name(facts=group.facts, plan=self.plan)
        return Community(
            brand_id=self.actor.brand_id,
            kind=self.plan.kind,
            name=policy_rules.community_name(filled),
            topic=rules.topic_of(group.facts, self.plan),
            dealer_id=group.facts.get("dealer_id"),
            city_id=group.facts.get("city_code"),
            build_rule_id=self.plan.rule_id,
            group_key=group.key,
            room_name_template=filled,
            room_cap=self.plan.room_cap,
            ends_at=self.plan.end,
            created_at=self.now,
        )

    def _counts(self, cursor: Any) -> tuple[dict[int, int], Counter[str]]:
        """Return how many of each group want a seat, and how many get none for which reason."""
        cursor.execute(sql.COUNTS)
        wanting: dict[int, int] = {}
        dropped: Counter[str] = Counter()
        for group_no, exclusion, people in cursor.fetchall():
            if exclusion:
                dropped[exclusion] += people
            else:
                wanting[group_no] = people
        return wanting, dropped

    def _spans(
        self, homes: Mapping[int, Community], counts: Mapping[int, int]
    ) -> dict[int, list[Span]]:
        """Return who sits where, by group; the rooms that are still missing are opened."""
        ids = [community.pk for community in homes.values()]
        free = self._free_rooms(ids)
        last = dict(
            Room.objects.filter(brand_id=self.actor.brand_id, community_id__in=ids)
            .values_list("community_id")
            .annotate(last=Max("number"))
        )
        spans = {
            group_no: rules.seat_people(
                people=counts[group_no],
                free=free[community.pk],
                last_number=last.get(community.pk, 0),
                cap=community.room_cap,
            )
            for group_no, community in homes.items()
        }
        opened = self._open(
            [
                (homes[group_no], span.number)
                for group_no, own in spans.items()
                for span in own
                if span.room_id is None
            ]
        )
        return {
            group_no: [
                replace(span, room_id=span.room_id or opened[homes[group_no].pk, span.number])
                for span in own
            ]
            for group_no, own in spans.items()
        }

    def _free_rooms(self, community_ids: Sequence[int]) -> dict[int, list[FreeRoom]]:
        free: dict[int, list[FreeRoom]] = defaultdict(list)
        rows = (
            Room.objects.with_seats()
            .select_for_update(no_key=True)
            .filter(brand_id=self.actor.brand_id, community_id__in=community_ids)
            .order_by("pk")
        )
        for room in rows:
            free[room.community_id].append(
                rules.FreeRoom(
                    room_id=room.pk,
                    number=room.number,
                    seats=room.cap - room.member_count,
                    last_seq=room.last_seq,
                    is_ours=room.build_run_id == self.run_id,
                )
            )
        return free

    def _open(self, missing: Sequence[tuple[Community, int]]) -> dict[tuple[int, int], int]:
        rooms = Room.objects.bulk_create(
            [
                Room(
                    brand_id=community.brand_id,
                    community=community,
                    number=number,
                    name=policy_rules.room_name(community.room_name_template, number),
                    cap=community.room_cap,
                    build_run_id=self.run_id,
                    created_at=self.now,
                )
                for community, number in missing
            ]
        )
        self.progress.rooms += len(rooms)
        return {(room.community_id, room.number): room.pk for room in rooms}

    def _seat(
        self, cursor: Any, homes: Mapping[int, Community], spans: Mapping[int, Sequence[Span]]
    ) -> None:
        """Give every place of the queue its room; groups stand behind each other as in the queue.

        Raises:
            RuntimeError: fewer got a seat than were counted; nothing of the step is kept.
        """
        flat = [(homes[group_no], span) for group_no in sorted(spans) for span in spans[group_no]]
        people = [span.people for _home, span in flat]
        seats = {
            "communities": [home.pk for home, _span in flat],
            "rooms": [span.room_id for _home, span in flat],
            "firsts": [1 + before for before in accumulate(people[:-1], initial=0)],
            "placements": [span.placement for _home, span in flat],
            "read_seqs": [span.read_seq for _home, span in flat],
        }
        cursor.execute(sql.SEAT, self.params | seats)
        if cursor.rowcount != sum(people):
            raise RuntimeError(f"{cursor.rowcount} of {sum(people)} people got their seat")

    def _tell(
        self,
        cursor: Any,
        homes: Mapping[int, Community],
        spans: Mapping[int, Sequence[Span]],
        dropped: Counter[str],
    ) -> None:
        """Add what was done to the groups and to the run's own counts, and who was left out."""
        for span in chain.from_iterable(spans.values()):
            _add(self.progress.placed, span.placement, span.people)
        for exclusion, people in dropped.items():
            _add(self.progress.dropped, exclusion, people)
        if dropped:
            cursor.execute(sql.LEFT_OUT, self.params)
        told = {
            "groups": list(homes),
            "communities": [community.pk for community in homes.values()],
            "placed": [sum(span.people for span in spans[group_no]) for group_no in homes],
        }
        cursor.execute(sql.TELL_GROUPS, self.params | told)


def _add(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + int(number)
