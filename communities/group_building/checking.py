"""What must be right with a rule before it is kept, and again before a run freezes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from communities.group_building import rules
from communities.group_building.models import BuildRule
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from communities.policies.selectors import current_policy
from core.kernel.errors import InvalidInput, Problem
from core.organizations.models import Brand
from members.segments import selectors as segments
from members.segments.models import Segment
from members.tags.models import TagGroup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from communities.group_building.services import RuleWanted
    from communities.policies.models import CommunityPolicy
    from core.kernel.access import Viewer


def columns_of(
    wanted: RuleWanted, actor: Viewer, now: datetime, rule: BuildRule | None = None
) -> dict[str, object]:
    """Return the columns of a rule.

    Raises:
        InvalidInput: naming every field at fault.
    """
    if wanted.kind not in Kind.values:
        raise InvalidInput.on("/kind", _("Choose one of the four kinds."))
    policy = current_policy(brand_id=actor.brand_id, kind=wanted.kind)
    problems = rules.rule_problems(
        name=wanted.name,
        group_by=wanted.group_by,
        room_cap=wanted.room_cap,
        name_template=wanted.name_template,
        policy_template=policy.name_template,
        topic=wanted.topic,
    )
    if wanted.skip not in BuildRule.Skip.values:
        problems.append(Problem("/skip", "unknown_choice", _("Choose among the answers offered.")))
    problems += _segment_problems(wanted, actor)
    problems += rules.entry_problems(
        entry=policy.entry, has_segment=wanted.segment_id is not None, promotes=wanted.promotes
    )
    problems += _event_problems(wanted, policy, now)
    problems += _interest_problems(wanted.group_by, _tag_group(wanted.tag_group_id, actor))
    problems += _name_problems(wanted, actor, rule)
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    return _columns(wanted)


def _columns(wanted: RuleWanted) -> dict[str, object]:
    return {
        "name": wanted.name.strip(),
        "kind": wanted.kind,
        "group_by": rules.in_order(wanted.group_by),
        "segment_id": wanted.segment_id,
        "room_cap": wanted.room_cap,
        "name_template": wanted.name_template.strip(),
        "topic": wanted.topic.strip(),
        "skip": wanted.skip,
        "promotes": wanted.promotes,
        "tag_group_id": wanted.tag_group_id,
        "event": wanted.event.strip(),
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
    }


def _event_problems(
    said: RuleWanted | BuildRule, policy: CommunityPolicy, now: datetime
) -> list[Problem]:
    return policy_rules.event_problems(
        event=said.event,
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        needs_end=policy.ends_with_event,
        now=now,
    )


def _tag_group(number: int | None, actor: Viewer) -> TagGroup | None:
    return TagGroup.objects.visible_to(actor).filter(pk=number).first() if number else None


def _interest_problems(group_by: Sequence[str], tag_group: TagGroup | None) -> list[Problem]:
    if tag_group is not None or rules.INTEREST not in group_by:
        return []
    text = _("Choose the tag group whose tags are the interests.")
    return [Problem("/tag_group", "required", text)]


def _segment_problems(wanted: RuleWanted, actor: Viewer) -> list[Problem]:
    if wanted.segment_id is None:
        return []
    found = Segment.objects.visible_to(actor).filter(pk=wanted.segment_id, is_archived=False)
    if found.exists():
        return []
    return [Problem("/segment", "unknown_choice", _("This segment does not exist."))]


def _name_problems(wanted: RuleWanted, actor: Viewer, rule: BuildRule | None) -> list[Problem]:
    same = BuildRule.objects.filter(
        brand_id=actor.brand_id, name=wanted.name.strip(), is_archived=False
    )
    if rule is not None:
        same = same.exclude(pk=rule.pk)
    if not same.exists():
        return []
    return [Problem("/name", "taken", _("Another rule has this name."))]


def frozen(rule: BuildRule, actor: Viewer, now: datetime) -> rules.Plan:
    """Return what a run of the rule will do, with the policy of its kind as it is now.

    Raises:
        InvalidInput: the rule no longer fits the policy or its segment no longer makes sense.
        PolicyMissing: the brand has no policy of the rule's kind.
    """
    policy = current_policy(brand_id=rule.brand_id, kind=rule.kind)
    tag_group = _tag_group(rule.tag_group_id, actor)
    problems = _misfits(rule, policy, now) + _interest_problems(rule.group_by, tag_group)
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    segment = rule.segment
    if segment is not None:
        segments.parse(tree=segment.tree, brand_id=rule.brand_id)
    return rules.Plan(
        rule_id=rule.pk,
        rule_version=rule.version,
        rule_name=rule.name,
        kind=rule.kind,
        group_by=tuple(rule.group_by),
        room_cap=rule.room_cap or policy.room_cap,
        name_template=rule.name_template or policy.name_template,
        topic=rule.topic,
        skip=rule.skip,
        segment_id=rule.segment_id,
        segment_name=segment.name if segment else "",
        tree=segment.tree if segment else None,
        brand_name=Brand.objects.get(pk=actor.brand_id).name,
        entry=policy.entry,
        entry_orders=policy.entry_orders,
        entry_days=policy.entry_days,
        promotes=rule.promotes,
        event=rule.event,
        starts_at=timezone.localtime(rule.starts_at).isoformat() if rule.starts_at else "",
        ends_at=rule.ends_at.isoformat() if rule.ends_at else "",
        tag_group_id=tag_group.pk if tag_group else None,
        tag_group_name=tag_group.name if tag_group else "",
    )


def _misfits(rule: BuildRule, policy: CommunityPolicy, now: datetime) -> list[Problem]:
    """Return what is wrong with a rule that is kept, now that its policy may be another."""
    found = rules.rule_problems(
        name=rule.name,
        group_by=rule.group_by,
        room_cap=rule.room_cap,
        name_template=rule.name_template,
        policy_template=policy.name_template,
        topic=rule.topic,
    )
    found += rules.entry_problems(
        entry=policy.entry, has_segment=rule.segment_id is not None, promotes=rule.promotes
    )
    return found + _event_problems(rule, policy, now)
