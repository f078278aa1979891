from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import services as audit
from core.kernel.errors import InvalidInput, Problem, StaleVersion
from members.custom_fields import choosing, rules, selectors, setting
from members.custom_fields.models import CustomField
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.custom_fields.rules import Spec, Value

# As many members at once as one statement changes well; more are for a run.
MOST_MEMBERS = 10_000
CHANGEABLE = ("label", "help", "is_required", "data_class")
LIMITS_OF_KIND = {"text": ("max_length",), "number": ("low", "high", "decimals")}
TAKEN = {
    "members_customfield_one_per_key": (
        "/key",
        gettext_lazy("Another field has this key, perhaps an archived one."),
    ),
    "members_customfield_one_per_label": (
        "/label",
        gettext_lazy("Another field has this name, perhaps an archived one."),
    ),
}


@transaction.atomic
def create_field(*, values: Mapping[str, Any], actor: Viewer, now: datetime) -> CustomField:
    """Declare a field, after the others.

    ``values`` hold ``key``, ``label`` and ``kind`` and may hold ``help``, ``is_required``,
    ``data_class``, limits (``max_length`` of a text; ``low``, ``high`` and ``decimals`` of a
    number, as Decimal) and ``choices``: names, or dicts with a ``label``.

    Raises:
        InvalidInput: a value is wrong, key or name are taken, or there are a hundred fields.
    """
    field = CustomField(
        brand_id=actor.brand_id,
        key=values["key"],
        kind=values["kind"],
        position=selectors.next_position(brand_id=actor.brand_id),
        created_at=now,
    )
    if not rules.KEY(field.key):
        text = _("A key is a small letter, then small letters, digits and _, 40 at most.")
        raise InvalidInput.on("/key", text, "key")
    _check_room(actor.brand_id)
    _take(field, values)
    _store(field)
    if field.kind.startswith("choice"):
        choosing.take_choices(field, values.get("choices") or ())
    audit.record(
        action="custom_field.created", subject=field, actor=actor, now=now, data={"key": field.key}
    )
    return field


def _check_room(brand_id: int) -> None:
    """Refuse one field more where there are a hundred; archived ones count, their keys stay."""
    if CustomField.objects.filter(brand_id=brand_id).count() >= rules.MOST_FIELDS:
        text = _("A brand has at most %d fields of its own.") % rules.MOST_FIELDS
        raise InvalidInput.on("", text, "too_many")


