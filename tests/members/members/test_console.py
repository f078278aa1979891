from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.access import Permission
from core.kernel.scoping import tenant
from members.members import ports
from members.members.ports import MemberColumn
from members.orders.models import Order
from members.profiles import ports as profiles
from members.profiles.models import Member
from members.profiles.ports import Panel
from members.tags.models import MemberTag
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.core import CityFactory, DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
LIST = "members:members-list"
DETAIL_BUDGET = 38  # a query or two for each card and each kind of the timeline


def listed(client, **query):
    answer = client.get(reverse(LIST), query)
    assert answer.status_code == 200
    return [line.member.display_name for line in answer.context["rows"]]


def make_car(member, tail="ABC123"):
    with tenant(member.brand_id):
        model = VehicleModel.objects.create(
            brand_id=member.brand_id, code=f"C{member.pk}", name="远航 E7"
        )
        vehicle = Vehicle.objects.create(
            brand_id=member.brand_id,
            model=model,
            vin_cipher=b"x",
            vin_hash=str(member.pk).encode(),
            vin_tail=tail,
            created_at=member.created_at,
        )
        Ownership.objects.create(
            brand_id=member.brand_id,
            vehicle=vehicle,
            member=member,
            delivered_on=member.created_at.date(),
        )


def make_tag(member):
    tag = TagFactory(brand=member.brand)
    with tenant(member.brand_id):
        MemberTag.objects.create(
            brand=member.brand,
            tag=tag,
            member=member,
            source="manual",
            tagged_at=member.created_at,
        )
    return tag


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("陈小", ["陈小宇"]),
        ("小宇", []),
        ("5678", ["陈小宇"]),
        ("138 1234 5678", ["陈小宇"]),
        ("+8613812345678", ["陈小宇"]),
        ("13900000000", []),
        ("C-77", ["陈小宇"]),
        ("abc123", ["陈小宇"]),
        ("%", []),
        ("'; --", []),
        ("\0", []),
        ("x" * 500, []),
    ],
)
def test_one_box_finds_by_name_phone_vin_and_number(typed, found, signed_in, brand):
    member = MemberFactory(
        brand=brand, display_name="陈小宇", phone="+8613812345678", customer_no="C-77"
    )
    make_car(member)
    MemberFactory(brand=brand, display_name="王磊", phone="+8615900001111")
    assert listed(signed_in, q=typed) == found


def test_filters_narrow_together(signed_in, brand):
    city, dealer = CityFactory(), DealerFactory(brand=brand)
    right = MemberFactory(
        brand=brand, display_name="right", city=city, home_dealer=dealer, stage="growth"
    )
    MemberFactory(brand=brand, display_name="wrong", city=city, home_dealer=dealer)
    tag = make_tag(right)
    tree = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}
    chosen = {
        "city": city.pk,
        "dealer": dealer.pk,
        "stage": "growth",
        "tag": tag.pk,
        "source": "manual",
        "segment": SegmentFactory(brand=brand, tree=tree).pk,
    }
    assert listed(signed_in, **chosen) == ["right"]
    assert listed(signed_in, **(chosen | {"stage": "lost"})) == []


def test_a_filter_that_names_nothing_shows_nobody(signed_in, brand):
    MemberFactory(brand=brand)
    assert listed(signed_in, tag="999999") == []
    assert listed(signed_in, segment="x") == []


def test_pages_follow_each_other(signed_in, brand, monkeypatch):
    monkeypatch.setattr("members.members.console.PAGE_SIZE", 2)
    for name in "abc":
        MemberFactory(brand=brand, display_name=name)
    first = signed_in.get(reverse(LIST))
    assert listed(signed_in, after=first.context["next"]) == ["a"]


def test_names_and_phones_are_masked(signed_in, brand):
    MemberFactory(brand=brand, display_name="陈小宇", phone="+8613812345678")
    page = signed_in.get(reverse(LIST)).content.decode()
    assert "陈小宇" not in page
    assert "13812345678" not in page
    assert "138****5678" in page


def test_list_stays_within_its_budget(signed_in, brand, query_budget):
    for _ in range(5):
        member = MemberFactory(brand=brand, home_dealer=DealerFactory(brand=brand))
        make_car(member, tail=str(member.pk).zfill(6))
        make_tag(member)
    with query_budget(13):
        signed_in.get(reverse(LIST))


def test_a_long_list_is_counted_to_a_cap_and_says_so(signed_in, brand, monkeypatch):
    for _ in range(3):
        MemberFactory(brand=brand)
    whole = signed_in.get(reverse(LIST), {"stage": "prospect"}).context["summary"]
    monkeypatch.setattr("core.kernel.sizes.COUNT_CAP", 2)
    capped = signed_in.get(reverse(LIST), {"stage": "prospect"}).context["summary"]
    assert "3" in whole
    assert "2" in capped
    assert whole.replace("3", "2") != capped  # not the same words with a wrong number


def test_detail_brings_everything_together(signed_in, brand, query_budget):
    member = MemberFactory(brand=brand, display_name="陈小宇", phone="+8613812345678")
    make_car(member)
    tag = make_tag(member)
    with query_budget(DETAIL_BUDGET):
        page = signed_in.get(reverse("members:members-detail", args=[member.pk]))
    text = page.content.decode()
    assert all(part in text for part in ("陈小宇", "138****5678", "ABC123", tag.name))
    assert "13812345678" not in text
    assert signed_in.get(reverse("members:members-orders", args=[member.pk])).status_code == 200


