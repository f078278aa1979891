"""The names that a field consists of: lines of text, and choices brought in line with a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel.errors import InvalidInput
from members.custom_fields import rules
from members.custom_fields.models import CustomChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from members.custom_fields.models import CustomField

COMPARED = ("pk", "label", "position", "is_archived")


def line(raw: str, limit: int, pointer: str, *, is_needed: bool) -> str:
    """Return a line of text in order; what cannot be read is refused at ``pointer``."""
    try:
        text = rules.clean_text(raw, limit)
    except rules.BadValue as bad:
        refused = _("Enter a readable text of at most %d characters.") % limit
        raise InvalidInput.on(pointer, refused, str(bad)) from bad
    if text is None and is_needed:
        raise InvalidInput.on(pointer, _("Enter a name."), "required")
    return text or ""


def take_choices(field: CustomField, wanted: Sequence[Any]) -> bool:
    """Bring the choices in line; return whether anything changed.

    A new choice of the name of an archived one is that one, taken into use again.
    """
    labels = _labels(wanted)
    mine = CustomChoice.objects.filter(brand_id=field.brand_id, field=field)
    there = list(mine.select_for_update())
    by_id = {row.pk: row for row in there}
    by_name = {rules.folded(row.label): row for row in there}
    kept: list[CustomChoice] = []
    for n, (pk, label) in enumerate(labels):
        row = by_id.get(pk) if pk is not None else by_name.get(rules.folded(label))
        if row is None and pk is not None:
            raise InvalidInput.on(f"/choices/{n}", _("This choice does not exist."), "unknown")
        row = row or CustomChoice(brand_id=field.brand_id, field=field)
        row.label, row.position, row.is_archived = label, n, False
        kept.append(row)
    gone = [row for row in there if row not in kept]
    for row in gone:
        row.is_archived = True
    before = set(mine.values_list(*COMPARED))
    # In between two could have one name, such as when two choices swap theirs.
    gone_names = {rules.folded(row.label) for row in gone}
    clash = next((n for n, row in enumerate(kept) if rules.folded(row.label) in gone_names), None)
    if clash is not None:
        text = _("An archived choice has this name; choose another, or take that one.")
        raise InvalidInput.on(f"/choices/{clash}", text, "name_taken")
    _store_choices([*kept, *gone])
    return set(mine.values_list(*COMPARED)) != before


def _labels(wanted: Sequence[Any]) -> list[tuple[int | None, str]]:
    """Return number, if it has one, and name of each choice that shall be offered."""
    if len(wanted) > rules.MOST_CHOICES:
        text = _("At most %d choices.") % rules.MOST_CHOICES
        raise InvalidInput.on("/choices", text, "too_many")
    if not wanted:
        raise InvalidInput.on("/choices", _("Name at least one choice."), "required")
    found: list[tuple[int | None, str]] = []
    names: set[str] = set()
    for n, each in enumerate(wanted):
        raw = each if isinstance(each, str) else each["label"]
        label = line(raw, rules.LONGEST_CHOICE, f"/choices/{n}", is_needed=True)
        if rules.BREAK.search(label):
            text = _("The name of a choice holds no ; and no 、, which separate several.")
            raise InvalidInput.on(f"/choices/{n}", text, "separator")
        if rules.folded(label) in names:
            text = _("“%s” stands there twice.") % label
            raise InvalidInput.on(f"/choices/{n}", text, "twice")
        names.add(rules.folded(label))
        found.append((None if isinstance(each, str) else each.get("id"), label))
    return found


def _store_choices(rows: Sequence[CustomChoice]) -> None:
    """Write rows whose names may have changed hands: first each known one gets one of its own."""
    known = [row for row in rows if row.pk is not None]
    final = [row.label for row in known]
    for row in known:
        row.label = f"\x01{row.pk}"
    CustomChoice.objects.bulk_update(known, ["label"])
    for row, label in zip(known, final, strict=True):
        row.label = label
    CustomChoice.objects.bulk_update(known, ["label", "position", "is_archived"])
    CustomChoice.objects.bulk_create(row for row in rows if row.pk is None)
