import pytest
from django.http import QueryDict
from django.utils import timezone

from core.exports import services
from core.exports.rules import FileFormat
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from core.runs.models import Run
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def ask(actor, *, key="members", filters="", columns=(), file_format=FileFormat.CSV):
    return services.start_export(
        list_key=key,
        query=QueryDict(filters),
        columns=columns,
        file_format=file_format,
        actor=actor,
        now=timezone.now(),
    )


def test_a_list_that_does_not_exist_is_not_found(inside_brand, actor):
    with pytest.raises(NotFound):
        ask(actor, key="nothing")


def test_the_list_s_own_permission_is_needed(inside_brand):
    viewer = Viewer(
        brand_id=inside_brand.pk, label="x", permissions=frozenset({Permission.RUNS_VIEW})
    )
    with pytest.raises(Forbidden):
        ask(viewer)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("filters", "pointer"),
    [("stage=nonsense", "/filters/stage"), ("brand_id=3", "/filters/brand_id")],
)
def test_a_filter_that_cannot_be_read_is_refused(inside_brand, actor, filters, pointer):
    with pytest.raises(InvalidInput) as refusal:
        ask(actor, filters=filters)
    assert refusal.value.problems[0].pointer == pointer
    assert not Run.objects.exists()


def test_an_unknown_column_is_refused(inside_brand, actor):
    with pytest.raises(InvalidInput) as refusal:
        ask(actor, columns=["name", "phone_cipher"])
    assert refusal.value.problems[0].pointer == "/columns"


def test_more_rows_than_a_workbook_takes_are_refused(inside_brand, actor, monkeypatch):
    monkeypatch.setattr(services, "MOST_XLSX_ROWS", 1)
    for _n in range(2):
        MemberFactory(brand=inside_brand)
    with pytest.raises(InvalidInput) as refusal:
        ask(actor, file_format=FileFormat.XLSX)
    assert refusal.value.problems[0].pointer == "/format"
    assert ask(actor).params["format"] == "csv"
