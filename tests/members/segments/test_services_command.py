"""``manage.py segment``: the JSON form from a file or stdin."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tree.json"
    path.write_text(json.dumps(GROWTH))
    return path


def said(*arguments):
    out = io.StringIO()
    call_command("segment", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_it_validates_counts_and_lists(brand, file):
    people = [MemberFactory(brand=brand, stage="growth").pk for _ in range(3)]
    MemberFactory(brand=brand, stage="lost")
    assert json.loads(said("validate", "--file", file)) == GROWTH
    assert said("count", "--file", file) == "3\n"
    assert [int(line) for line in said("list", "--file", file).split()] == people


def test_it_reads_stdin_and_saved_segments(brand, monkeypatch):
    MemberFactory(brand=brand, stage="growth")
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(GROWTH)))
    assert said("count") == "1\n"
    SegmentFactory(brand=brand, name="Fans", tree=GROWTH)
    assert said("count", "--segment", "Fans") == "1\n"


def test_it_explains_a_member_in_words(brand, file):
    inside = MemberFactory(brand=brand, stage="growth")
    outside = MemberFactory(brand=brand, stage="lost")
    told = said("explain", inside.pk, "--file", file)
    assert told.splitlines()[-1] == "In the segment."
    assert told.startswith("yes ")
    assert said("explain", outside.pk, "--file", file).startswith("no  ")


def test_it_prints_the_schema(brand):
    assert json.loads(said("schema"))["title"] == "Conditions of a segment"


@pytest.mark.parametrize(
    ("text", "arguments", "refusal"),
    [
        ("{", ["count"], "读不出来"),
        ('{"field": "nobody", "cmp": "in"}', ["validate"], "/field"),
        (json.dumps(GROWTH), ["explain"], "Name a member"),
        (json.dumps(GROWTH), ["explain", "999999999"], "Name a member"),
    ],
)
def test_a_refusal_says_where(brand, tmp_path, text, arguments, refusal):
    path = tmp_path / "tree.json"
    path.write_text(text)
    with pytest.raises(CommandError) as error:
        said(*arguments, "--file", path)
    assert refusal in str(error.value)


def test_with_several_brands_one_is_named(brand, file):
    other = BrandFactory()
    with pytest.raises(CommandError, match=other.code):
        said("count", "--file", file)
    assert said("count", "--file", file, "--brand", other.code) == "0\n"
