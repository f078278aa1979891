import pytest
from django.urls import reverse

from communities.group_building.models import BuildRule, BuildRun
from core.kernel.scoping import tenant
from tests.communities.group_building.conftest import reload, work

pytestmark = pytest.mark.django_db


def url(route, *args):
    return reverse(f"communities:{route}", args=args)


def rule_form(**changes):
    return {
        "name": "按经销商",
        "kind": "service",
        "group_by": ["dealer"],
        "skip": "same_kind",
        "topic": "充电",
    } | changes


def test_rule_is_written_previewed_confirmed_and_done(signed_in, brand, people, policies):
    answer = signed_in.post(url("build-rules-new"), rule_form(preview="1"))
    with tenant(brand.pk):
        run = BuildRun.objects.get()
    page = url("build-runs-detail", run.pk)
    assert answer.url == page
    assert "run-progress" in signed_in.get(page).content.decode()
    work(brand)
    assert "8" in signed_in.get(page).content.decode()
    dialog = signed_in.get(url("build-runs-confirm", run.pk)).content.decode()
    assert "8" in dialog
    assert signed_in.post(url("build-runs-confirm", run.pk)).url == page
    work(brand)
    assert reload(run).state == BuildRun.State.APPLIED
    assert signed_in.get(page).context["report"]["placed"] == 8


def test_preview_needs_a_bounded_number_of_queries(
    signed_in, people, make_rule, preview, query_budget
):
    run = preview(make_rule())
    with query_budget(12):
        assert signed_in.get(url("build-runs-detail", run.pk)).status_code == 200
    with query_budget(30):
        assert signed_in.get(url("build-runs-examples", run.pk)).status_code == 200
    with query_budget(4):
        assert signed_in.get(url("build-runs-groups", run.pk)).status_code == 200


def test_somebody_looked_for_is_explained(signed_in, brand, people, make_rule, preview):
    run = preview(make_rule())
    page = signed_in.get(f"{url('build-runs-examples', run.pk)}?q={people[0].display_name}")
    assert page.context["rows"][0]["verdict"].member == people[0]


def test_refused_rule_keeps_what_was_typed(signed_in, brand, policies):
    answer = signed_in.post(url("build-rules-new"), rule_form(name_template="{owner} {n}"))
    assert answer.status_code == 422
    assert "{owner} {n}" in answer.content.decode()
    with tenant(brand.pk):
        assert not BuildRule.objects.exists()


def test_names_are_shown_while_the_rule_is_written(signed_in, policies):
    answer = signed_in.post(url("build-rules-example"), rule_form())
    assert answer.context["names"]["rooms"][0] == "杭州滨江远航中心·充电交流群 1"
    answer = signed_in.post(url("build-rules-example"), rule_form(name_template="{owner}"))
    assert answer.context["names"]["problem"]


@pytest.mark.parametrize("route", ["build-rules-list", "build-runs-list", "build-rules-new"])
def test_lists_open(signed_in, people, make_rule, preview, query_budget, route):
    preview(make_rule())
    with query_budget(8):
        assert signed_in.get(url(route)).status_code == 200


def test_rule_is_edited_and_taken_out_of_use(signed_in, brand, make_rule):
    rule = make_rule()
    edit = url("build-rules-edit", rule.pk)
    assert signed_in.get(edit).status_code == 200
    assert signed_in.post(edit, rule_form(name="Other", version=1)).status_code == 302
    archive = url("build-rules-archive", rule.pk)
    assert signed_in.get(archive).status_code == 200
    assert signed_in.post(archive).status_code == 302
    assert signed_in.get(edit).status_code == 404


def test_discarded_preview_places_nobody(signed_in, people, make_rule, preview):
    run = preview(make_rule())
    assert signed_in.post(url("build-runs-discard", run.pk)).status_code == 302
    assert reload(run).state == BuildRun.State.DISCARDED
    assert signed_in.post(url("build-runs-confirm", run.pk)).status_code == 409


def test_list_of_who_is_left_out_becomes_a_task(signed_in, brand, people, make_rule, preview):
    run = preview(make_rule())
    answer = signed_in.post(url("build-runs-export", run.pk))
    assert answer.status_code == 302
    work(brand)
    assert signed_in.get(answer.url).status_code == 200
