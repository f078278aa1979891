from datetime import timedelta

import pytest
from django.utils import timezone

from core.audit import console, services
from core.audit.models import AuditEntry
from core.kernel.access import Viewer, system_viewer
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def record(brand, action="dealer.created", subject=None, actor=None, now=NOW, **data):
    with tenant(brand.pk):
        services.record(
            action=action,
            subject=subject or DealerFactory(brand=brand),
            actor=actor or system_viewer(brand.pk),
            now=now,
            data=data,
        )
        return AuditEntry.objects.order_by("-pk").first()


def sign_in_as(client, brand, role, **node):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role=role, **node)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")


def listed(response):
    return [line.entry.action for line in response.context["lines"]]


def test_the_trail_reads_as_sentences(signed_in, brand):
    dealer = DealerFactory(brand=brand, name="滨江远航中心")
    record(brand, subject=dealer)
    record(brand, action="staff.role_granted", subject=StaffFactory(brand=brand), role="hq_admin")
    record(brand, action="future.invented", subject=dealer)
    text = signed_in.get("/audit/").text
    assert "滨江远航中心" in text
    assert f"/organization/dealers/{dealer.pk}/" in text
    assert "hq_admin" not in text
    assert "future invented" in text


def test_data_reads_in_words(signed_in, brand):
    member = MemberFactory(brand=brand)
    data = {"fields": ["display_name", "city"], "whole": True, "role": "hq_admin", "odd": 7}
    entry = record(brand, action="member.changed", subject=member, **data)
    text = signed_in.get(f"/audit/{entry.pk}/").text
    assert "改动的内容</dt><dd>姓名、城市<" in text
    assert "完整号码</dt><dd>是<" in text
    assert "角色</dt><dd>总部管理员<" in text
    assert "odd</dt><dd>7<" in text  # what nobody announced, as it is written


def test_the_trail_is_narrowed(signed_in, brand, staff):
    me = Viewer(brand_id=brand.pk, label="我", staff_id=staff.pk)
    record(brand, actor=me)
    record(brand, action="region.created")
    record(brand, action="run.started", now=NOW - timedelta(days=3))
    assert listed(signed_in.get(f"/audit/?actor={staff.pk}")) == ["dealer.created"]
    assert listed(signed_in.get("/audit/?action=region.created")) == ["region.created"]
    assert listed(signed_in.get("/audit/?subject=core.dealer")) != []
    assert listed(signed_in.get("/audit/?subject=core.run")) == []
    day = timezone.localtime(NOW - timedelta(days=2)).date()
    assert listed(signed_in.get(f"/audit/?until={day}")) == ["run.started"]
    assert "run.started" not in listed(signed_in.get(f"/audit/?since={day}"))
    assert listed(signed_in.get("/audit/?since=nonsense")) == []


def test_pages_follow_each_other(signed_in, brand, monkeypatch):
    monkeypatch.setattr(console, "PAGE_SIZE", 2)
    dealer = DealerFactory(brand=brand)
    for n in range(5):
        record(brand, action=f"test.n{n}", subject=dealer)
    seen, path = [], "/audit/"
    while path:
        response = signed_in.get(path)
        seen += listed(response)
        path = response.context["next"] and f"/audit/?after={response.context['next']}"
    assert seen == [f"test.n{n}" for n in (4, 3, 2, 1, 0)]


def test_an_entry_opens_in_a_drawer(signed_in, brand):
    entry = record(brand, action="dealer.changed", fields=["name"])
    drawer = signed_in.get(f"/audit/{entry.pk}/", headers={"HX-Request": "true"})
    assert drawer.text.lstrip().startswith("<dialog")
    assert "改动的内容" in drawer.text
    assert signed_in.get(f"/audit/{entry.pk}/").status_code == 200


def test_data_cannot_act(signed_in, brand):
    entry = record(brand, action="<script>alert(1)</script>", fields="<script>alert(2)</script>")
    for path in ("/audit/", f"/audit/{entry.pk}/"):
        assert "<script>alert" not in signed_in.get(path).text


def test_another_brands_trail_does_not_exist(signed_in):
    other = BrandFactory()
    entry = record(other)
    assert signed_in.get(f"/audit/{entry.pk}/").status_code == 404
    assert listed(signed_in.get("/audit/")) == []
    path = f"/audit/of/{entry.subject_type}/{entry.subject_id}/"
    assert not signed_in.get(path).context["entries"]


def test_who_did_what_to_one_subject(signed_in, brand):
    dealer = DealerFactory(brand=brand)
    record(brand, subject=dealer)
    record(brand)
    response = signed_in.get(f"/audit/of/core.dealer/{dealer.pk}/")
    assert len(response.context["entries"]) == 1


def test_a_region_manager_sees_the_regions_own_history(client, brand):
    dealer = DealerFactory(brand=brand)
    sign_in_as(client, brand, "region_manager", region=dealer.region)
    entry = record(brand)
    assert client.get(f"/audit/{entry.pk}/").status_code == 404
    response = client.get("/audit/")
    assert listed(response) == []
    assert "may_check" not in response.context


@pytest.mark.parametrize("role", ["hq_operator", "analyst"])
def test_reading_the_trail_needs_the_permission(client, brand, role):
    sign_in_as(client, brand, role)
    assert client.get("/audit/").status_code == 403
    assert client.post("/audit/check/").status_code == 403


def test_the_state_of_the_chain_is_shown(signed_in, brand, settings, tmp_path):
    settings.AUDIT_ANCHOR_DIR = tmp_path
    record(brand)
    with tenant(brand.pk):
        services.check_chain(brand_id=brand.pk, now=NOW)
    assert 'id="chain-state"' in signed_in.get("/audit/").text


def test_a_verification_is_rung_for(signed_in, brand, monkeypatch):
    rung = []
    monkeypatch.setattr(console, "ring", lambda *bell: rung.append(bell))
    assert signed_in.post("/audit/check/").status_code == 302
    assert rung == [("core.audit.tasks.check_chain", brand.pk)]


def test_the_list_needs_few_queries(signed_in, brand, query_budget):
    for _n in range(6):
        record(brand)
    with query_budget(5):  # Entries, their dealers, the people of the filter, head and check.
        signed_in.get("/audit/")
