import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.files.models import StoredFile
from core.files.services import FileGone, download, open_file
from core.kernel import crypto
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from core.staff.models import RoleGrant
from core.staff.selectors import viewer_of_staff
from members.identities.models import Identity
from members.orders.models import Order
from members.subject_files import services
from members.subject_files.models import SubjectFile
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.communities import MembershipFactory, RoomFactory
from tests.factories.members import MemberFactory, OwnershipFactory

pytestmark = pytest.mark.django_db
PHONE, VIN, UNIONID = "+8613800417733", "LSVAA49J132047371", "oWx7-Qy5tBn3hZ9"


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def hq(brand, staff):
    with tenant(brand.pk):
        return viewer_of_staff(staff_id=staff.pk)


@pytest.fixture
def member(brand):
    member, now = MemberFactory(brand=brand, display_name="欧阳若兰", phone=PHONE), timezone.now()
    with tenant(brand.pk):
        Order.objects.create(
            brand=brand, member=member, order_no="D-1001", ordered_at=now, amount_fen=100
        )
        model = VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
        car = Vehicle.objects.create(
            brand=brand,
            vin_cipher=crypto.encrypt(VIN),
            vin_hash=b"1" * 16,
            vin_tail=VIN[-6:],
            model=model,
            created_at=now,
        )
        Ownership.objects.create(brand=brand, member=member, vehicle=car, delivered_on=now.date())
        Identity.objects.create(
            brand=brand, member=member, kind="unionid", value=UNIONID, created_at=now
        )
    MembershipFactory(brand=brand, member=member, room=RoomFactory(brand=brand, name="一群"))
    return member


@pytest.fixture
def write(brand, member, hq):
    """Have the file written and return it with its run."""

    def written(*, is_whole=False, between=lambda: None):
        with tenant(brand.pk):
            made = services.ask_for_file(
                member=member, is_whole=is_whole, actor=hq, now=timezone.now()
            )
            between()
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
        with tenant(brand.pk):
            return SubjectFile.objects.get(pk=made.pk), Run.objects.get(pk=made.run_id)

    return written


def parts(brand, row):
    with tenant(brand.pk):
        stored = StoredFile.objects.get(pk=row.file_id)
        with open_file(stored=stored, now=timezone.now()) as file:
            archive = zipfile.ZipFile(io.BytesIO(file.read()))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_file_tells_everything_in_every_language(brand, write):
    row, run = write()
    assert run.state == "succeeded", run.error
    found = parts(brand, row)
    assert set(found) == {"data.json", "zh-hans.html", "en.html"}
    told = {part["key"]: part["rows"] for part in json.loads(found["data.json"])["parts"]}
    assert told["member"][0]["display_name"] == "欧阳若兰"
    assert told["order"][0]["order_no"] == "D-1001"
    assert told["ownership"][0]["model"] == "远航 E7"
    assert told["membership"][0]["room__name"] == "一群"
    assert "订单" in found["zh-hans.html"]
    assert "Orders" in found["en.html"]
    assert all("D-1001" in found[name] for name in ("zh-hans.html", "en.html"))


@pytest.mark.parametrize("is_whole", [False, True])
def test_numbers_are_whole_only_when_asked_for(brand, write, is_whole):
    row, _run = write(is_whole=is_whole)
    text = "".join(parts(brand, row).values())
    assert (PHONE in text, VIN in text, UNIONID in text) == (is_whole,) * 3
    assert ("138****7733" in text and "****3hZ9" in text) or is_whole


def test_the_number_of_a_car_that_somebody_else_owns_now_stays_masked(brand, member, write):
    today = timezone.localdate()
    with tenant(brand.pk):
        car = Vehicle.objects.get(ownerships__member=member)
        Ownership.objects.update(ended_on=today)
        Vehicle.objects.update(mileage_km=31_415)
    OwnershipFactory(
        brand=brand, vehicle=car, member=MemberFactory(brand=brand), delivered_on=today
    )
    row, _run = write(is_whole=True)
    text = "".join(parts(brand, row).values())
    assert PHONE in text
    assert VIN[-6:] in text
    assert VIN not in text
    assert "31415" not in text


def test_what_is_told_is_the_members_alone(brand, write):
    other = MemberFactory(brand=brand, display_name="司马相如")
    with tenant(brand.pk):
        Order.objects.create(
            brand=brand, member=other, order_no="D-2002", ordered_at=timezone.now(), amount_fen=1
        )
    row, _run = write()
    text = "".join(parts(brand, row).values())
    assert "司马相如" not in text
    assert "D-2002" not in text


def test_whole_numbers_need_a_permission_of_their_own(brand, member):
    some = Viewer(
        brand_id=brand.pk,
        label="A",
        staff_id=1,
        permissions=frozenset({Permission.MEMBERS_DISCLOSE}),
    )
    with tenant(brand.pk), pytest.raises(Forbidden):
        services.ask_for_file(member=member, is_whole=True, actor=some, now=timezone.now())


def test_who_lost_the_right_meanwhile_gets_no_file(brand, staff, write):
    row, run = write(between=lambda: RoleGrant.objects.filter(staff=staff).delete())
    assert run.state == "failed"
    assert row.file_id is None


def test_the_file_expires_and_fetching_it_is_told(brand, hq, write):
    row, _run = write()
    with tenant(brand.pk):
        stored = StoredFile.objects.get(pk=row.file_id)
        download(stored=stored, actor=hq, now=timezone.now()).close()
        actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
        assert [a for a in actions if not a.startswith("run.")] == [
            "subject_file.asked",
            "subject_file.made",
            "file.downloaded",
        ]
        with pytest.raises(FileGone):
            open_file(stored=stored, now=timezone.now() + timedelta(days=7))
