"""Tags and filters of the console's components.

Load with ``{% load console %}``. Filters write values for people; tags render the components
that need more than an include can do. docs/console-kit.md shows each with an example.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from core.kernel import filter_chips as chips
from core.kernel import formats, sparkline
from core.kernel.access import SYSTEM, Permission
from core.kernel.badges import kind_badge, state_badge
from core.kernel.fields import describe_field
from core.lists import ports as lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.forms import BoundField, Form
    from django.template import RequestContext

register = template.Library()

# ---- numbers, money, names ------------------------------------------------------------------

register.filter("number", formats.grouped)
register.filter("yuan", formats.yuan)
register.filter("percent", formats.percent)
register.filter("points", formats.points)
register.filter("mask_phone", formats.masked_phone)
register.filter("mask_name", formats.masked_name)
register.filter("mask_vin", formats.masked_vin)
register.filter("mask_tail", formats.masked_tail)
register.filter("duration", formats.duration)
register.filter("listed", formats.listed)


@register.filter
def dash(value: object) -> object:
    """Return an em dash for nothing, so that no cell is left empty."""
    return formats.NOTHING if value is None or value == "" else value


@register.filter
def actor(label: str) -> str:
    """Return who did something: the label of a person or a key, or the product in words."""
    return gettext("System") if label == SYSTEM else label


@register.filter
def initial(name: str | None) -> str:
    """Return the character an avatar shows."""
    return name.strip()[0].upper() if name and name.strip() else "·"


@register.filter
def per(part: float | None, whole: float | None) -> float | None:
    """Return part / whole as a ratio, or nothing when there is no whole; for ``|percent``."""
    return part / whole if part is not None and whole else None


# ---- times ----------------------------------------------------------------------------------


@register.simple_tag
def ago(value: datetime | date | None) -> str:
    """Render a time as people say it, with the exact time on hover; the page keeps it fresh."""
    if value is None:
        return formats.NOTHING
    # Rendering is an entry point: it reads the clock.
    now = timezone.now()
    if not isinstance(value, datetime):
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            value.isoformat(),
            value.isoformat(),
            formats.on_day(datetime(value.year, value.month, value.day, tzinfo=now.tzinfo), now),
        )
    return format_html(
        '<time datetime="{}" title="{}" data-rel>{}</time>',
        value.isoformat(timespec="seconds"),
        formats.exact(value),
        formats.relative(value, now),
    )


# ---- icons and badges -----------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: str = "") -> str:
    """Render an icon of our sprite, hidden from screen readers; size "s" or "l"."""
    return _icon(name, size)


@lru_cache(maxsize=500)
def _icon(name: str, size: str = "") -> SafeString:
    """Draw an icon; a page has a hundred of a few kinds, and the sprite's address is costly."""
    css = f"ic ic-{size}" if size else "ic"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        css,
        static("console/icons.svg"),
        name,
    )


@register.inclusion_tag("components/badge_state.html")
def badge_state(state: str, label: str = "") -> dict[str, Any]:
    """Render the badge of a state; ``label`` replaces its word, never its tone."""
    return {"badge": state_badge(state), "label": label}


@register.inclusion_tag("components/badge_kind.html")
def badge_kind(kind: str, label: str = "") -> dict[str, Any]:
    """Render the badge of one of the four kinds of community."""
    return {"badge": kind_badge(kind), "label": label}


# ---- forms and lists ------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, **attrs: Any) -> dict[str, Any]:
    """Render a form field: label, required star, control, help and error, tied together.

    Keyword arguments become attributes of the control (``hx_get`` is written ``hx-get``), except
    ``label``, ``help``, ``hide_label`` and ``counter``, which speak to the component.
    """
    return describe_field(bound, attrs)


