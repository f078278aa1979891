import io
from functools import partial

import pytest
from django.utils import timezone, translation
from openpyxl import load_workbook

from core.audit.models import AuditEntry
from core.exports import handlers, writing
from core.files import services as files
from core.files.models import StoredFile
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import selectors as run_selectors
from core.runs import services as runs
from core.runs.models import Run
from core.staff.models import RoleGrant
from core.staff.selectors import viewer_of_staff
from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_steps(monkeypatch):
    """Two rows at once, three to a step, stretches of two ids."""
    monkeypatch.setattr(handlers, "AT_ONCE", 2)
    monkeypatch.setattr(handlers, "PER_STEP", 3)
    monkeypatch.setattr(handlers, "STRETCH", 2)


@pytest.fixture
def dealer(brand):
    return DealerFactory(brand=brand, name="杭州店")


@pytest.fixture
def manager(brand, dealer):
    """A dealer's manager."""
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_manager", dealer=dealer)
    return staff


def names(rows):
    return [row[0] for row in rows[1:]]


def test_every_member_is_in_the_file_once_the_newest_first(
    brand, actor, export, work, rows_in, small_steps
):
    made = [MemberFactory(brand=brand, display_name=f"{n}号") for n in "一二三四五六七八"]
    MemberFactory(brand=BrandFactory())
    run = work(export(actor, columns=["name"]))
    assert run.state == Run.State.SUCCEEDED
    assert (run.done, run.total) == (8, 8)
    assert names(rows_in(run)) == [f"{m.display_name[0]}*" for m in reversed(made)]
    with tenant(brand.pk):
        assert not StoredFile.objects.filter(purpose="piece").exists()


def test_a_list_in_another_order_is_written_page_by_page(
    brand, actor, export, work, rows_in, small_steps
):
    made = [MemberFactory(brand=brand, display_name=f"{n}号") for n in "一二三四五六七"]
    run = work(export(actor, filters="sort=added", columns=["name"]))
    assert names(rows_in(run)) == [f"{m.display_name[0]}*" for m in made]


def test_what_is_personal_stays_masked_as_on_the_page(brand, actor, export, work, bytes_of):
    MemberFactory(brand=brand, display_name="陈小宇", phone="+8613812345678")
    content = bytes_of(work(export(actor))).decode("utf-8-sig")
    assert "陈*宇" in content
    assert "138****5678" in content
    assert "陈小宇" not in content
    assert "13812345678" not in content


def test_the_file_is_narrowed_like_the_page(brand, actor, export, work, rows_in, dealer):
    MemberFactory(brand=brand, display_name="甲甲", home_dealer=dealer)
    MemberFactory(brand=brand, display_name="乙乙")
    run = work(export(actor, filters=f"dealer={dealer.pk}", columns=["name", "dealer"]))
    assert rows_in(run)[1:] == [["甲*", "杭州店"]]


def test_a_dealer_gets_the_dealers_members_only(brand, export, work, rows_in, dealer, manager):
    MemberFactory(brand=brand, display_name="甲甲", home_dealer=dealer)
    MemberFactory(brand=brand, display_name="乙乙", home_dealer=DealerFactory(brand=brand))
    run = work(export(viewer_of_staff(staff_id=manager.pk), columns=["name"]))
    assert names(rows_in(run)) == ["甲*"]


def test_a_lost_right_ends_the_run_and_leaves_nothing(brand, export, work, dealer, manager):
    MemberFactory(brand=brand, home_dealer=dealer)
    run = export(viewer_of_staff(staff_id=manager.pk))
    with tenant(brand.pk):
        RoleGrant.objects.filter(staff=manager).delete()
    run = work(run)
    assert run.state == Run.State.FAILED
    assert run.error
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()


def test_a_gap_in_the_ids_costs_one_look_up(
    brand, actor, export, work, rows_in, small_steps, monkeypatch
):
    looked: list[int] = []
    highest = handlers._highest_id

    def counting(*args, **kwargs):
        looked.append(1)
        return highest(*args, **kwargs)

    monkeypatch.setattr(handlers, "_highest_id", counting)
    old = MemberFactory(brand=brand, display_name="旧主")
    new = MemberFactory(brand=brand, display_name="新主", pk=old.pk + 10**6)
    run = work(export(actor, columns=["name"]))
    assert names(rows_in(run)) == [f"{one.display_name[0]}*" for one in (new, old)]
    assert len(looked) <= 4


def test_the_file_is_named_in_the_language_of_who_looks(brand, actor, export, work):
    MemberFactory(brand=brand)
    with translation.override("zh-hans"):
        run = work(export(actor))
    for language, label in [("zh-hans", "车主"), ("en", "Members")]:
        with tenant(brand.pk), translation.override(language):
            [found] = run_selectors.files_of(run=run, viewer=actor, now=timezone.now())
            assert found.label == label


