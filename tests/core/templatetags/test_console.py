import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

ROOT = Path(settings.BASE_DIR)
SPRITE = (ROOT / "static/console/icons.svg").read_text()


def render(source, path="/list/", **values):
    request = RequestFactory().get(path)
    template = Template("{% load console i18n %}" + source)
    return template.render(RequestContext(request, values))


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", max_length=10, help_text="As on the card")
    city = forms.ChoiceField(
        label="City", required=False, choices=[("", "any"), ("3301", "Hangzhou")]
    )
    kinds = forms.MultipleChoiceField(
        label="Kinds",
        required=False,
        choices=[("Open", [("flash", "Flash")]), ("core", "Core")],
        widget=forms.CheckboxSelectMultiple,
    )


# ---- icons ----


def test_every_icon_that_is_asked_for_is_in_the_sprite():
    known = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))
    asked = {
        (path.name, name)
        for path in [*(ROOT / "templates").rglob("*.html")]
        for name in re.findall(r"""{% icon ["']([\w-]+)["']""", path.read_text())
    } | {
        (path.name, name)
        for app in ("core", "members", "communities")
        for path in (ROOT / app).rglob("*.py")
        for name in re.findall(r"""icon=["']([\w-]+)["']""", path.read_text())
    }
    assert {(file, name) for file, name in asked if name not in known} == set()


# ---- fields ----


def test_a_field_is_tied_to_its_label_help_and_error():
    html = render("{% field form.name counter=True %}", form=SampleForm({"name": "x" * 11}))
    assert '<label class="req" for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert 'data-count="#id_name_count"' in html


def test_a_group_of_options_is_a_fieldset_with_a_legend():
    html = render("{% field form.kinds %}", form=SampleForm())
    assert html.count("<legend") == 1
    assert html.count('type="checkbox"') == 2


def test_what_was_typed_is_escaped():
    html = render("{% field form.name %}", form=SampleForm({"name": '"><script>'}))
    assert "<script>" not in html


# ---- lists ----


def test_an_active_filter_is_a_chip_with_words_and_the_query_without_it():
    path = "/list/?city=3301&kinds=flash&kinds=core&sort=-name&after=abc"
    form = SampleForm(RequestFactory().get(path).GET)
    html = render("{% filter_chips form %}", path, form=form)
    chips = re.findall(r'class="chip">(\w+) <b class="ell">([^<]+)</b><a href="([^"]+)"', html)
    assert chips == [
        ("City", "Hangzhou", "/list/?kinds=flash&amp;kinds=core&amp;sort=-name"),
        ("Kinds", "Flash、Core", "/list/?city=3301&amp;sort=-name"),
    ]
    # The form that adds filters carries the order along, but no page.
    assert '<input type="hidden" name="sort" value="-name">' in html
    assert 'name="after"' not in html


def test_a_filter_that_makes_no_sense_has_no_chip():
    form = SampleForm(RequestFactory().get("/list/?city=nowhere").GET)
    assert 'class="chip">' not in render("{% filter_chips form %}", form=form)


@pytest.mark.parametrize(
    ("query", "direction", "following"),
    [
        ("", None, "?sort=-points"),
        ("sort=-points", "descending", "?sort=points"),
        ("sort=points&after=x", "ascending", "?sort=-points"),
        ("sort=name&q=a", None, "?sort=-points&amp;q=a"),
    ],
)
def test_a_column_head_says_the_order_and_turns_it(query, direction, following):
    html = render('{% sort_header "points" "Points" num=True %}', f"/list/?{query}")
    assert (f'aria-sort="{direction}"' in html) if direction else ("aria-sort" not in html)
    assert f'href="{following}"' in html


def test_pages_replace_each_other_s_cursor():
    html = render('{% cursor_url "before" "k9" %}', "/list/?q=a&after=k1")
    assert html == "?q=a&amp;before=k9"


# ---- values ----


def test_a_time_carries_the_exact_one():
    at = datetime.now(UTC) - timedelta(minutes=5)
    html = render("{% ago at %}", at=at)
    assert f'datetime="{at.isoformat(timespec="seconds")}"' in html
    assert "data-rel" in html
    assert render("{% ago at %}", at=None) == "—"


def test_an_unknown_state_is_shown_by_its_plain_name():
    assert "half built" in Template('{% load console %}{% badge_state "half_built" %}').render(
        Context()
    )


def test_a_spark_needs_two_numbers_and_stays_in_its_box():
    assert render("{% spark values %}", values=[3]) == ""
    html = render("{% spark values %}", values=[5, 5, 5])
    assert "M0.0 13.0" in html


def test_the_parts_of_a_bar_fill_it():
    html = render('{% split_bar "seats" 1 3 %}')
    assert 'width="25.00%"' in html
    assert 'x="25.00%" width="75.00%"' in html
