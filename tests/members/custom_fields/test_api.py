import pytest
from rest_framework.test import APIClient

from core.kernel.access import Permission
from core.kernel.scoping import tenant
from members.profiles.models import Member
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
FIELDS, MEMBERS = "/api/v1/custom-fields/", "/api/v1/members/"


def client_of(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def api(staff):
    return client_of(staff)


@pytest.fixture
def analyst(brand):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="analyst")
    return client_of(person)


def pointers(answer):
    assert answer.status_code == 422, answer.content
    return {error["pointer"] for error in answer.json()["errors"]}


def test_a_field_is_declared_changed_moved_archived_and_restored(api):
    body = {
        "key": "use",
        "label": "购车用途",
        "kind": "choices",
        "choices": [{"label": "家用"}, {"label": "通勤"}],
    }
    made = api.post(FIELDS, body, format="json")
    assert made.status_code == 201, made.content
    url, (home, work) = made["Location"], made.json()["choices"]
    api.post(FIELDS, {"key": "size", "label": "家庭人数", "kind": "number", "low": 1, "high": 20.5})
    sizes = api.get(FIELDS, {"ordering": "position"}).json()["results"][1]
    assert (sizes["low"], sizes["high"], sizes["position"]) == (1, 20.5, 1)
    changed = api.patch(
        url,
        {"label": "用途", "choices": [work, {"label": "自驾"}], "position": 1, "version": 1},
        format="json",
    )
    assert changed.status_code == 422  # What a choice does not take, such as is_archived.
    wanted = [{"id": work["id"], "label": "上班"}, {"label": "自驾"}]
    change = {"label": "用途", "choices": wanted, "position": 1, "version": 1}
    changed = api.patch(url, change, format="json")
    assert changed.status_code == 200, changed.content
    shown = changed.json()
    assert [choice["label"] for choice in shown["choices"]] == ["上班", "自驾", "家用"]
    assert (shown["label"], shown["position"], shown["choices"][2]["id"]) == ("用途", 1, home["id"])
    assert api.patch(url, {"label": "x", "version": 1}).status_code == 412
    assert api.delete(url).status_code == 204
    assert api.get(url).json()["archived_at"] is not None
    assert api.post(f"{url}restore/").json()["archived_at"] is None


def test_values_are_counted_by_field(api, analyst, declare, brand):
    size, likes = declare("size", "number"), declare("likes", "choices")
    for custom in ({"size": 4, "likes": ["通勤", "自驾游"]}, {"size": 2}):
        body = {"display_name": "陈小宇", "custom": custom}
        assert api.post(MEMBERS, body, format="json").status_code == 201
    assert api.get(f"{FIELDS}counts/").json()["results"] == [
        {"id": size.pk, "number": 2, "is_capped": False},
        {"id": likes.pk, "number": 1, "is_capped": False},
    ]
    assert analyst.get(f"{FIELDS}counts/").status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"label": "x", "kind": "text"}, "/key"),
        ({"key": "K", "label": "x", "kind": "text"}, "/key"),
        ({"key": "k", "label": "x", "kind": "json"}, "/kind"),
        ({"key": "k", "label": "x", "kind": "choice"}, "/choices"),
        ({"key": "k", "label": "x", "kind": "text", "brand": 1}, "/brand"),
        ({"key": "k", "label": "x", "kind": "text", "max_length": "9"}, "/max_length"),
    ],
)
def test_a_wrong_field_is_refused_where_it_is_wrong(body, pointer, api):
    assert pointer in pointers(api.post(FIELDS, body, format="json"))


def test_members_carry_their_values(api, declare, brand, query_budget):
    declare("use", "choice")
    declare("size", "number")
    declare("likes", "choices")
    declare("swap", "date")
    declare("nick")
    given = {"use": "家用", "size": 4, "likes": ["通勤", "自驾游"], "swap": "2027-05-06"}
    made = api.post(MEMBERS, {"display_name": "陈小宇", "custom": given}, format="json")
    assert made.status_code == 201, made.content
    url, first = made["Location"], made.json()
    assert first["custom"] == given | {"nick": None}
    change = {"custom": {"size": None, "nick": "小陈"}, "version": first["version"]}
    changed = api.patch(url, change, format="json").json()
    assert changed["custom"] == given | {"size": None, "nick": "小陈"}
    assert changed["version"] > first["version"]
    same = {"custom": changed["custom"], "version": changed["version"]}
    again = api.patch(url, same, format="json").json()
    assert again["version"] == changed["version"]
    for _ in range(3):
        MemberFactory(brand=brand)
    with query_budget(10):
        listed = api.get(MEMBERS).json()["results"]
    assert [row["custom"]["nick"] for row in listed] == [None, None, None, "小陈"]


@pytest.mark.parametrize(
    ("custom", "pointer"),
    [
        ({"size": "many"}, "/custom/size"),
        ({"size": 21}, "/custom/size"),
        ({"swap": "2026-02-30"}, "/custom/swap"),
        ({"nick": "Z" + "\u0336" * 9}, "/custom/nick"),
        ({"nick": {"a": 1}}, "/custom/nick"),
        ({"nothing": 1}, "/custom/nothing"),
        ([1], "/custom"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_written(custom, pointer, api, declare, brand):
    declare("size", "number", high=20)
    declare("swap", "date")
    declare("nick")
    body = {"display_name": "陈小宇", "custom": custom}
    assert pointers(api.post(MEMBERS, body, format="json")) == {pointer}
    with tenant(brand.pk):
        assert not Member.objects.exists()


def test_a_required_field_is_asked_of_somebody_new_and_cannot_be_emptied(api, declare, brand):
    member = MemberFactory(brand=brand)
    declare("use", "choice", is_required=True)
    assert pointers(api.post(MEMBERS, {"display_name": "a"}, format="json")) == {"/custom/use"}
    url = f"{MEMBERS}{member.pk}/"
    assert api.patch(url, {"display_name": "b", "version": 1}).status_code == 200
    emptied = {"custom": {"use": None}, "version": 2}
    assert pointers(api.patch(url, emptied, format="json")) == {"/custom/use"}


def test_personal_values_are_for_those_who_may_edit_members(api, analyst, declare, brand):
    declare("nick", data_class="personal")
    declare("use")
    member = MemberFactory(brand=brand)
    url = f"{MEMBERS}{member.pk}/"
    api.patch(url, {"custom": {"nick": "小陈", "use": "x"}, "version": 1}, format="json")
    assert api.get(url).json()["custom"] == {"nick": "小陈", "use": "x"}
    assert analyst.get(url).json()["custom"] == {"use": "x"}


def test_who_may_not_declare_fields_is_told_so(analyst):
    answer = analyst.post(FIELDS, {"key": "k", "label": "x", "kind": "text"})
    assert answer.status_code == 403
    assert Permission.FIELDS_EDIT in answer.content.decode()