def test_a_members_orders_are_narrowed_by_category(signed_in, brand):
    member = MemberFactory(brand=brand)
    with tenant(brand.pk):
        Order.objects.bulk_create(
            Order(
                brand=brand,
                member=member,
                order_no=f"SO-{number}",
                ordered_at=timezone.now(),
                amount_fen=100,
                category=category,
            )
            for number, category in enumerate(["精品"] * 25 + ["保养", ""])
        )
    place = reverse("members:members-orders", args=[member.pk])
    whole = signed_in.get(place)
    assert whole.context["categories"] == ["保养", "精品"]
    text = signed_in.get(place, {"category": "保养"}).content.decode()
    assert "SO-25" in text
    assert "SO-26" not in text
    first = signed_in.get(place, {"category": "精品"})
    second = signed_in.get(place, {"category": "精品", "after": first.context["next"]})
    assert len(first.context["rows"]) + len(second.context["rows"]) == 25
    assert f"?category={quote('精品')}&amp;after=" in first.content.decode()
    assert len(signed_in.get(place, {"category": "nobody's"}).context["rows"]) == 0
    assert signed_in.get(f"{place}?category=%00").status_code == 200
    leaving = reverse("core:exports-new") + f"?list=orders&member={member.pk}&category=保养"
    assert "保养" in signed_in.get(leaving).content.decode()


def test_who_may_not_edit_sees_the_name_masked(client, brand):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="analyst")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    member = MemberFactory(brand=brand, display_name="陈小宇")
    page = client.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert "陈*宇" in page
    assert "陈小宇" not in page


def form(**changes):
    return {"display_name": "陈小宇", "phone": "13812345678", "stage": "prospect"} | changes


def test_a_member_is_taken_in_and_changed(signed_in, brand):
    answer = signed_in.post(reverse("members:members-new"), form())
    with tenant(brand.pk):
        member = Member.objects.get()
    assert answer.url == reverse("members:members-detail", args=[member.pk])
    url = reverse("members:members-edit", args=[member.pk])
    assert "陈小宇" in signed_in.get(url).content.decode()
    signed_in.post(url, form(display_name="林珊", phone="", version=1))
    with tenant(brand.pk):
        member = Member.objects.get()
    assert (member.display_name, member.phone_masked) == ("林珊", "138****5678")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"phone": "12345"}, "phone"),
        ({"phone": "13900001111"}, "phone"),
        ({"city": "9999"}, "city"),
        ({"home_dealer": "0"}, "home_dealer"),
        ({"stage": "king"}, "stage"),
    ],
)
def test_a_wrong_form_names_its_field(changes, field, signed_in, brand):
    MemberFactory(brand=brand, phone="+8613900001111")
    answer = signed_in.post(reverse("members:members-new"), form(**changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    with tenant(brand.pk):
        assert Member.objects.count() == 1


def test_27_a_stale_form_changes_nothing_and_keeps_what_was_typed(signed_in, brand):
    member = MemberFactory(brand=brand, display_name="陈小宇", phone=None)
    url = reverse("members:members-edit", args=[member.pk])
    version = signed_in.get(url).context["form"].initial["version"]
    assert signed_in.post(url, form(display_name="林珊", phone="", version=version)).url
    late = signed_in.post(url, form(display_name="周以安", phone="", version=version))
    assert late.status_code == 412
    assert late.context["form"].non_field_errors()
    page = late.content.decode()
    assert "周以安" in page
    assert "有人抢先保存了" in page
    assert f'href="{url}" target="_blank"' in page, "to look at what holds now"
    with tenant(brand.pk):
        assert Member.objects.get().display_name == "林珊"


def test_other_apps_add_columns_and_cards(signed_in, brand, monkeypatch):
    monkeypatch.setattr(ports, "_columns", {})
    monkeypatch.setattr(profiles, "_panels", {})
    member = MemberFactory(brand=brand)
    ports.register_member_column(
        "rooms", MemberColumn("Rooms", lambda ids, _viewer: {pk: [("Room 7", "/r/")] for pk in ids})
    )
    assert "Room 7" in signed_in.get(reverse(LIST)).content.decode()
    for key, found in (("empty", None), ("told", {"heading": "Plays the violin"})):
        card = Panel("components/empty.html", lambda found=found, **_given: found)
        profiles.register_panel(key, card)
    page = signed_in.get(reverse("members:members-detail", args=[member.pk]))
    assert "Plays the violin" in page.content.decode()
    assert len(page.context["aside"]) == 1


def test_a_card_shows_to_who_may_see_it(signed_in, brand, monkeypatch):
    member = MemberFactory(brand=brand)
    page = signed_in.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert 'id="member-communities"' in page
    monkeypatch.setattr(
        "core.staff.rules.PERMISSIONS_OF_ROLE",
        {"hq_admin": frozenset({Permission.MEMBERS_VIEW})},
    )
    page = signed_in.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert 'id="member-communities"' not in page
    assert 'id="member-vehicles"' in page


def test_the_palette_finds_members(signed_in, brand):
    MemberFactory(brand=brand, display_name="陈小宇", phone="+8613812345678")
    page = signed_in.get(reverse("core:search"), {"q": "5678"}).content.decode()
    assert "陈*宇" in page
