import csv
import io

import pytest
from django.utils import timezone

from communities.group_building import selectors, services
from communities.group_building.models import BuildRule, BuildRun
from communities.group_building.services import RuleWanted
from core.exports import rules as exports
from core.exports.models import ExportRequest
from core.files.models import StoredFile
from core.files.services import open_file
from core.kernel.access import Viewer, system_viewer
from core.kernel.errors import Forbidden, InvalidInput, StaleVersion
from core.kernel.scoping import tenant
from core.runs.models import Run
from core.staff.selectors import viewer_of_staff
from tests.communities.group_building.conftest import reload, work
from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"kind": "party"}, "/kind"),
        ({"group_by": ("colour",)}, "/group_by"),
        ({"room_cap": 1}, "/room_cap"),
        ({"topic": "x" * 41}, "/topic"),
        ({"name_template": "{owner} {n}"}, "/name_template"),
        ({"group_by": ("model",)}, "/name_template"),
        ({"kind": "conversion", "group_by": ("city",)}, "/name_template"),
        ({"skip": "some"}, "/skip"),
        ({"segment_id": 0}, "/segment"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_field(brand, make_rule, changes, pointer):
    with pytest.raises(InvalidInput) as refusal:
        make_rule(**changes)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]
    with tenant(brand.pk):
        assert not BuildRule.objects.exists()


def test_two_rules_do_not_share_a_name(brand, make_rule):
    make_rule()
    with pytest.raises(InvalidInput) as refusal:
        make_rule()
    assert refusal.value.problems[0].code == "taken"


def test_planned_run_keeps_the_rule_as_it_was(brand, actor, people, make_rule, preview):
    rule = make_rule(room_cap=3)
    run = preview(rule)
    with tenant(brand.pk):
        services.edit_rule(
            rule_id=rule.pk,
            wanted=RuleWanted(name="Other", kind="service", group_by=("city",)),
            version=1,
            actor=actor,
            now=NOW,
        )
    assert reload(run).plan["room_cap"] == 3
    assert reload(run).plan["group_by"] == ["dealer"]


def test_kind_stays_once_the_rule_has_built(brand, actor, people, make_rule, preview, apply):
    rule = make_rule()
    apply(preview(rule))
    wanted = RuleWanted(name="By dealer", kind="conversion", group_by=("dealer",))
    with tenant(brand.pk), pytest.raises(InvalidInput) as refusal:
        services.edit_rule(rule_id=rule.pk, wanted=wanted, version=1, actor=actor, now=NOW)
    assert refusal.value.problems[0].code == "kind_in_use"


def test_stale_edit_is_refused(brand, actor, make_rule):
    rule = make_rule()
    wanted = RuleWanted(name="By dealer", kind="service", group_by=("dealer",), topic="充电")
    with tenant(brand.pk):
        services.edit_rule(rule_id=rule.pk, wanted=wanted, version=1, actor=actor, now=NOW)
        with pytest.raises(StaleVersion):
            services.edit_rule(rule_id=rule.pk, wanted=wanted, version=1, actor=actor, now=NOW)


def test_a_part_of_the_brand_is_not_enough_to_build(brand, policies):
    actor = system_viewer(brand.pk)
    narrow = Viewer(
        brand_id=brand.pk, label="x", permissions=actor.permissions, dealer_ids=frozenset({1})
    )
    with tenant(brand.pk), pytest.raises(Forbidden):
        services.create_rule(wanted=RuleWanted(name="A", kind="service"), actor=narrow, now=NOW)


def test_nobody_to_place_is_nothing_to_confirm(brand, actor, make_rule, preview):
    run = preview(make_rule())
    with tenant(brand.pk), pytest.raises(services.NobodyToPlace):
        services.confirm_run(run_id=run.pk, actor=actor, now=NOW)


def test_discarding_before_a_worker_came_cancels_its_task(brand, actor, people, make_rule):
    rule = make_rule()
    with tenant(brand.pk):
        run = services.plan_run(rule_id=rule.pk, actor=actor, now=timezone.now())
        services.discard_run(run_id=run.pk, actor=actor, now=timezone.now())
    work(brand)
    run = reload(run)
    assert (run.state, run.plan_task.state) == (BuildRun.State.DISCARDED, Run.State.CANCELLED)


def test_seat_explains_itself(brand, actor, people, make_rule, preview, apply):
    apply(preview(make_rule(room_cap=2)))
    with tenant(brand.pk):
        from communities.memberships.models import Membership

        seat = Membership.objects.filter(placement="next").select_related("room").first()
        reasons = selectors.reasons_for(seat=seat)
    assert len(reasons) == 4
    assert "滨江" in reasons[1]
    assert seat.room.name in reasons[3]


def test_list_of_those_left_out_names_each_reason_once(
    brand, actor, dealers, people, make_rule, preview
):
    from members.privacy.models import Consent
    from tests.communities.group_building.conftest import agree
    from tests.factories.members import MemberFactory

    agree(*MemberFactory.create_batch(2, brand=brand))
    with tenant(brand.pk):
        Consent.objects.filter(member=people[0]).delete()
    run = preview(make_rule())
    with tenant(brand.pk):
        task = services.export_left_out(run_id=run.pk, actor=actor, now=timezone.now())
    work(brand)
    with tenant(brand.pk):
        task = Run.objects.get(pk=task.pk)
        assert task.result["counts"] == {"written": 3}, task.error
        stored = StoredFile.objects.get(pk=task.result["files"][0]["file_id"])
        with open_file(stored=stored, now=timezone.now()) as handle:
            _head, *rows, mark = csv.reader(io.StringIO(handle.read().decode("utf-8-sig")))
    reasons = [row[-1] for row in rows]
    assert sorted(map(reasons.count, set(reasons))) == [1, 2]
    assert not [row for row in rows if people[0].display_name in row]
    assert mark[0].startswith("# ")
    assert actor.label in mark[0]


def test_a_long_list_of_those_left_out_takes_a_second_person(
    brand, people, make_rule, preview, monkeypatch
):
    from members.privacy.models import Consent

    monkeypatch.setattr(exports, "ALONE", len(people) - 1)
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="hq_admin")
    with tenant(brand.pk):
        Consent.objects.all().delete()
        viewer = viewer_of_staff(staff_id=staff.pk)
    run = preview(make_rule())
    with tenant(brand.pk):
        task = services.export_left_out(run_id=run.pk, actor=viewer, now=timezone.now())
    work(brand)
    with tenant(brand.pk):
        assert Run.objects.get(pk=task.pk).state == Run.State.WAITING
        asked = ExportRequest.objects.get(run_id=task.pk)
    assert (asked.state, asked.rows, asked.list_key) == ("waiting", len(people), "build-left-out")
    assert task.subject_url == services.run_url(run)
