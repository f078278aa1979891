from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from members.tags import looking_back, services
from members.tags.models import MemberTag, TagAct, TagChange

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MATURE = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["mature"]}]}


class Hand:
    """Somebody at work with tags of a brand, in transactions of their own."""

    def __init__(self, brand):
        self.brand, self.actor, self.now = brand, system_viewer(brand.pk), NOW

    def later(self, **span):
        self.now += timedelta(**span)

    def give(self, tag, *members, **more):
        with tenant(self.brand.pk):
            return services.tag_members(tag=tag, **self._who(members), **more)

    def take(self, tag, *members):
        with tenant(self.brand.pk):
            return services.untag_members(tag=tag, **self._who(members))

    def clear(self, tag, *members):
        with tenant(self.brand.pk):
            return services.clear_members(tag=tag, **self._who(members))

    def rule(self, tag, tree=MATURE):
        with tenant(self.brand.pk):
            return services.save_rule(
                tag=tag, tree=tree, is_active=True, actor=self.actor, now=self.now
            )

    def apply(self, tag, tree=MATURE):
        rule = self.rule(tag, tree)
        with tenant(self.brand.pk):
            run = services.apply_rule(rule=rule, actor=self.actor, now=self.now)
        return self.work(run)

    def give_tree(self, tag, act="give", tree=MATURE):
        with tenant(self.brand.pk):
            run = services.tag_by_tree(
                tag=tag, tree=tree, title="t", act=act, actor=self.actor, now=self.now
            )
        return self.work(run)

    def undo(self, act):
        with tenant(self.brand.pk):
            run = services.undo_act(act=act, actor=self.actor, now=self.now)
        return run and self.work(run)

    def merge(self, tag, into):
        with tenant(self.brand.pk):
            run = services.merge_tag(tag=tag, into=into, actor=self.actor, now=self.now)
        return self.work(run)

    def work(self, run):
        runs.work_due(brand_id=self.brand.pk, clock=lambda: self.now, budget=timedelta(minutes=1))
        with tenant(self.brand.pk):
            return Run.objects.get(pk=run.pk)

    def acts(self):
        with tenant(self.brand.pk):
            return list(TagAct.objects.order_by("pk"))

    def told(self):
        """What stands in the history: (source, kind, tag, people), the oldest first."""
        with tenant(self.brand.pk):
            rows = TagChange.objects.order_by("pk").select_related("act")
            return [(row.act.source, row.kind, row.tag_name, row.people) for row in rows]

    def of(self, member):
        with tenant(self.brand.pk):
            found = looking_back.of_member(member=member)
            return [(each.source, each.kind, each.tag_name) for each in found]

    def pairs(self):
        """Who has which tag, exactly."""
        with tenant(self.brand.pk):
            columns = ("tag_id", "member_id", "source", "author_id", "tagged_at", "expires_at")
            return set(MemberTag.objects.values_list(*columns))

    def _who(self, members):
        ids = [member.pk for member in members]
        return {"member_ids": ids, "actor": self.actor, "now": self.now}


@pytest.fixture
def hand(brand):
    return Hand(brand)