def test_a_changed_scope_ends_the_run(brand, export, work, dealer, manager):
    run = export(viewer_of_staff(staff_id=manager.pk))
    RoleGrantFactory(
        brand=brand, staff=manager, role="dealer_staff", dealer=DealerFactory(brand=brand)
    )
    assert work(run).state == Run.State.FAILED


def test_who_sees_less_now_cannot_fetch_the_file(brand, staff, export, work, dealer):
    run = work(export(viewer_of_staff(staff_id=staff.pk)))
    with tenant(brand.pk):
        stored = StoredFile.objects.get(pk=run.result["files"][0]["file_id"])
        files.download(
            stored=stored, actor=viewer_of_staff(staff_id=staff.pk), now=timezone.now()
        ).close()
        RoleGrant.objects.filter(staff=staff).delete()
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_manager", dealer=dealer)
    with tenant(brand.pk), pytest.raises(files.FileOutOfSight):
        files.download(stored=stored, actor=viewer_of_staff(staff_id=staff.pk), now=timezone.now())


def test_a_step_that_broke_is_repeated_without_a_row_twice(
    brand, actor, export, rows_in, small_steps, monkeypatch
):
    for _n in range(7):
        MemberFactory(brand=brand)
    run, honest, breaks = export(actor, columns=["added", "name"]), writing.write_piece, [2]

    def break_once(**given):
        honest(**given)
        if breaks and breaks[0] == 0:
            breaks.clear()
            raise OSError("disk full")
        if breaks:
            breaks[0] -= 1

    monkeypatch.setattr(writing, "write_piece", break_once)
    begun = timezone.now()
    for later in (begun, begun + runs.RETRY_AFTER * 2):
        clock = partial(lambda now: now, later)
        runs.work_due(brand_id=brand.pk, clock=clock, budget=runs.LEASE)
    with tenant(brand.pk):
        run = Run.objects.get(pk=run.pk)
    assert run.state == Run.State.SUCCEEDED
    assert len(rows_in(run)) == 1 + 7


def test_a_cancelled_run_leaves_no_piece(brand, actor, export, work, small_steps, files_dir):
    for _n in range(8):
        MemberFactory(brand=brand)
    run = export(actor)
    with tenant(brand.pk):
        view = runs.RunView.of(Run.objects.get(pk=run.pk))
        working = handlers.ExportHandler()
        began = working.step(run=view, actor=actor, now=timezone.now())
        view = runs.RunView(**vars(view) | {"cursor": began.cursor})
        wrote = working.step(run=view, actor=actor, now=timezone.now())
        assert StoredFile.objects.filter(purpose="piece").exists()
        assert not StoredFile.objects.visible_to(system_viewer(brand.pk)).exists()
        Run.objects.filter(pk=run.pk).update(cursor=wrote.cursor, asked="cancel")
    assert work(run).state == Run.State.CANCELLED
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()


def test_a_workbook_holds_text_as_text(brand, actor, export, work, bytes_of):
    MemberFactory(brand=brand, display_name="=1")
    run = work(export(actor, columns=["name", "added"], file_format="xlsx"))
    sheet = load_workbook(io.BytesIO(bytes_of(run))).active
    cell = sheet["A3"]
    assert (cell.value, cell.data_type) == ("=*", "s")


def test_a_formula_in_a_name_is_inert_in_a_csv(brand, actor, export, work, bytes_of):
    MemberFactory(brand=brand, display_name="=1")
    content = bytes_of(work(export(actor, columns=["name"])))
    assert content.startswith(b"\xef\xbb\xbf")
    assert "'=*" in content.decode("utf-8-sig").splitlines()


def test_a_workbook_that_grew_too_large_meanwhile_is_refused(
    brand, actor, export, work, monkeypatch
):
    for _n in range(3):
        MemberFactory(brand=brand)
    run = export(actor, file_format="xlsx")
    monkeypatch.setattr(writing, "MOST_XLSX_ROWS", 2)
    assert work(run).state == Run.State.FAILED


def test_the_trail_says_what_went_out_but_not_what_was_typed(brand, actor, export, work, dealer):
    MemberFactory(brand=brand, display_name="陈小宇", home_dealer=dealer)
    run = work(export(actor, filters=f"dealer={dealer.pk}&q=陈小宇"))
    with tenant(brand.pk):
        entry = AuditEntry.objects.get(action="list.exported")
    assert entry.subject_id == run.pk
    assert entry.data["count"] == 1
    assert "杭州店" in entry.data["filters"]
    assert "陈小宇" not in str(entry.data)
    assert "陈小宇" not in str(run.params)
