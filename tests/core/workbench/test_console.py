import pytest
from django.utils import timezone

from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from core.runs import ports as run_ports
from core.runs import services as runs
from core.runs.models import Run
from core.workbench import ports
from core.workbench.ports import Figure, Panel, Todo, Urgency
from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def quiet(monkeypatch):
    """Registries with nothing in them."""
    for name in ("_todos", "_figures", "_panels", "_acts"):
        monkeypatch.setattr(ports, name, {})


class Idle:
    def step(self, **_given):
        raise NotImplementedError

    def cancelled(self, **_given):
        pass


@pytest.fixture
def start(brand, monkeypatch):
    monkeypatch.setattr(run_ports, "_handlers", {"idle": Idle()})
    monkeypatch.setattr(runs, "ring", lambda *bell: None)

    def start(title, staff=None, **state):
        actor = Viewer(brand_id=brand.pk, label="x", staff_id=staff and staff.pk)
        with tenant(brand.pk):
            run = runs.start_run(kind="idle", title=title, params={}, actor=actor, now=NOW)
            Run.objects.filter(pk=run.pk).update(**state)
        return run

    return start


def titles(response):
    return [todo.title for group in response.context["todo_groups"] for todo in group["todos"]]


def test_an_empty_workbench_says_so(signed_in, quiet):
    response = signed_in.get("/")
    assert response.status_code == 200
    assert response.context["todo_count"] == 0
    assert 'class="empty"' in response.text


def test_the_most_urgent_comes_first(signed_in, quiet):
    def todos(*, viewer, now):
        return [
            Todo("later", "", "/a/", "Go", Urgency.SOON),
            Todo("<i>now</i>", "", "/b/", "Go", Urgency.NOW),
        ]

    ports.register_todos("x", todos)
    response = signed_in.get("/")
    assert titles(response) == ["<i>now</i>", "later"]
    assert response.context["urgent_count"] == 1
    assert "<i>now" not in response.text


def test_each_sees_what_their_role_is_for(client, brand, quiet):
    ports.register_figures(
        "x", lambda *, viewer, now: [Figure("Keys", 7)], permission=Permission.API_KEYS_EDIT
    )
    ports.register_panel("x", lambda *, viewer, now: None)
    ports.register_panel(
        "y",
        lambda *, viewer, now: Panel("components/skeleton.html"),
        permission=Permission.API_KEYS_EDIT,
    )
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/workbench/health/").context["figures"] == []
    assert client.get("/").context["panels"] == []


def test_figures_are_written_for_people(signed_in, quiet):
    ports.register_figures("x", lambda *, viewer, now: [Figure("Members", 1284306, "people")])
    assert "1,284,306" in signed_in.get("/workbench/health/").text


def test_tasks_that_need_somebody_are_listed(signed_in, staff, start):
    start("fine")
    start("resting", staff, state="paused")
    start("broken", state="failed", finished_at=NOW, error="interrupted", can_resume=True)
    start("refused", staff, state="failed", finished_at=NOW, error="No phone column")
    start("others refused", state="failed", finished_at=NOW, error="x")
    response = signed_in.get("/workbench/todo/")
    shown = " ".join(titles(response))
    assert [word in shown for word in ("broken", "resting", "refused", "fine")] == [
        True,
        True,
        True,
        False,
    ]
    assert "others refused" not in shown
    assert "No phone column" in response.text


def test_running_tasks_stand_in_the_aside(signed_in, start):
    start("建群 · 华东", state="running", done=40, total=100)
    assert "建群 · 华东" in signed_in.get("/").text
    assert "every 2s" in signed_in.get("/tasks/panel/").text


def test_the_workbench_needs_few_queries(signed_in, query_budget):
    with query_budget(11):  # All apps together: what waits, running tasks, rooms nearly full.
        signed_in.get("/")
