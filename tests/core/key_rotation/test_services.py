import base64
import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel import crypto
from core.kernel.scoping import tenant
from core.key_rotation import selectors, services
from core.key_rotation.models import KeyRotation
from core.lists import selectors as lists
from core.runs.models import Run
from core.saved_views.models import SavedView
from members.profiles.models import Member
from tests.factories.core import BrandFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
OLD, NEW = {"k0": os.urandom(32)}, {"k1": os.urandom(32)}


@pytest.fixture
def rotated(settings):
    """Everything made until it is called is sealed by the old key, what comes later by the new."""
    settings.FIELD_KEYS = OLD

    def rotate():
        settings.FIELD_KEYS = NEW | OLD

    return rotate


def make_run(brand, params):
    now = timezone.now()
    return Run.objects.create(
        brand=brand, kind="export", title="t", params=params, claimable_at=now, created_at=now
    )


def key_of(sealed):
    return bytes(sealed).partition(b"\0")[0].decode()


def run(**options):
    out = StringIO()
    try:
        call_command("rotate_field_keys", stdout=out, **options)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_everything_sealed_is_sealed_anew_and_reads_the_same(brand, rotated):
    phones = [f"+8613800000{n:03d}" for n in range(7)]
    made = [MemberFactory(brand=brand, phone=phone) for phone in phones]
    with tenant(brand.pk):
        view = SavedView.objects.create(
            brand=brand,
            staff=StaffFactory(brand=brand),
            list_key="members",
            name="v",
            query=crypto.encrypt("q=1"),
            created_at=timezone.now(),
        )
        typed = make_run(brand, {"query": lists.sealed(QueryDict("q=Chen")), "list": "members"})
        plain = make_run(brand, {"query": "stage=growth"})
    rotated()
    for _n in range(2):
        out, error = run(batch=3)
        assert error == ""
        assert "k0  may be dropped" in out
    with tenant(brand.pk):
        rows = Member.objects.filter(pk__in=[m.pk for m in made]).order_by("pk")
        assert [crypto.decrypt(bytes(m.phone_cipher)) for m in rows] == phones
        assert {key_of(m.phone_cipher) for m in rows} == {"k1"}
        view.refresh_from_db(), typed.refresh_from_db(), plain.refresh_from_db()
        assert (key_of(view.query), crypto.decrypt(bytes(view.query))) == ("k1", "q=1")
        assert key_of(base64.b64decode(typed.params["query"])) == "k1"
        assert lists.opened(typed.params["query"])["q"] == "Chen"
        assert typed.params["list"] == "members"
        assert plain.params == {"query": "stage=growth"}
        told = AuditEntry.objects.filter(action="keys.rotated").values_list("data", flat=True)
        assert {(data["table"], data["count"]) for data in told} == {
            ("members.Member", 7),
            ("core.SavedView", 1),
            ("core.Run", 1),
        }


def test_every_sealed_field_is_known():
    """What is left of somebody while they are deleted, and what merges keep, included."""
    assert {(field.label, field.field) for field in selectors.sealed_fields()} == {
        ("core.IdempotencyKey", "answer"),
        ("core.Run", "params"),
        ("core.SavedView", "query"),
        ("members.Erasure", "traces"),
        *(("members.MemberMerge", name) for name in ("loser", "before", "after")),
        ("members.Member", "phone_cipher"),
        ("members.Vehicle", "vin_cipher"),
    }


def test_numbers_are_found_as_before(brand, rotated):
    member = MemberFactory(brand=brand, phone="+8613812341234")
    rotated()
    run()
    with tenant(brand.pk):
        assert bytes(Member.objects.get().phone_hash) == bytes(member.phone_hash)


def test_check_says_what_is_left_and_changes_nothing(brand, rotated):
    MemberFactory(brand=brand, phone="+8613812341234")
    MemberFactory(brand=BrandFactory(), phone="+8613812341234")
    rotated()
    out, error = run(check=True)
    assert "k0  still seals 2 values" in out
    assert "2 values are not sealed by k1" in error
    with tenant(brand.pk):
        assert key_of(Member.objects.get().phone_cipher) == "k0"
        assert not KeyRotation.objects.exists()


def test_goes_on_from_the_last_batch_that_committed(brand, rotated, monkeypatch):
    MemberFactory.create_batch(5, brand=brand)
    for n in range(5):
        MemberFactory(brand=brand, phone=f"+861380000{n:04d}")
    rotated()
    passed = []

    def die(_name):
        passed.append(1)
        if len(passed) == 2:
            raise KeyboardInterrupt

    field = next(f for f in selectors.sealed_fields() if f.field == "phone_cipher")
    monkeypatch.setattr(services, "point", die)
    with pytest.raises(KeyboardInterrupt):
        services.rotate(brand_id=brand.pk, field=field, clock=timezone.now, batch=2)
    with tenant(brand.pk):
        held = KeyRotation.objects.get()
        assert (held.rewritten, held.finished_at) == (4, None)
        assert selectors.rows_per_key(brand_id=brand.pk, field=field) == {"k1": 4, "k0": 1}
    monkeypatch.setattr(services, "point", lambda _name: None)
    assert services.rotate(brand_id=brand.pk, field=field, clock=timezone.now, batch=2) == 1


def test_what_an_old_process_seals_afterwards_is_found_by_the_next_walk(brand, rotated, settings):
    MemberFactory(brand=brand, phone="+8613812341234")
    rotated()
    run()
    settings.FIELD_KEYS = OLD
    MemberFactory(brand=brand, phone="+8613812345678")
    rotated()
    assert "still seals 1" in run(check=True)[0]
    assert run()[1] == ""


def test_a_value_that_somebody_writes_meanwhile_is_left_alone(brand, rotated, monkeypatch):
    member = MemberFactory(brand=brand, phone="+8613812341234")
    rotated()
    newer = crypto.encrypt("+8613899999999")
    reseal = services._resealed

    def somebody_is_faster(kept, *, form):
        Member.objects.filter(pk=member.pk).update(phone_cipher=newer)
        return reseal(kept, form=form)

    monkeypatch.setattr(services, "_resealed", somebody_is_faster)
    run()
    with tenant(brand.pk):
        assert crypto.decrypt(bytes(Member.objects.get().phone_cipher)) == "+8613899999999"


def test_a_key_that_is_gone_is_told_and_its_values_left(brand, settings):
    settings.FIELD_KEYS = {"lost": os.urandom(32)}
    MemberFactory(brand=brand, phone="+8613812341234")
    settings.FIELD_KEYS = NEW
    out, error = run()
    assert "lost  is not in FIELD_KEYS: 1 values lost" in out
    assert error
