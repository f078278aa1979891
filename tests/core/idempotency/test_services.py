from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from core.idempotency import services
from core.idempotency.models import IdempotencyKey
from core.kernel.access import Viewer
from core.kernel.scoping import tenant

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANSWER = services.Answer(status=201, body={"name": "华东"}, headers={"Location": "/x/1/"})
HASH = b"h" * 32


def viewer(brand, staff_id=1):
    return Viewer(brand_id=brand.pk, label="A", staff_id=staff_id)


def recall(actor, *, now=NOW, request_hash=HASH):
    return services.recall(key="k", request_hash=request_hash, actor=actor, now=now)


def keep(actor, *, now=NOW):
    services.keep(key="k", request_hash=HASH, answer=ANSWER, actor=actor, now=now)


def test_kept_answer_comes_back_whole(inside_brand):
    me = viewer(inside_brand)
    assert recall(me) is None
    keep(me)
    assert recall(me) == ANSWER


def test_kept_answer_is_not_readable_at_rest(inside_brand):
    keep(viewer(inside_brand))
    assert "华东".encode() not in bytes(IdempotencyKey.objects.get().answer)


def test_key_with_another_request_is_refused(inside_brand):
    keep(viewer(inside_brand))
    with pytest.raises(services.KeyReused):
        recall(viewer(inside_brand), request_hash=b"o" * 32)


def test_key_of_a_colleague_tells_nothing(inside_brand):
    keep(viewer(inside_brand))
    assert recall(viewer(inside_brand, staff_id=2)) is None


def test_answer_is_forgotten_after_a_week(inside_brand):
    me = viewer(inside_brand)
    keep(me)
    assert recall(me, now=NOW + timedelta(days=7)) == ANSWER
    assert recall(me, now=NOW + timedelta(days=7, seconds=1)) is None


def test_sweep_removes_only_what_is_old(inside_brand):
    keep(viewer(inside_brand))
    keep(viewer(inside_brand, staff_id=2), now=NOW + timedelta(days=1))
    assert services.sweep(brand_id=inside_brand.pk, now=NOW + timedelta(days=7, hours=1)) == 1
    assert IdempotencyKey.objects.get().actor == "staff:2"


@pytest.mark.django_db(transaction=True)
def test_key_is_refused_while_another_connection_holds_it(brand):
    rival = connections["default"].copy()
    try:
        with rival.cursor() as cursor, tenant(brand.pk):
            cursor.execute("BEGIN")
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('idempotency staff:1 k', %s))",
                [brand.pk],
            )
            with pytest.raises(services.KeyInUse):
                recall(viewer(brand))
            cursor.execute("ROLLBACK")
            assert recall(viewer(brand)) is None
    finally:
        rival.close()
