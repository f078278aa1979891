"""Columns of a file that are fields which the brand declared itself."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from members.custom_fields import rules, selectors, services
from members.custom_fields.models import CustomField, CustomValue
from members.imports import services as imports
from members.imports.models import ImportRejection
from members.profiles.models import Member
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = pytest.mark.django_db

HEAD = ("客户编号", "购车用途", "家庭人数", "兴趣车型", "下次置换日期", "备注昵称")
FIRST = ("C1", "家用", "4", "远航 E5；远航 E7", "2027-05-06", "小陈")


@pytest.fixture
def fields(brand, actor):
    choices = {"use": ["家用", "通勤"], "likes": ["远航 E5", "远航 E7", "远航 S"]}
    declared = [
        ("use", "choice", "购车用途"),
        ("size", "number", "家庭人数"),
        ("likes", "choices", "兴趣车型"),
        ("swap", "date", "下次置换日期"),
        ("nick", "text", "备注昵称"),
    ]
    with tenant(brand.pk):
        for key, kind, label in declared:
            values = {"key": key, "kind": kind, "label": label, "choices": choices.get(key)}
            values |= {"data_class": "personal"} if key == "nick" else {}
            values |= {"high": 20} if key == "size" else {}
            services.create_field(values=values, actor=actor, now=timezone.now())


def held(brand):
    with tenant(brand.pk):
        specs = selectors.specs(brand_id=brand.pk)
        numbers = dict(Member.objects.values_list("pk", "customer_no"))
        found = selectors.values_of(brand_id=brand.pk, member_ids=list(numbers), fields=specs)
        return {
            number: {s.key: rules.as_json(s, found[pk][s.key]) for s in specs if s.key in found[pk]}
            for pk, number in numbers.items()
        }


EXPECTED = {
    "use": "家用",
    "size": 4,
    "likes": ["远航 E5", "远航 E7"],
    "swap": "2027-05-06",
    "nick": "小陈",
}


@pytest.mark.usefixtures("fields", "inside_brand")
def test_values_come_in_and_the_same_file_again_changes_nothing(bring_in, brand):
    rows = [FIRST, ("C2", "", "", "", "", "")]
    job = bring_in(table(HEAD, *rows))
    assert counts(job) == (2, 0, 0, 0)
    assert job.mapping["custom.use"] == "购车用途"
    assert held(brand) == {"C1": EXPECTED, "C2": {}}
    before = list(Member.objects.order_by("pk").values_list("version", "updated_at"))
    assert counts(bring_in(table(HEAD, *rows))) == (0, 0, 2, 0)
    assert list(Member.objects.order_by("pk").values_list("version", "updated_at")) == before


@pytest.mark.usefixtures("fields", "inside_brand")
def test_a_cell_replaces_a_blank_keeps(bring_in, brand):
    bring_in(table(HEAD, FIRST))
    job = bring_in(table(HEAD, ("C1", "通勤", "", "远航 E7、远航 S", "", "")))
    assert counts(job) == (0, 1, 0, 0)
    assert held(brand)["C1"] == EXPECTED | {"use": "通勤", "likes": ["远航 E7", "远航 S"]}
    assert Member.objects.get().version == 2
    job = bring_in(table(HEAD, ("C1", "", "", "远航 S", "", "")))
    assert counts(job) == (0, 1, 0, 0)
    assert held(brand)["C1"]["likes"] == ["远航 S"]


@pytest.mark.usefixtures("fields", "inside_brand")
def test_a_trial_writes_nothing(bring_in):
    job = bring_in(table(HEAD, FIRST), is_dry_run=True)
    assert counts(job) == (1, 0, 0, 0)
    assert not CustomValue.objects.exists()


@pytest.mark.usefixtures("fields", "inside_brand")
def test_bad_values_keep_their_row_out_with_column_and_reason(bring_in, brand):
    wrong = {
        1: ("不知道", "custom_choice"),
        2: ("21", "custom_range"),
        3: ("远航 E5;远航 X", "custom_choice"),
        4: ("2026-02-30", "date"),
        5: ("Z" + "\u0336" * 9, "custom_marks"),
    }
    rows = [
        [f"C{n}", *("" if column != place else value for place in range(1, 6))]
        for n, (column, (value, _code)) in enumerate(wrong.items())
    ]
    job = bring_in(table(HEAD, *rows, ("C9", "", "2.5", "", "", "")))
    assert counts(job) == (0, 0, 0, 6)
    told = {r.column: r.code for r in ImportRejection.objects.exclude(row_number=7)}
    assert told == {HEAD[column]: code for column, (_value, code) in wrong.items()}
    values = dict(ImportRejection.objects.values_list("column", "value"))
    assert "*****" in values["备注昵称"]  # personal
    assert ImportRejection.objects.get(row_number=7).code == "custom_decimals"
    assert held(brand) == {}


@pytest.mark.usefixtures("fields", "inside_brand")
def test_a_column_is_chosen_by_key_and_an_archived_field_is_refused(bring_in, brand, actor):
    job = bring_in(
        table(("号", "甲"), ("C1", "通勤")), mapping={"customer_no": "号", "custom.use": "甲"}
    )
    assert counts(job) == (1, 0, 0, 0)
    field = CustomField.objects.get(key="use")
    services.archive_field(field=field, actor=actor, now=timezone.now())
    with pytest.raises(InvalidInput) as refused:
        imports.start_import(
            job_id=imports.receive_file(
                file=table(("号", "甲"), ("C1", "通勤")),
                name="x.csv",
                subject="members",
                actor=actor,
                now=timezone.now(),
            ).pk,
            mapping={"customer_no": "号", "custom.use": "甲"},
            options={},
            is_dry_run=False,
            actor=actor,
            now=timezone.now(),
        )
    assert [problem.pointer for problem in refused.value.problems] == ["/mapping/custom.use"]


@pytest.fixture
def send(client, api_key):
    """Send members as a batch; return what became of each row, or of the pointer what is wrong."""

    def post(*rows):
        answer = client.post(
            "/api/v1/members/batch/",
            json.dumps({"rows": rows}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )
        assert answer.status_code == 200, answer.content
        return [
            {each["pointer"]: each["code"] for each in row["errors"]} or row["outcome"]
            for row in answer.json()["results"]
        ]

    return post


@pytest.mark.usefixtures("fields")
def test_a_batch_takes_them_as_json_row_by_row(send, brand):
    first = {"use": "家用", "size": 4, "likes": ["远航 E5", "远航 E7"], "swap": "2027-05-06"}
    rows = [
        {"customer_no": "C1", "custom": first | {"nick": "小\u200b陈"}},
        {"customer_no": "C2", "custom": {"use": "出租", "size": 21, "gone": 1}},
        {"customer_no": "C3", "custom": ["use"]},
        {"customer_no": "C4", "custom": None},
    ]
    wrong = {
        "/rows/1/custom/use": "custom_choice",
        "/rows/1/custom/size": "custom_range",
        "/rows/1/custom/gone": "unknown_field",
    }
    assert send(*rows) == ["created", wrong, {"/rows/2/custom": "wrong_type"}, "created"]
    assert held(brand) == {"C1": EXPECTED, "C4": {}}
    assert send(rows[0]) == ["unchanged"]
    # One value goes, of several choices one stays, the rest is left alone.
    change = {"customer_no": "C1", "custom": {"nick": None, "likes": ["远航 E7"], "use": "通勤"}}
    assert send(change, {"customer_no": "C4", "custom": {"nick": None}}) == ["updated", "unchanged"]
    changed = EXPECTED | {"use": "通勤", "likes": ["远航 E7"]}
    del changed["nick"]
    assert held(brand)["C1"] == changed
    with tenant(brand.pk):
        assert Member.objects.get(customer_no="C1").version == 2


@pytest.mark.usefixtures("fields")
def test_somebody_new_in_a_batch_needs_what_is_required(send, brand, actor):
    with tenant(brand.pk):
        field = CustomField.objects.get(key="use")
        services.change_field(
            field=field, changes={"is_required": True}, actor=actor, now=timezone.now()
        )
        MemberFactory(brand=brand, customer_no="C1")
    told = send(
        {"customer_no": "C1", "display_name": "陈小宇"},
        {"customer_no": "C2"},
        {"customer_no": "C3", "custom": {"use": "家用"}},
        {"customer_no": "C1x", "custom": {"use": None}},
    )
    needed = [{f"/rows/{n}/custom/use": "required"} for n in (1, 3)]
    assert told == ["updated", needed[0], "created", needed[1]]
    with tenant(brand.pk):
        assert set(Member.objects.values_list("customer_no", flat=True)) == {"C1", "C3"}


@pytest.mark.usefixtures("fields")
def test_a_batch_writes_them_in_one_go(send):
    def rows(first, count):
        return [
            {"customer_no": f"Q{n}", "custom": {"size": n % 20, "likes": ["远航 E5"]}}
            for n in range(first, first + count)
        ]

    def queries(*asked):
        with CaptureQueriesContext(connection) as captured:
            assert set(send(*asked)) == {"created"}
        return len(captured.captured_queries)

    send({"customer_no": "C0"})
    assert queries(*rows(0, 1)) == queries(*rows(1, 60))


@pytest.mark.usefixtures("fields", "inside_brand")
def test_a_file_without_such_columns_asks_nothing_about_them(bring_in):
    with CaptureQueriesContext(connection) as captured:
        bring_in(table(("客户编号", "姓名"), ("C1", "陈小宇")))
    steps = [query["sql"] for query in captured.captured_queries]
    started = next(n for n, sql in enumerate(steps) if "import_stage" in sql)
    names = ("import_custom", "members_customfield", "INTO members_customvalue")
    assert not [sql for sql in steps[started:] if any(name in sql for name in names)]


@pytest.mark.usefixtures("fields")
def test_the_columns_page_and_the_template_offer_the_fields(signed_in, brand, actor):
    template = signed_in.get(reverse("members:imports-template", args=["members"]))
    assert "购车用途" in template.content.decode("utf-8-sig").splitlines()[0]
    job = imports.receive_file(
        file=table(HEAD, FIRST), name="x.csv", subject="members", actor=actor, now=timezone.now()
    )
    url = reverse("members:imports-columns", args=[job.pk])
    page = signed_in.get(url).content.decode()
    assert 'name="map_custom.use"' in page
    assert "远航 E5 / 远航 E7" in page
    looked = signed_in.post(
        url, {"act": "look", "map_customer_no": "客户编号", "map_custom.nick": "备注昵称"}
    )
    assert looked.status_code == 200
    assert "小陈" in looked.content.decode()
