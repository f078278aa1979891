import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.exports.models import ExportRequest
from core.files.models import StoredFile
from core.kernel.scoping import tenant
from core.runs.models import Run
from core.staff.models import Staff
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
LIST = "core:export-approvals-list"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in_as(staff_id):
    client = Client()
    client.force_login(Staff.objects.get(pk=staff_id), backend=BACKEND)
    return client


@pytest.fixture
def approver(other):
    return signed_in_as(other.staff_id)


def detail(request):
    return reverse("core:export-approvals-detail", args=[request.pk])


def test_the_question_says_that_it_takes_two(signed_in, brand, few_alone):
    for _n in range(4):
        MemberFactory(brand=brand)
    page = signed_in.get(reverse("core:exports-new", query={"list": "members"}))
    assert page.context["needs_two"]
    page = signed_in.get(reverse("core:exports-new", query={"list": "dealers"}))
    assert not page.context["needs_two"]


def test_approvers_find_it_on_their_workbench_and_in_the_list(waiting, approver, signed_in):
    _run, request = waiting
    assert detail(request) in approver.get(reverse("core:workbench-todo")).content.decode()
    assert detail(request) not in signed_in.get(reverse("core:workbench-todo")).content.decode()
    for client in (approver, signed_in):
        assert [row["asked"] for row in client.get(reverse(LIST)).context["rows"]] == [request]


def test_the_list_costs_the_same_for_many(waiting, approver, brand, query_budget):
    _run, request = waiting
    with tenant(brand.pk):
        for _n in range(20):
            run = Run.objects.get(pk=request.run_id)
            run.pk = None
            run.save(force_insert=True)
            ExportRequest.objects.create(
                **{
                    field.attname: getattr(request, field.attname)
                    for field in ExportRequest._meta.concrete_fields
                    if field.attname not in {"id", "run_id"}
                },
                run_id=run.pk,
            )
    with query_budget(6):
        assert len(approver.get(reverse(LIST)).context["rows"]) == 21


def test_the_requester_reads_that_it_waits_but_cannot_decide(waiting, signed_in):
    run, request = waiting
    page = signed_in.get(reverse("core:runs-detail", args=[run.pk])).content.decode()
    assert "core/runs" not in page
    assert detail(request) not in page
    page = signed_in.get(detail(request))
    assert not page.context["may_decide"]
    answer = signed_in.post(detail(request), {"decision": "approve", "reason": "me"})
    assert answer.status_code == 403


def test_an_approver_says_yes(waiting, approver, work):
    run, request = waiting
    page = approver.get(reverse("core:runs-detail", args=[run.pk])).content.decode()
    assert detail(request) in page
    answer = approver.post(detail(request), {"decision": "approve", "reason": "年度回访"})
    assert answer.url == detail(request)
    assert work(run).state == Run.State.SUCCEEDED
    page = approver.get(reverse("core:runs-detail", args=[run.pk])).content.decode()
    assert "年度回访" in page
    assert approver.get(reverse(LIST, query={"state": "decided"})).context["rows"]
    assert not approver.get(reverse(LIST)).context["rows"]


def test_an_approver_says_no(waiting, approver, signed_in, work):
    run, request = waiting
    approver.post(detail(request), {"decision": "refuse", "reason": "列太多"})
    page = signed_in.get(reverse("core:runs-detail", args=[run.pk])).content.decode()
    assert "列太多" in page
    assert "已拒绝</span>" in page
    assert "失败" not in page
    assert "已拒绝</span>" in signed_in.get(reverse("core:runs-list")).content.decode()


@pytest.mark.parametrize("sent", [{"decision": "approve"}, {"reason": "年度回访"}])
def test_half_an_answer_is_refused_and_what_was_typed_kept(waiting, approver, sent):
    _run, request = waiting
    answer = approver.post(detail(request), sent)
    assert answer.status_code == 422
    assert sent.get("reason", "") in answer.content.decode()
    assert answer.context["asked"].state == "waiting"


def test_the_second_of_two_is_told_that_it_is_decided(waiting, approver, brand):
    _run, request = waiting
    colleague = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=colleague, role="hq_admin")
    approver.post(detail(request), {"decision": "approve", "reason": "年度回访"})
    late = signed_in_as(colleague.pk).post(
        detail(request), {"decision": "refuse", "reason": "列太多"}
    )
    assert late.status_code == 409
    assert "复核员" in late.content.decode()


def test_who_may_not_approve_finds_nothing(waiting, client, brand):
    _run, request = waiting
    operator = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=operator, role="hq_operator")
    client.force_login(operator, backend=BACKEND)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(detail(request)).status_code == 403


def test_an_expired_file_says_so_before_and_after_its_bytes_are_gone(
    signed_in, brand, person, export, work
):
    MemberFactory(brand=brand)
    run = work(export(person))
    with tenant(brand.pk):
        stored = StoredFile.objects.get(purpose="result")
    until = run.result["files"][0]["expires_at"]
    page = signed_in.get(reverse("core:runs-detail", args=[run.pk])).content.decode()
    assert timezone.localtime(stored.expires_at).strftime("%Y-%m-%d %H:%M") in page
    with tenant(brand.pk):
        StoredFile.objects.update(expires_at=timezone.now())
        row = Run.objects.get(pk=run.pk)
        row.result["files"][0]["expires_at"] = timezone.now().isoformat()
        row.save()
    for deleted in (False, True):
        if deleted:
            with tenant(brand.pk):
                StoredFile.objects.update(deleted_at=timezone.now())
        assert signed_in.get(f"/files/{stored.pk}/").status_code == 410
    page = signed_in.get(reverse("core:runs-detail", args=[run.pk])).content.decode()
    assert f"/files/{stored.pk}/" not in page
    assert until not in page