@transaction.atomic
def change_field(
    *,
    field: CustomField,
    changes: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> CustomField:
    """Change what a field is called, asks and allows; values that were given stay as they are.

    ``choices`` are all that shall be offered from now on, in their order: dicts with the ``id`` of
    one there is, or without for a new one, and a ``label``. One left out is archived.

    Raises:
        InvalidInput: a value is wrong, or the name is taken.
        StaleVersion: somebody changed the field since ``version``.
    """
    held = CustomField.objects.select_for_update().or_gone(pk=field.pk)
    if version is not None and held.version != version:
        raise StaleVersion(_("Somebody changed this field meanwhile. Reload it and try again."))
    changed = _take(held, changes)
    asks_choices = "choices" in changes and held.kind.startswith("choice")
    if asks_choices and choosing.take_choices(held, changes["choices"]):
        changed.append("choices")
    if changed:
        held.version += 1
        _store(held)
        audit.record(
            action="custom_field.changed",
            subject=held,
            actor=actor,
            now=now,
            data={"fields": changed},
        )
    return held


@transaction.atomic
def move_field(*, field: CustomField, to: int, actor: Viewer, now: datetime) -> None:
    """Put a field at a place among those in use, counted from 0; the others close up."""
    rows = CustomField.objects.select_for_update().filter(brand_id=field.brand_id)
    order = list(rows.filter(archived_at=None).order_by("position", "pk"))
    before = [each.pk for each in order]
    if field.pk not in before:
        return
    mine = order.pop(before.index(field.pk))
    order.insert(max(to, 0), mine)
    if [each.pk for each in order] == before:
        return
    for place, each in enumerate(order):
        each.position = place
    CustomField.objects.bulk_update(order, ["position"])
    audit.record(action="custom_field.moved", subject=mine, actor=actor, now=now)


@transaction.atomic
def archive_field(*, field: CustomField, actor: Viewer, now: datetime) -> None:
    """Ask for a field no more; its values stay. Idempotent."""
    held = CustomField.objects.select_for_update().or_gone(pk=field.pk)
    if held.archived_at is None:
        held.archived_at, held.version = now, held.version + 1
        held.save()
        audit.record(action="custom_field.archived", subject=held, actor=actor, now=now)


@transaction.atomic
def restore_field(*, field: CustomField, actor: Viewer, now: datetime) -> None:
    """Ask for a field again, after the others. Idempotent."""
    held = CustomField.objects.select_for_update().or_gone(pk=field.pk)
    if held.archived_at is not None:
        held.archived_at, held.version = None, held.version + 1
        held.position = selectors.next_position(brand_id=held.brand_id)
        held.save()
        audit.record(action="custom_field.restored", subject=held, actor=actor, now=now)


def check_values(
    *, values: Mapping[str, Any], brand_id: int, is_new: bool = False
) -> dict[Spec, Value]:
    """Return values of JSON, by the key of their field, as the fields keep them.

    Of somebody new every required field has to be there.

    Raises:
        InvalidInput: every problem, each at ``/custom/KEY``.
    """
    known = {spec.key: spec for spec in selectors.specs(brand_id=brand_id)}
    found, refused = judged(values=values, known=known)
    if is_new:
        missing = [spec for spec in known.values() if spec.is_required and spec.key not in values]
        refused += [Refused(spec.key, "required", rules.told(spec, "required")) for spec in missing]
    if refused:
        problems = tuple(Problem(f"/custom/{key}", code, text) for key, code, text in refused)
        raise InvalidInput(problems[0].detail, problems=problems)
    return found


class Refused(NamedTuple):
    """A value that cannot be taken: the key of its field, and why, for programs and people."""

    key: str
    code: str
    text: str


def judged(
    *, values: Mapping[str, Any], known: Mapping[str, Spec]
) -> tuple[dict[Spec, Value], list[Refused]]:
    """Return values of JSON as the ``known`` fields keep them, and those that they refuse."""
    refused: list[Refused] = []
    found: dict[Spec, Value] = {}
    for key, raw in values.items():
        spec = known.get(key)
        if spec is None:
            text = _("There is no field of this key, or it is archived.")
            refused.append(Refused(key, "unknown_field", text))
            continue
        try:
            found[spec] = rules.needed(spec, rules.from_json(spec, raw))
        except rules.BadValue as bad:
            refused.append(Refused(key, str(bad), rules.told(spec, str(bad))))
    return found, refused


@transaction.atomic
def set_values(
    *,
    member_ids: Sequence[int],
    values: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
    is_new: bool = False,
) -> int:
    """Set values, by the key of their field, for every member named; null takes one away.

    Fields that are not named stay as they are. Return how many members changed. For one member
    the audit trail keeps which fields changed, for several the fields and how many members; no
    values, as nothing can be taken out of the trail. The caller vouches for who may be changed.

    Raises:
        InvalidInput: see ``check_values``; or there are too many members for one statement.
    """
    checked = check_values(values=values, brand_id=actor.brand_id, is_new=is_new)
    ids = sorted(set(member_ids))
    if len(ids) > MOST_MEMBERS:
        raise InvalidInput.on("", _("At most %d members at once.") % MOST_MEMBERS, "too_many")
    if not checked or not ids:
        return 0
    setting.hold(brand_id=actor.brand_id, member_ids=ids)
    before = selectors.values_of(brand_id=actor.brand_id, member_ids=ids[:1], fields=checked)
    number = setting.write(brand_id=actor.brand_id, member_ids=ids, values=checked, now=now)
    if number:
        if len(ids) == 1:
            _tell_one(ids[0], before[ids[0]], checked, actor, now)
        else:
            _tell_many(checked, number, actor, now)
    return number


def _tell_one(
    member_id: int,
    before: Mapping[str, Value],
    wanted: Mapping[Spec, Value],
    actor: Viewer,
    now: datetime,
) -> None:
    # The trail can never be changed and outlives the member, so that no value may stand in it.
    changed = [spec for spec, value in wanted.items() if _differs(before.get(spec.key), value)]
    audit.record(
        action="member.custom_changed",
        subject=Member.objects.or_gone(brand_id=actor.brand_id, pk=member_id),
        actor=actor,
        now=now,
        data={
            "said": "; ".join(spec.label for spec in changed),
            "fields": [spec.key for spec in changed],
        },
    )


def _differs(was: Value, now_is: Value) -> bool:
    if isinstance(was, tuple) and isinstance(now_is, tuple):
        return set(was) != set(now_is)
    return was != now_is


def _tell_many(wanted: Mapping[Spec, Value], number: int, actor: Viewer, now: datetime) -> None:
    ids = [spec.pk for spec in wanted]
    for field in CustomField.objects.filter(brand_id=actor.brand_id, pk__in=ids).order_by("pk"):
        audit.record(
            action="custom_field.set_for_many",
            subject=field,
            actor=actor,
            now=now,
            data={"count": number},
        )


def _take(field: CustomField, values: Mapping[str, Any]) -> list[str]:
    """Put the values onto the row and return the names of those that differ."""
    wanted = {name: values[name] for name in CHANGEABLE if name in values}
    for name, limit in (("label", rules.LONGEST_LABEL), ("help", rules.LONGEST_HELP)):
        if name in wanted:
            is_needed = name == "label"
            wanted[name] = choosing.line(wanted[name] or "", limit, f"/{name}", is_needed=is_needed)
    for name in LIMITS_OF_KIND.get(field.kind, ()):
        if name in values:
            wanted[name] = _limit(name, values[name])
    changed = [name for name, value in wanted.items() if getattr(field, name) != value]
    for name in changed:
        setattr(field, name, wanted[name])
    if field.low is not None and field.high is not None and field.low > field.high:
        raise InvalidInput.on("/high", _("The most must not be below the least."), "range")
    return changed


def _limit(name: str, value: Any) -> int | None:
    if name == "decimals":
        if not 0 <= (value or 0) <= rules.MOST_DECIMALS:
            text = _("Choose a number from 0 to %d.") % rules.MOST_DECIMALS
            raise InvalidInput.on("/decimals", text, "range")
        return value or 0
    if value is None:
        return None
    if name == "max_length":
        if not 1 <= value <= rules.LONGEST_TEXT:
            text = _("Choose a number from 1 to %d.") % rules.LONGEST_TEXT
            raise InvalidInput.on("/max_length", text, "range")
        return int(value)
    if abs(value) > rules.MOST:
        raise InvalidInput.on(f"/{name}", _("This number is too large."), "range")
    return int(value * rules.SCALE)


def _store(field: CustomField) -> None:
    try:
        with transaction.atomic():
            field.save()
    except IntegrityError as error:
        for constraint, (pointer, text) in TAKEN.items():
            if constraint in str(error):
                raise InvalidInput.on(pointer, str(text), "taken") from error
        raise
