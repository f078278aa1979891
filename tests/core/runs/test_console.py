import pytest
from django.utils import timezone

from core.files import services as files
from core.kernel.access import Viewer, system_viewer
from core.kernel.scoping import tenant
from core.runs import ports, services
from core.runs.models import Run
from core.runs.ports import RunWords, register_run_kind
from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class Idle:
    tidied = 0

    def step(self, **_given):
        raise AssertionError("nobody works here")

    def cancelled(self, **_given):
        self.tidied += 1


@pytest.fixture(autouse=True)
def kinds(monkeypatch, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    for name in ("_handlers", "_words"):
        monkeypatch.setattr(ports, name, {})
    monkeypatch.setattr(services, "ring", lambda *bell: None)
    words = RunWords("Import", {"created": "new ones", "rejected": "bad rows"})
    register_run_kind("import", Idle(), words)


def start(brand, title="名单", staff=None, **state):
    actor = Viewer(brand_id=brand.pk, label="x", staff_id=staff and staff.pk)
    with tenant(brand.pk):
        run = services.start_run(kind="import", title=title, params={}, actor=actor, now=NOW)
        Run.objects.filter(pk=run.pk).update(**state)
    return run


def sign_in_as(client, brand, role, **node):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role=role, **node)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return staff


def titles(response):
    return [row.run.title for row in response.context["rows"]]


def state_of(brand, run):
    with tenant(brand.pk):
        return Run.objects.get(pk=run.pk).state


def test_tasks_are_listed_newest_first_and_narrowed(signed_in, brand, staff):
    start(brand, "first", staff)
    start(brand, "second", state="paused")
    start(brand, "third", state="succeeded", finished_at=NOW)
    start(BrandFactory(), "other brand")
    assert titles(signed_in.get("/tasks/")) == ["third", "second", "first"]
    assert titles(signed_in.get("/tasks/?who=me")) == ["first"]
    assert titles(signed_in.get("/tasks/?state=open")) == ["second", "first"]
    assert titles(signed_in.get("/tasks/?state=succeeded")) == ["third"]
    assert titles(signed_in.get("/tasks/?kind=import&state=paused")) == ["second"]
    assert titles(signed_in.get("/tasks/?state=nonsense")) == []


def test_a_list_with_open_tasks_asks_again(signed_in, brand):
    run = start(brand)
    assert "every 5s" in signed_in.get("/tasks/").text
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(state="succeeded", finished_at=NOW)
    assert "every 5s" not in signed_in.get("/tasks/").text


def test_an_open_task_is_followed_and_an_ended_one_is_not(signed_in, brand):
    run = start(brand, state="running", done=10, total=40)
    partial = signed_in.get(f"/tasks/{run.pk}/", headers={"HX-Request": "true"})
    assert partial.text.count('id="run-state"') == 1
    assert "<html" not in partial.text
    assert "every 2s" in partial.text
    with tenant(brand.pk):
        Run.objects.filter(pk=run.pk).update(state="succeeded", finished_at=NOW)
    assert "every 2s" not in signed_in.get(f"/tasks/{run.pk}/").text


def test_a_result_names_its_numbers_and_files(signed_in, brand):
    with (
        tenant(brand.pk),
        files.result_writer(
            brand_id=brand.pk, name="错误行.csv", actor=system_viewer(brand.pk), now=NOW
        ) as result,
    ):
        result.text.write("x")
    run = start(
        brand,
        state="succeeded",
        finished_at=NOW,
        result={
            "counts": {"rejected": 3, "created": 12, "surprise": 1},
            "files": [{"label": "3 bad rows", "file_id": result.stored.pk}],
        },
    )
    response = signed_in.get(f"/tasks/{run.pk}/")
    assert [(str(c.label), c.number) for c in response.context["counts"]] == [
        ("new ones", 12),
        ("bad rows", 3),
        ("surprise", 1),
    ]
    assert f"/files/{result.stored.pk}/" in response.text


def test_a_task_is_paused_resumed_and_cancelled(signed_in, brand):
    run = start(brand)
    signed_in.post(f"/tasks/{run.pk}/pause/")
    assert state_of(brand, run) == "paused"
    signed_in.post(f"/tasks/{run.pk}/resume/")
    assert state_of(brand, run) == "queued"
    dialog = signed_in.get(f"/tasks/{run.pk}/cancel/", headers={"HX-Request": "true"})
    assert "<dialog" in dialog.text
    assert state_of(brand, run) == "queued"
    signed_in.post(f"/tasks/{run.pk}/cancel/")
    assert state_of(brand, run) == "cancelled"
    assert signed_in.post(f"/tasks/{run.pk}/pause/").status_code == 409


@pytest.mark.parametrize("act", ["pause", "resume", "cancel"])
def test_a_task_is_steered_only_by_its_starter_or_headquarters(client, brand, act):
    start_state = "paused" if act == "resume" else "queued"
    reader = sign_in_as(client, brand, "analyst")
    theirs, own = start(brand, state=start_state), start(brand, staff=reader, state=start_state)
    assert client.post(f"/tasks/{theirs.pk}/{act}/").status_code == 403
    assert state_of(brand, theirs) == start_state
    assert client.post(f"/tasks/{own.pk}/{act}/").status_code == 302


def test_a_dealer_sees_only_own_tasks(client, brand):
    dealer = sign_in_as(client, brand, "dealer_manager", dealer=DealerFactory(brand=brand))
    own, other = start(brand, "own", dealer), start(brand, "other")
    assert titles(client.get("/tasks/")) == ["own"]
    assert client.get(f"/tasks/{own.pk}/").status_code == 200
    assert client.get(f"/tasks/{other.pk}/").status_code == 404
    assert client.post(f"/tasks/{other.pk}/cancel/").status_code == 404


def test_the_badge_counts_what_moves(signed_in, brand):
    start(brand)
    start(brand, state="paused")
    assert signed_in.get("/tasks/badge/").context["count"] == 1


def test_lists_need_one_query_and_one_for_their_views(signed_in, brand, query_budget):
    for n in range(5):
        start(brand, str(n))
    with query_budget(2):  # The tasks, and the views kept of their list.
        signed_in.get("/tasks/")
    with query_budget(1):
        signed_in.get("/tasks/badge/")
