import pytest
from django import forms
from django.test.html import parse_html

from core.kernel.selects import QuickSelect, quick

PLAIN = [("", "Any"), ("a", "A & <b>"), (2, "Two")]
GROUPED = [("", "Any"), ('East "1"', [("31", "Shanghai"), ("33", "Hangzhou")]), ("z", "Zhuhai")]


@pytest.mark.parametrize("choices", [PLAIN, GROUPED, []])
@pytest.mark.parametrize("value", ["", None, "a", 2, "33", "gone"])
@pytest.mark.parametrize("attrs", [{}, {"id": "x", "required": True, "disabled": False}])
def test_it_draws_what_django_draws(choices, value, attrs):
    usual = forms.Select(attrs={"class": "form-select"}, choices=choices)
    drawn = quick(usual).render("name", value, attrs)
    assert parse_html(drawn) == parse_html(usual.render("name", value, attrs))


def test_other_controls_stay_as_they_are():
    several, radio = forms.SelectMultiple(), forms.RadioSelect()
    assert quick(several) is several
    assert quick(radio) is radio
    assert isinstance(quick(forms.Select()), QuickSelect)
