"""The rules that give tags: kept, and left to be applied by a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import system_viewer
from core.kernel.errors import InvalidInput, StaleVersion
from core.runs import services as runs
from members.segments import selectors as segment_selectors
from members.tags import handing, recording, selectors
from members.tags.giving import RULE_KIND
from members.tags.models import TagAct, TagRule

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.models import Run
    from members.tags.models import Tag


@transaction.atomic
def save_rule(
    *,
    tag: Tag,
    tree: Any,
    is_active: bool,
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> TagRule:
    """Make or change the rule that gives a tag. It takes effect when it is applied.

    Raises:
        InvalidInput: the tree is wrong, or would ask for the tag it gives.
        StaleVersion: somebody changed the rule since ``version``, or made one where there was
            none (0), or deleted it.
    """
    recording.hold(brand_id=tag.brand_id, tag_ids=[tag.pk])
    try:
        root = segment_selectors.check(tree=tree, brand_id=actor.brand_id)
        whole = segment_selectors.resolve(node=root, brand_id=actor.brand_id)
    except InvalidInput as refusal:
        raise refusal.below("/tree") from refusal
    if tag.pk in selectors.tags_named(tree=whole, brand_id=actor.brand_id):
        raise InvalidInput.on("/tree", _("The conditions ask for the very tag that they give."))
    rule = TagRule.objects.select_for_update().filter(tag=tag).first()
    rule = rule or TagRule(brand_id=tag.brand_id, tag=tag, version=0)
    if version is not None and rule.version != version:
        raise StaleVersion(_("Somebody changed this rule meanwhile. Reload it and try again."))
    rule.tree, rule.is_active, rule.version = root.json, is_active, rule.version + 1
    rule.save()
    audit.record(action="tag_rule.saved", subject=tag, actor=actor, now=now)
    return rule


@transaction.atomic
def delete_rule(*, tag: Tag, actor: Viewer, now: datetime) -> None:
    """Delete a tag's rule; who has the tag keeps it. The tag's history tells. Idempotent."""
    recording.hold(brand_id=tag.brand_id, tag_ids=[tag.pk])
    rule = TagRule.objects.filter(tag=tag).first()
    if rule is not None:
        rule.delete()
        values = recording.act_values(
            brand_id=tag.brand_id,
            source=TagAct.Source.RULE,
            actor=actor,
            now=now,
            rule_version=rule.version,
        )
        handing.forget_rule(tag=tag, values=values)
        audit.record(action="tag_rule.deleted", subject=tag, actor=actor, now=now)


@transaction.atomic
def apply_rule(*, rule: TagRule, actor: Viewer, now: datetime) -> Run:
    """Leave the rule to be applied to every member of the brand, as of ``now``."""
    return runs.start_run(
        kind=RULE_KIND,
        title=_("Apply the rule of tag “%(tag)s”") % {"tag": rule.tag.name},
        params={
            "tag_id": rule.tag_id,
            "tree": rule.tree,
            "version": rule.version,
            "as_of": now.isoformat(),
        },
        unit="members",
        subject_url=f"/members/tags/{rule.tag_id}/",
        actor=actor,
        now=now,
    )


@transaction.atomic
def apply_active_rules(*, brand_id: int, now: datetime) -> int:
    """Leave every rule that is to be applied by itself, unless it is under way; return how many."""
    actor, started = system_viewer(brand_id), 0
    for rule in TagRule.objects.filter(brand_id=brand_id, is_active=True).select_related("tag"):
        if not selectors.open_runs(tag=rule.tag).exists():
            apply_rule(rule=rule, actor=actor, now=now)
            started += 1
    return started
