"""The chain against somebody who owns the database: triggers off, rows rewritten."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from core.audit import anchors, selectors, services
from core.audit.models import AuditCheck, AuditEntry, AuditLink
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory, DealerFactory

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture(autouse=True)
def anchor_dir(settings, tmp_path):
    settings.AUDIT_ANCHOR_DIR = tmp_path
    return tmp_path


def record(brand, count=1, **data):
    with tenant(brand.pk):
        for n in range(count):
            services.record(
                action="test.happened",
                subject=brand,
                actor=system_viewer(brand.pk),
                now=NOW,
                data={"n": n, "text": "杭州 ✓", **data},
            )


def anchor(brand):
    with tenant(brand.pk):
        return services.anchor_head(brand_id=brand.pk, now=NOW)


def verdict(brand):
    with tenant(brand.pk):
        return selectors.verify(brand_id=brand.pk)


def faults(brand):
    return {fault.kind for fault in verdict(brand).faults}


@contextmanager
def as_owner(brand, *, triggers=False):
    """A connection that owns the tables and, unless asked otherwise, has switched triggers off."""
    owner = connections["owner"]
    params = owner.get_connection_params() | {"dbname": connection.settings_dict["NAME"]}
    params.pop("cursor_factory", None)
    raw = psycopg2.connect(**params)
    tables = ("core_auditentry", "core_auditlink", "core_auditchain")
    try:
        with raw, raw.cursor() as cursor:
            if not triggers:
                for table in tables:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute("SELECT set_config('app.brand_id', %s, true)", [str(brand.pk)])
            yield cursor
            if not triggers:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                for table in tables:
                    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    finally:
        raw.close()


def test_entries_are_linked_in_the_order_of_commits(brand):
    record(brand, 3)
    with tenant(brand.pk):
        links = list(AuditLink.objects.order_by("seq"))
    assert [link.seq for link in links] == [1, 2, 3]
    assert [bytes(b.prev_hash) for b in links[1:]] == [bytes(a.hash) for a in links[:-1]]
    assert verdict(brand).seq == 3
    assert faults(brand) == set()


def test_several_rows_are_told_of_in_one_statement(brand, django_assert_num_queries):
    dealers = [DealerFactory(brand=brand) for _n in range(3)]
    with tenant(brand.pk), django_assert_num_queries(1):
        services.record_each(
            action="dealer.counted",
            told=[(dealer, {"n": n}) for n, dealer in enumerate(dealers)],
            actor=system_viewer(brand.pk),
            now=NOW,
        )
    with tenant(brand.pk):
        rows = AuditEntry.objects.order_by("pk").values_list("subject_type", "subject_id", "data")
        assert list(rows) == [
            ("core.dealer", dealer.pk, {"n": n}) for n, dealer in enumerate(dealers)
        ]
    assert (verdict(brand).seq, faults(brand)) == (3, set())


def test_what_is_rolled_back_leaves_no_gap(brand):
    record(brand)
    with tenant(brand.pk):
        record(brand)
        transaction.set_rollback(True)
    record(brand)
    assert verdict(brand).seq == 2
    assert faults(brand) == set()


def test_each_brand_has_a_chain_of_its_own(brand):
    other = BrandFactory()
    record(brand, 2)
    record(other)
    assert (verdict(brand).seq, verdict(other).seq) == (2, 1)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditentry SET action = 'x'",
        "DELETE FROM core_auditentry",
        "UPDATE core_auditlink SET seq = 9",
        "DELETE FROM core_auditlink",
        "INSERT INTO core_auditlink (brand_id, seq, entry_id, prev_hash, hash)"
        " VALUES ({brand}, 9, 9, '', '')",
        "UPDATE core_auditchain SET seq = 0",
        "DELETE FROM core_auditchain",
        "UPDATE core_auditcheck SET seq = 0",
    ],
)
def test_the_application_cannot_rewrite_history(brand, sql):
    record(brand)
    with pytest.raises(DatabaseError, match="permission denied"), tenant(brand.pk):
        connection.cursor().execute(sql.format(brand=brand.pk))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditentry SET action = 'x'",
        "DELETE FROM core_auditentry",
        "UPDATE core_auditlink SET seq = 9",
        "DELETE FROM core_auditlink",
        "UPDATE core_auditchain SET seq = 0",
        "DELETE FROM core_auditchain",
    ],
)
def test_even_the_owner_is_refused(brand, sql):
    record(brand)
    with (
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
        as_owner(brand, triggers=True) as cursor,
    ):
        cursor.execute(sql)


EDITS = {
    "action": "action = 'test.innocent'",
    "actor": "actor_label = 'somebody else'",
    "actor_id": "actor_id = 7",
    "subject": "subject_id = subject_id + 1",
    "dealer": "dealer_id = 1",
    "data": """data = data || '{"n": 99}'""",
    "time": "created_at = created_at + interval '1 microsecond'",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edited_entry_is_found(brand, edit):
    record(brand, 5)
    with as_owner(brand) as cursor:
        cursor.execute(
            f"UPDATE core_auditentry SET {edit}"
            " WHERE id = (SELECT entry_id FROM core_auditlink WHERE seq = 3)"
        )
    assert [(fault.kind, fault.seq) for fault in verdict(brand).faults] == [("entry_changed", 3)]


def test_a_deleted_entry_is_found(brand):
    record(brand, 5)
    with as_owner(brand) as cursor:
        cursor.execute(
            "DELETE FROM core_auditentry"
            " WHERE id = (SELECT entry_id FROM core_auditlink WHERE seq = 3)"
        )
    assert [(fault.kind, fault.seq) for fault in verdict(brand).faults] == [("entry_missing", 3)]


def test_an_entry_deleted_with_its_link_is_found(brand):
    record(brand, 5)
    with as_owner(brand) as cursor:
        cursor.execute("DELETE FROM core_auditlink WHERE seq = 3 RETURNING entry_id")
        cursor.execute("DELETE FROM core_auditentry WHERE id = %s", cursor.fetchone())
    assert "link_missing" in faults(brand)


def test_a_deleted_entry_whose_gap_is_closed_is_found(brand):
    record(brand, 5)
    with as_owner(brand) as cursor:
        cursor.execute("DELETE FROM core_auditlink WHERE seq = 3 RETURNING entry_id")
        cursor.execute("DELETE FROM core_auditentry WHERE id = %s", cursor.fetchone())
        cursor.execute("UPDATE core_auditlink SET seq = 3 WHERE seq = 4")
        cursor.execute("UPDATE core_auditlink SET seq = 4 WHERE seq = 5")
    assert "order_broken" in faults(brand)


def test_swapped_entries_are_found(brand):
    record(brand, 5)
    with as_owner(brand) as cursor:
        cursor.execute("SELECT entry_id FROM core_auditlink WHERE seq IN (2, 4) ORDER BY seq")
        (second,), (fourth,) = cursor.fetchall()
        for seq, entry_id in ((2, -1), (4, second), (2, fourth)):
            cursor.execute(
                "UPDATE core_auditlink SET entry_id = %s WHERE seq = %s", [entry_id, seq]
            )
    assert faults(brand) == {"entry_changed"}


def test_swapped_links_are_found(brand):
    record(brand, 5)
    with as_owner(brand) as cursor:
        for old, new in ((2, 99), (4, 2), (99, 4)):
            cursor.execute("UPDATE core_auditlink SET seq = %s WHERE seq = %s", [new, old])
    assert "order_broken" in faults(brand)


def test_a_smuggled_entry_is_found(brand):
    record(brand, 2)
    with as_owner(brand) as cursor:
        cursor.execute(
            "INSERT INTO core_auditentry (brand_id, actor_label, action, subject_type, subject_id,"
            " data, created_at) VALUES (%s, 'x', 'x', 'x', 1, '{}', now())",
            [brand.pk],
        )
    assert faults(brand) == {"entry_unlinked"}


def cut_tail(brand, keep, *, links=True, head=False):
    with as_owner(brand) as cursor:
        cursor.execute(
            "DELETE FROM core_auditentry WHERE id IN"
            " (SELECT entry_id FROM core_auditlink WHERE seq > %s)",
            [keep],
        )
        if links:
            cursor.execute("DELETE FROM core_auditlink WHERE seq > %s", [keep])
        if head:
            cursor.execute(
                "UPDATE core_auditchain SET seq = %s,"
                " hash = (SELECT hash FROM core_auditlink WHERE seq = %s)",
                [keep, keep],
            )


def test_a_tail_cut_off_is_found(brand):
    record(brand, 5)
    cut_tail(brand, 3, links=False)
    assert faults(brand) == {"entry_missing"}


def test_a_tail_cut_off_with_its_links_is_found_by_the_head(brand):
    record(brand, 5)
    cut_tail(brand, 3)
    assert faults(brand) == {"head_differs"}


def test_a_tail_cut_off_with_links_and_head_is_found_by_the_anchor(brand):
    record(brand, 5)
    assert anchor(brand)
    cut_tail(brand, 3, head=True)
    found = verdict(brand)
    assert [(fault.kind, fault.seq) for fault in found.faults] == [("tail_missing", 5)]
    record(brand, 4)
    assert faults(brand) == {"anchor_differs"}, "growing again does not cover it up"


def test_everything_deleted_is_found_by_the_anchor(brand):
    record(brand, 5)
    anchor(brand)
    with as_owner(brand) as cursor:
        for table in ("core_auditlink", "core_auditentry", "core_auditchain"):
            cursor.execute(f"DELETE FROM {table}")
    assert faults(brand) == {"tail_missing"}


def test_a_chain_computed_anew_is_found_by_the_anchor(brand):
    """Whoever knows the recipe can forge a whole chain, but not what was written elsewhere."""
    record(brand, 5)
    anchor(brand)
    with as_owner(brand) as cursor:
        cursor.execute("UPDATE core_auditentry SET actor_label = 'somebody else'")
        for seq in range(1, 6):
            cursor.execute(
                """
                UPDATE core_auditlink AS link SET
                    prev_hash = coalesce((SELECT hash FROM core_auditlink WHERE seq = %(seq)s - 1),
                                         decode(repeat('00', 32), 'hex')),
                    hash = core_audit_hash(
                        coalesce((SELECT hash FROM core_auditlink WHERE seq = %(seq)s - 1),
                                 decode(repeat('00', 32), 'hex')), entry, %(seq)s)
                FROM core_auditentry AS entry
                WHERE link.seq = %(seq)s AND entry.id = link.entry_id
                """,
                {"seq": seq},
            )
        cursor.execute(
            "UPDATE core_auditchain SET hash = (SELECT hash FROM core_auditlink WHERE seq = 5)"
        )
    assert faults(brand) == {"anchor_differs"}


def test_a_damaged_anchor_file_is_found(brand, anchor_dir):
    record(brand)
    anchor(brand)
    file = anchor_dir / f"brand-{brand.pk}.log"
    file.write_text(file.read_text().replace(" 1 ", " one "))
    assert faults(brand) == {"anchors_unreadable"}


def test_heads_are_anchored_once_each(brand, anchor_dir):
    assert not anchor(brand)
    record(brand)
    assert anchor(brand)
    assert not anchor(brand)
    record(brand, 2)
    assert anchor(brand)
    assert [a.seq for a in anchors.read(brand_id=brand.pk)] == [1, 3]
    file = anchor_dir / f"brand-{brand.pk}.log"
    with file.open("a") as torn:
        torn.write("2026-11-22T00:0")  # A crash in the middle of a line.
    record(brand)
    assert anchor(brand)
    assert [a.seq for a in anchors.read(brand_id=brand.pk)] == [1, 3, 4]
    assert faults(brand) == set()


def test_eight_writers_at_once_leave_one_whole_chain(brand):
    failures = []

    def write():
        try:
            for n in range(25):
                record(brand, 1 + n % 3)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = verdict(brand)
    with tenant(brand.pk):
        assert AuditEntry.objects.count() == found.seq == 8 * (25 + 8 + 16)
    assert found.faults == []


def test_a_verification_is_kept(brand):
    record(brand, 2)
    anchor(brand)
    with tenant(brand.pk):
        check = services.check_chain(brand_id=brand.pk, now=NOW + timedelta(hours=1))
        assert AuditCheck.objects.get() == check
    assert (check.seq, check.anchored_seq, check.faults) == (2, 2, [])


def test_the_command_says_which_brand_is_broken(brand, capsys):
    whole = BrandFactory()
    record(brand, 2)
    record(whole)
    call_command("verify_audit")
    with as_owner(brand) as cursor:
        cursor.execute("UPDATE core_auditentry SET actor_label = 'x'")
    with pytest.raises(CommandError):
        call_command("verify_audit")
    out = capsys.readouterr().out
    assert f"BROKEN  {brand.code}  2 links" in out
    assert f"whole   {whole.code}  1 links" in out
