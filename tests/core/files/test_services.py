import csv
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from core.files import services, storage
from core.files.models import StoredFile
from core.kernel.scoping import tenant
from members.imports.models import ImportJob

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    return tmp_path


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(brand, actor, *, content=(b"a,b\n", b"1,2\n"), name="list.csv", limit=1000):
    return services.store_upload(
        brand_id=brand.pk, name=name, chunks=content, limit_bytes=limit, actor=actor, now=NOW
    )


def test_an_upload_is_kept_under_a_path_that_says_nothing(brand, actor, files_dir):
    stored = upload(brand, actor, name="车主\u202e名单.csv")
    assert stored.name == "车主名单.csv"
    assert stored.size_bytes == 8
    assert "名单" not in stored.path
    with tenant(brand.pk), services.open_file(stored=stored, now=NOW) as handle:
        assert handle.read() == b"a,b\n1,2\n"
    assert files_in(files_dir)[0].stat().st_mode & 0o077 == 0


def test_an_upload_past_its_limit_leaves_nothing(brand, actor, files_dir):
    with pytest.raises(services.FileTooLarge):
        upload(brand, actor, content=(b"x" * 900, b"x" * 200))
    assert files_in(files_dir) == []
    with tenant(brand.pk):
        assert not StoredFile.objects.exists()


def test_a_broken_upload_leaves_nothing(brand, actor, files_dir):
    def chunks():
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        upload(brand, actor, content=chunks())
    assert files_in(files_dir) == []


def test_a_result_opens_in_excel(inside_brand, actor):
    with services.result_writer(
        brand_id=inside_brand.pk, name="错误行.csv", actor=actor, now=NOW
    ) as result:
        csv.writer(result.text).writerows([["行", "原因"], ["2", "手机号不对"]])
    with services.open_file(stored=result.stored, now=NOW) as handle:
        content = handle.read()
    assert content == "\ufeff行,原因\r\n2,手机号不对\r\n".encode()
    assert result.stored.size_bytes == len(content)


def test_a_result_that_fails_leaves_nothing(inside_brand, actor, files_dir):
    def break_off():
        with services.result_writer(
            brand_id=inside_brand.pk, name="x.csv", actor=actor, now=NOW
        ) as result:
            result.binary.write(b"half")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        break_off()
    assert files_in(files_dir) == []
    assert not StoredFile.objects.exists()


def test_an_expired_file_does_not_open(brand, actor):
    stored = upload(brand, actor)
    with pytest.raises(services.FileGone):
        services.open_file(stored=stored, now=NOW + services.LIFETIME)


def test_a_path_cannot_lead_out():
    with pytest.raises(ValueError, match="passwd"):
        storage.absolute("../../etc/passwd")


@pytest.mark.django_db(transaction=True)
def test_the_nightly_sweep_takes_expired_files_and_orphans(brand, actor, files_dir):
    old, young = upload(brand, actor), upload(brand, actor)
    orphan, fresh = (storage.absolute(f"{brand.pk}/202611/{name}") for name in ("a" * 32, "b" * 32))
    for path in (orphan, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"?")
    long_ago = (NOW - timedelta(days=2)).timestamp()
    os.utime(orphan, (long_ago, long_ago))
    with tenant(brand.pk):
        StoredFile.objects.filter(pk=old.pk).update(expires_at=NOW)
    assert services.delete_expired(brand_id=brand.pk, now=NOW) == 2
    assert {path.name for path in files_in(files_dir)} == {
        young.path.rsplit("/", 1)[-1],
        "b" * 32,
    }
    with tenant(brand.pk):
        assert list(StoredFile.objects.all()) == [young]


def test_an_expired_file_that_an_import_names_loses_its_bytes_alone(inside_brand, actor):
    """The import's page tells that it is gone; the sweep goes on to the next file."""
    named, plain = upload(inside_brand, actor), upload(inside_brand, actor)
    ImportJob.objects.create(brand=inside_brand, file=named, subject="members", created_at=NOW)
    later = NOW + services.LIFETIME
    services.delete_expired(brand_id=inside_brand.pk, now=later)
    kept = StoredFile.objects.get()
    assert (kept.pk, kept.deleted_at) == (named.pk, later)
    with pytest.raises(services.FileGone):
        services.open_file(stored=kept, now=later)
    assert services.delete_expired(brand_id=inside_brand.pk, now=later) == 0
    services.delete_expired(brand_id=inside_brand.pk, now=later + services.REMEMBERED)
    assert StoredFile.objects.get().expires_at is None, "the import still names it"
    assert plain.pk != kept.pk