@register.inclusion_tag("components/filter_chips.html", takes_context=True)
def filter_chips(context: RequestContext, form: Form) -> dict[str, Any]:
    """Render a bound GET form as chips, one per active filter, and a menu to add more."""
    query = context["request"].GET
    return {
        "chips": chips.active_chips(form, query),
        "clear_query": chips.query_without(query, *form.fields),
        "form": form,
        "path": context["request"].path,
        "kept": chips.kept_pairs(form, query),
    }


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: RequestContext, key: str, label: str, **options: Any) -> dict[str, Any]:
    """Render a sortable column head. Options: ``num``, ``css``, ``default`` (a sort like "-id").

    The order lives in ``?sort=key`` or ``?sort=-key``; numbers and times start with the largest.
    """
    query = context["request"].GET
    current = query.get("sort") or options.get("default", "")
    descending_first = bool(options.get("num"))
    if current.lstrip("-") == key:
        direction = "descending" if current.startswith("-") else "ascending"
        following = key if direction == "descending" else f"-{key}"
    else:
        direction = ""
        following = f"-{key}" if descending_first else key
    moved = chips.query_with(query, sort=following)
    return {
        "label": label,
        "direction": direction,
        "url": f"?{moved}",
        "css": " ".join(
            filter(None, ["num" if options.get("num") else "", options.get("css", "")])
        ),
    }


@register.inclusion_tag("components/list_tools.html", takes_context=True)
def list_tools(context: RequestContext, key: str, **parents: Any) -> dict[str, Any]:
    """Render what can be done with a whole list: keep its view, export it, choose columns.

    ``key`` is the list's name in ``core.lists``; ``parents`` is what it belongs to, such as
    ``broadcast=row.pk``. From the page's context come ``views``, where a view can be saved, and
    ``columns``, those that can be hidden.
    """
    request = context["request"]
    source = lists.source_of(key)
    viewer, views = request.viewer, context.get("views")
    may_see = source is not None and viewer.may(source.permission)
    named = {"list": key} | {name: str(value) for name, value in parents.items()}
    query = chips.query_with(request.GET, **named)
    # The usual questions are dicts, and current with any other filter besides.
    current = next((v for v in views or () if not isinstance(v, dict) and v.is_current), None)
    is_asked = any(v.strip() for name, v in request.GET.items() if name not in chips.CURSORS)
    can_save = may_see and views is not None and is_asked and current is None
    return {
        "key": key,
        "columns": context.get("columns"),
        "save_url": f"{reverse('core:saved-views-new')}?{query}" if can_save else "",
        "edit_url": current.edit_url if current is not None else "",
        "export_url": f"{reverse('core:exports-new')}?{query}"
        if may_see and viewer.may(Permission.RUNS_VIEW)
        else "",
    }


@register.simple_tag(takes_context=True)
def cursor_url(context: RequestContext, name: str, cursor: str) -> str:
    """Return the address of a neighboring page: the same query with only this cursor."""
    query = context["request"].GET
    rest = query.copy()
    for other in ("after", "before", "cursor"):
        rest.pop(other, None)
    return f"?{chips.query_with(rest, **{name: cursor})}"


# ---- figures --------------------------------------------------------------------------------


@register.simple_tag
def spark(values: Sequence[float], tone: str = "") -> str:
    """Render a small trend line from at least two numbers; tone "bad" colors it as a loss."""
    line = sparkline.path(values)
    if not line:
        return ""
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="a" d="{} L{} {} L0 {}Z"/><path d="{}"/></svg>',
        tone,
        sparkline.WIDTH,
        sparkline.HEIGHT,
        line,
        sparkline.WIDTH,
        sparkline.HEIGHT,
        sparkline.HEIGHT,
        line,
    )


@register.simple_tag
def split_bar(label: str, *parts: float) -> str:
    """Render up to three parts of a whole as one bar; the words stand beside it."""
    whole = sum(part or 0 for part in parts)
    if not whole:
        return ""
    tones = ("f-pri", "f-teal", "f-off")
    starts = [sum(parts[:index]) for index in range(len(parts))]
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}%" width="{}%" height="12"/>',
        (
            (tones[index % len(tones)], f"{start / whole * 100:.2f}", f"{part / whole * 100:.2f}")
            for index, (start, part) in enumerate(zip(starts, parts, strict=True))
        ),
    )
    return format_html('<svg class="splitbar" role="img" aria-label="{}">{}</svg>', label, rects)


@register.filter
def heat_level(value: float | None, top: float) -> int:
    """Return which of six shades a heat map cell gets, by its share of the largest value."""
    if not value or not top:
        return 0
    return min(5, 1 + int(4.999 * value / top))


@register.filter
def zip_with(left: Iterable[object], right: Iterable[object]) -> list[tuple[object, object]]:
    """Return pairs, so that a template can walk a row beside its column heads."""
    return list(zip(left, right, strict=False))
