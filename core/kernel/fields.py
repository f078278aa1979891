"""How a Django form field is drawn: which control, which classes, what describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.kernel.selects import quick

if TYPE_CHECKING:
    from django.forms import BoundField
    from django.utils.safestring import SafeString


def describe_field(bound: BoundField, options: dict[str, Any]) -> dict[str, Any]:
    """Return the context of components/field.html for one bound field.

    ``options`` are attributes of the control, apart from label, help, hide_label and counter.
    """
    attrs = dict(options)
    label = attrs.pop("label", None) or bound.label
    help_text = attrs.pop("help", None) or bound.help_text
    hide_label = bool(attrs.pop("hide_label", False))
    counter = bool(attrs.pop("counter", False))
    shape = _shape(bound.field.widget)
    attrs = {name.replace("_", "-"): value for name, value in attrs.items()}
    described = [f"{bound.auto_id}_helptext"] if help_text else []
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    if described:
        attrs.setdefault("aria-describedby", " ".join(described))
    limit = getattr(bound.field, "max_length", None) if counter else None
    if limit:
        attrs["data-count"] = f"#{bound.auto_id}_count"
    return {
        "field": bound,
        "label": label,
        "help": help_text,
        "hide_label": hide_label,
        "required": bound.field.required,
        "shape": shape,
        "control": _control(bound, shape, attrs),
        "options": _options(bound) if shape == "options" else (),
        "described_by": " ".join(described),
        "limit": limit,
        "used": len(str(bound.value() or "")) if limit else 0,
    }


def _shape(widget: forms.Widget) -> str:
    """Return how the field is laid out: a text line, a tick, a group of options, a file."""
    if isinstance(widget, forms.CheckboxInput):
        return "switch" if widget.attrs.get("role") == "switch" else "check"
    if isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        return "options"
    if isinstance(widget, forms.FileInput):
        return "file"
    return "line"


def _control(bound: BoundField, shape: str, attrs: dict[str, Any]) -> SafeString | str:
    """Return the control's markup, or nothing for a group, which is drawn option by option."""
    if shape == "options":
        return ""
    widget = bound.field.widget
    own = str(widget.attrs.get("class", ""))
    if shape == "switch":
        css = "switch"
    elif shape == "check":
        css = ""
    else:
        css = "form-select" if isinstance(widget, forms.Select) else "form-control"
    classes = " ".join(filter(None, [css, own, str(attrs.pop("class", ""))]))
    if classes:
        attrs["class"] = classes
    return bound.as_widget(widget=quick(widget), attrs=attrs)


def _options(bound: BoundField) -> list[dict[str, Any]]:
    return [
        {"id": option.id_for_label, "tag": option.tag(), "label": option.choice_label}
        for option in bound
    ]
