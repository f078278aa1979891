from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from communities.chat.models import RoomMessage
from core.audit.models import AuditEntry
from core.files import services as files
from core.files.models import StoredFile
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from core.kernel.scoping import tenant
from core.retention import selectors, services
from core.retention.models import RetentionRule
from core.runs.models import Run
from members.imports.models import ImportJob, ImportRejection
from tests.factories.communities import RoomFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.FILES_DIR = tmp_path
    return tmp_path


def ago(days):
    return NOW - timedelta(days=days)


def say(brand, days, body="hello"):
    room = RoomFactory(brand=brand)
    with tenant(brand.pk):
        return RoomMessage.objects.create(
            brand=brand,
            room=room,
            seq=1,
            sender="staff",
            sender_label="Chen",
            body=body,
            created_at=ago(days),
        )


def import_job(brand, actor, days):
    upload = files.store_upload(
        brand_id=brand.pk,
        name="people.csv",
        chunks=[b"name\n"],
        limit_bytes=99,
        actor=actor,
        now=ago(days),
    )
    with tenant(brand.pk):
        job = ImportJob.objects.create(
            brand=brand,
            file=upload,
            subject="members",
            sample=[["Chen"]],
            created_at=ago(days),
            read_count=1,
            rejected_count=1,
        )
        ImportRejection.objects.create(
            brand=brand, job=job, row_number=2, code="phone", reason="not a phone", value="13*"
        )
    return job


def purge(brand, **more):
    return services.purge_due(brand_id=brand.pk, now=NOW, **more)


def reload(row):
    with tenant(row.brand_id):
        row.refresh_from_db()
    return row


def test_old_messages_lose_their_words_and_keep_their_numbers(brand):
    old, young = say(brand, 731), say(brand, 729)
    assert purge(brand)["message"] == 1
    reload(old), reload(young)
    assert (old.body, old.sender_label, old.seq) == ("", "", 1)
    assert young.body == "hello"
    assert purge(brand)["message"] == 0


def test_goes_through_everything_in_batches_with_a_line_each(brand):
    for _n in range(5):
        say(brand, 800)
    assert purge(brand, batch=2)["message"] == 5
    with tenant(brand.pk):
        told = AuditEntry.objects.filter(action="retention.emptied").order_by("pk")
        assert [entry.data["count"] for entry in told] == [2, 2, 1]
        assert {entry.data["kind"] for entry in told} == {"message"}


def test_another_brand_keeps_its_own(brand):
    other = say(RoomFactory().brand, 800)
    assert purge(brand)["message"] == 0
    assert reload(other).body == "hello"


def test_old_imports_lose_values_and_samples_and_keep_the_reasons(brand, actor):
    job = import_job(brand, actor, 181)
    done = purge(brand)
    assert (done["import"], done["sample"], done["file"]) == (1, 1, 1)
    with tenant(brand.pk):
        row = job.rejections.get()
    assert (row.value, row.reason) == ("", "not a phone")
    assert reload(job).sample == []


def test_a_file_that_an_import_refers_to_leaves_the_disk_only(
    brand, actor, folder, django_capture_on_commit_callbacks
):
    job = import_job(brand, actor, 31)
    path = Path(folder, job.file.path)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert purge(brand)["file"] == 1
    assert not path.exists()
    with tenant(brand.pk):
        kept = StoredFile.objects.get()
        with pytest.raises(files.FileGone):
            files.open_file(stored=kept, now=NOW)
    assert purge(brand)["file"] == 0


def test_only_results_that_hold_rows_go_by_the_rule_of_exports(brand, actor):
    with tenant(brand.pk):
        services.change_rule(kind="export", days=2, actor=actor, now=NOW)
    for holds in (actor, None):
        with files.result_writer(
            brand_id=brand.pk, name="a.csv", actor=actor, now=ago(4), holds=holds
        ) as result:
            result.text.write("a")
    assert purge(brand)["export"] == 1
    with tenant(brand.pk):
        assert StoredFile.objects.get(deleted_at=None).holds is None


def test_expired_files_of_imports_do_not_stop_the_night(brand, actor):
    import_job(brand, actor, 31)
    loose = files.store_upload(
        brand_id=brand.pk, name="a", chunks=[b"1"], limit_bytes=9, actor=actor, now=ago(40)
    )
    assert files.delete_expired(brand_id=brand.pk, now=NOW) == 2
    with tenant(brand.pk):
        assert not StoredFile.objects.filter(pk=loose.pk).exists()


def test_ended_tasks_forget_what_was_typed(brand):
    fields = {"brand": brand, "kind": "export", "title": "t", "claimable_at": NOW}
    with tenant(brand.pk):
        old = Run.objects.create(
            **fields,
            state="succeeded",
            params={"query": "x", "list": "members"},
            created_at=ago(400),
            finished_at=ago(400),
        )
        still = Run.objects.create(**fields, params={"query": "x"}, created_at=ago(400))
    assert purge(brand)["task"] == 1
    assert reload(old).params == {"list": "members"}
    assert reload(still).params == {"query": "x"}


def test_a_rule_of_the_brand_takes_the_place_of_the_default(brand, actor):
    message = say(brand, 40)
    with tenant(brand.pk):
        services.change_rule(kind="message", days=30, actor=actor, now=NOW)
        [line] = [one for one in selectors.lines(brand_id=brand.pk, now=NOW) if one.due]
        assert (line.kind, line.days, line.due) == ("message", 30, 1)
        entry = AuditEntry.objects.get(action="retention.changed")
        assert entry.data == {"kind": "message", "days": 30, "days_before": 730}
    assert reload(message).body == "hello", "looking changes nothing"
    assert purge(brand)["message"] == 1


@pytest.mark.parametrize(
    ("kind", "days"), [("message", 29), ("message", 3651), ("file", 31), ("export", 31)]
)
def test_days_have_bounds(inside_brand, actor, kind, days):
    with pytest.raises(InvalidInput):
        services.change_rule(kind=kind, days=days, actor=actor, now=NOW)
    assert not RetentionRule.objects.exists()


def test_changing_needs_the_permission_the_whole_brand_and_a_kind(inside_brand, actor, brand):
    reader = Viewer(brand.pk, "Li", permissions=frozenset({Permission.PRIVACY_VIEW}))
    here = Viewer(brand.pk, "Li", permissions=frozenset(Permission), dealer_ids=frozenset({1}))
    for viewer in (reader, here):
        with pytest.raises(Forbidden):
            services.change_rule(kind="message", days=60, actor=viewer, now=NOW)
    with pytest.raises(NotFound):
        services.change_rule(kind="dreams", days=60, actor=actor, now=NOW)
