"""LIVE: a segment of six conditions kept up to date after a thousand members changed.

floor: the six conditions of P1 asked by hand of the thousand alone, without keeping anything.
usual: the whole segment computed anew, by the same compiled statement. ours: what the worker does,
from the marks that triggers left to the kept members, as the application's role.
"""

import argparse
from itertools import count

from django.db import connection
from django.utils import timezone

from bench import p1
from bench.data import brand_of
from bench.report import Report, Result, in_turn
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.live import services
from members.live.models import LiveSegment, TouchedMember
from members.profiles.models import Member
from members.segments import selectors
from members.segments.services import create_segment

MEMBERS, CHANGED = 1_000_000, 1000
GOAL_SECONDS = 1.0


def run(options: argparse.Namespace) -> Report:
    """Measure one size.

    Raises:
        RuntimeError: the kept members are not those that the conditions select.
    """
    members = options.members or MEMBERS
    bench = Bench(p1.Bench(brand_of(members), members))
    jobs = {"floor": bench.floor, "usual": bench.usual, "ours": bench.ours}
    try:
        seconds = in_turn(jobs, rounds=options.rounds, before=bench.change)
        bench.check()
    finally:
        bench.end()
    result = Result(members=members, notes={"changed": CHANGED, "kept": bench.kept}, **seconds)
    return Report(
        title="a live segment of six conditions after a thousand members changed",
        goal=f"at most {GOAL_SECONDS:.0f} s",
        met=max(seconds["ours"]) <= GOAL_SECONDS,
        judged_from=MEMBERS,
        results=[result],
    )


class Bench:
    """One live segment of one brand."""

    def __init__(self, asked: p1.Bench) -> None:
        self.asked, self.brand_id = asked, asked.brand.pk
        self.turn, self.kept = count(1), 0
        self.changed: list[int] = []
        actor, now = system_viewer(self.brand_id), timezone.now()
        with tenant(self.brand_id):
            name = f"bench {now:%H:%M:%S.%f}"
            self.segment = create_segment(name=name, tree=asked.tree, actor=actor, now=now)
            services.switch_on(segment=self.segment, actor=actor, now=now)
        self._settle()

    def change(self, _name: str) -> None:
        """Move a thousand members, evenly drawn, to another stage; marks of earlier ones go."""
        self._settle()
        turn = next(self.turn)
        with tenant(self.brand_id):
            step = self.asked.members // CHANGED
            drawn = Member.objects.filter(brand_id=self.brand_id).order_by("pk")
            self.changed = list(drawn.values_list("pk", flat=True)[turn % step :: step])[:CHANGED]
            stage = p1.STAGES[0] if turn % 2 else "prospect"
            Member.objects.filter(brand_id=self.brand_id, pk__in=self.changed).update(stage=stage)

    def floor(self) -> None:
        """Ask the six conditions of those who changed."""
        self._count(self.changed)

    def usual(self) -> None:
        """Ask the six conditions of everybody."""
        self._count(None)

    def ours(self) -> None:
        """Do what the worker does."""
        with tenant(self.brand_id):
            services.refresh(brand_id=self.brand_id, now=self.asked.now)

    def check(self) -> None:
        """Compare what is kept with the conditions."""
        self._settle()
        with tenant(self.brand_id):
            self.kept = LiveSegment.objects.get(segment=self.segment).member_count
            wanted = selectors.count(
                tree=self.asked.tree, brand_id=self.brand_id, now=self.asked.now
            )
        if self.kept != wanted:
            raise RuntimeError(f"kept {self.kept}, wanted {wanted}")

    def end(self) -> None:
        """Leave no live segment behind."""
        with tenant(self.brand_id):
            actor = system_viewer(self.brand_id)
            services.switch_off(segment=self.segment, actor=actor, now=timezone.now())

    def _settle(self) -> None:
        with tenant(self.brand_id):
            services.refresh(brand_id=self.brand_id, now=self.asked.now)
            if TouchedMember.objects.exists():
                raise RuntimeError("marks are left over")

    def _count(self, only: list[int] | None) -> None:
        with tenant(self.brand_id), connection.cursor() as cursor:
            found = selectors.member_ids_sql(
                tree=self.asked.tree, brand_id=self.brand_id, now=self.asked.now, only=only
            )
            selectors.prepare()
            cursor.execute(f"SELECT count(*) FROM ({found.sql}) s", found.params)
            cursor.fetchone()
