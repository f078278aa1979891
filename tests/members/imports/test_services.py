from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel import crypto
from core.kernel.errors import InvalidInput
from members.identities.models import Identity
from members.imports import services
from members.orders.models import Order
from members.orders.selectors import categories_in_use
from members.privacy import services as privacy
from members.privacy.models import Consent
from members.profiles.models import Member
from members.tags.models import MemberTag, Tag, TagBlock, TagChange, TagGroup
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]

HEAD = ("客户编号", "姓名", "手机", "性别", "城市", "经销商", "阶段", "入会日期")
CHEN = ("C1", "陈小宇", "138 1234 5678", "女", "杭州", "HZ01", "成长期", "2024-05-06")
MA = ("C2", "马明", "+86 139-1234-5678", "男", "杭州市", "杭州滨江远航中心", "", "2024年5月7日")
VIN = "11111111111111111"


def reasons(job):
    return {r.row_number: (r.column, r.code) for r in job.rejections.all()}


def test_members_come_in_with_every_field(bring_in, dealer, brand):
    job = bring_in(table(HEAD, CHEN, MA))
    assert counts(job) == (2, 0, 0, 0)
    chen = Member.objects.get(customer_no="C1")
    assert (chen.display_name, chen.gender, chen.stage) == ("陈小宇", "f", "growth")
    assert (chen.city_id, chen.home_dealer_id, str(chen.joined_on)) == (
        "3301",
        dealer.pk,
        "2024-05-06",
    )
    assert crypto.decrypt(chen.phone_cipher) == "+8613812345678"
    hashed = crypto.lookup_hash(brand_id=brand.pk, kind="phone", value="+8613812345678")
    assert bytes(chen.phone_hash) == hashed
    assert (chen.phone_masked, chen.phone_tail, chen.source) == ("138****5678", "5678", "import")


def test_uploading_again_changes_nothing(bring_in, dealer):
    bring_in(table(HEAD, CHEN, MA))
    before = list(Member.objects.order_by("pk").values())
    assert counts(bring_in(table(HEAD, CHEN, MA))) == (0, 0, 2, 0)
    assert list(Member.objects.order_by("pk").values()) == before


def test_a_blank_never_erases(bring_in, dealer):
    bring_in(table(HEAD, CHEN))
    job = bring_in(table(HEAD, ("C1", "", "", "", "", "", "", "")))
    assert counts(job) == (0, 0, 1, 0)
    assert Member.objects.get().display_name == "陈小宇"


def test_a_changed_row_updates_and_raises_the_version(bring_in, dealer):
    bring_in(table(HEAD, CHEN))
    job = bring_in(table(("客户编号", "姓名"), ("C1", "陈宇")))
    assert counts(job) == (0, 1, 0, 0)
    member = Member.objects.get()
    assert (member.display_name, member.version) == ("陈宇", 2)


def test_rows_without_a_number_are_found_by_phone(bring_in, dealer):
    bring_in(table(HEAD, CHEN))
    job = bring_in(table(("手机", "姓名"), ("13812345678", "小宇")))
    assert counts(job) == (0, 1, 0, 0)
    assert Member.objects.get().customer_no == "C1"


def test_somebody_known_by_phone_only_gets_the_customer_number(bring_in, brand):
    MemberFactory(brand=brand, phone="+8613812345678")
    job = bring_in(table(("客户编号", "手机"), ("C9", "13812345678")))
    assert counts(job) == (0, 1, 0, 0)
    assert Member.objects.get().customer_no == "C9"


def test_a_phone_of_another_member_is_refused(bring_in, dealer):
    bring_in(table(HEAD, CHEN))
    job = bring_in(table(("客户编号", "手机"), ("C7", "13812345678"), ("C8", "13900000000")))
    assert counts(job) == (1, 0, 0, 1)
    assert reasons(job) == {2: ("手机", "phone_taken")}


def test_a_phone_cannot_move_between_two_known_members(bring_in, dealer):
    bring_in(table(HEAD, CHEN, MA))
    job = bring_in(table(("客户编号", "手机"), ("C2", "13812345678")))
    assert reasons(job) == {2: ("手机", "phone_taken")}


def test_the_later_of_two_equal_keys_is_refused_and_names_the_first(bring_in):
    file = table(("客户编号", "手机"), ("C1", "13812345678"), ("C1", ""), ("C3", "13812345678"))
    job = bring_in(file)
    assert counts(job) == (1, 0, 0, 2)
    assert reasons(job) == {3: ("客户编号", "duplicate"), 4: ("手机", "duplicate")}
    assert "2" in job.rejections.get(row_number=3).reason


def test_two_rows_that_mean_one_member_by_different_keys_are_not_both_taken(bring_in, dealer):
    bring_in(table(HEAD, CHEN))
    file = table(("客户编号", "手机", "姓名"), ("C1", "", "甲"), ("", "13812345678", "乙"))
    job = bring_in(file)
    assert counts(job) == (0, 1, 0, 1)
    assert reasons(job) == {3: ("手机", "same_by_phone")}


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("手机", "1.38E+10", "phone_scientific"),
        ("手机", "12345", "phone"),
        ("性别", "?", "gender"),
        ("城市", "亚特兰蒂斯", "city"),
        ("经销商", "XX", "home_dealer"),
        ("阶段", "?", "stage"),
        ("入会日期", "2024-02-30", "date"),
        ("入会日期", "05/06/2024", "date_order"),
        ("入会日期", "0001-01-01", "date_year"),
        ("姓名", "名" * 81, "too_long"),
        ("姓名", "a\0b", "nul_character"),
        ("车架号", "1HGCM82633A00435", "vehicle_incomplete"),
    ],
)
def test_a_bad_cell_keeps_its_row_out_and_says_where(bring_in, dealer, column, cell, code):
    if column == "车架号":
        VehicleModel.objects.create(brand_id=dealer.brand_id, code="E7", name="远航 E7")
        head, bad = ("客户编号", "车架号", "车型", "交付日期"), ("C1", VIN, "", "")
        good = ("C2", "", "", "")
        column = "车型"
    else:
        head, bad, good = ("客户编号", column), ("C1", cell), ("C2", "")
    job = bring_in(table(head, bad, good))
    assert counts(job) == (1, 0, 0, 1)
    assert reasons(job) == {2: (column, code)}


def test_full_width_digits_and_landlines_are_normalized(bring_in):
    bring_in(
        table(("手机",), ("１３８１２３４５６７８",), ("0571-87654321",), ("0086 13900000001",))
    )
    phones = {crypto.decrypt(m.phone_cipher) for m in Member.objects.all()}
    assert phones == {"+8613812345678", "+8657187654321", "+8613900000001"}


def test_identities_cars_and_consents_come_in_once(bring_in, brand):
    VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
    head = ("客户编号", "unionid", "车架号", "车型", "交付日期", "是否同意")
    file = [head, ("C1", "o-1", VIN, "远航E7", "2024/5/6", "是"), ("C2", "o-2", "", "", "", "否")]
    options = {"consent_evidence": "纸质表", "consent": ["community"]}
    assert counts(bring_in(table(*file), **options)) == (2, 0, 0, 0)
    assert counts(bring_in(table(*file), **options)) == (0, 0, 2, 0)
    assert Identity.objects.count() == 2
    assert crypto.decrypt(Vehicle.objects.get().vin_cipher) == VIN
    assert Ownership.objects.get().member.customer_no == "C1"
    assert Consent.objects.get().evidence == "纸质表"


def test_a_no_withdraws_and_a_withdrawal_is_not_undone_by_a_file(bring_in):
    head = ("客户编号", "是否同意")
    bring_in(table(head, ("C1", "是")))
    assert counts(bring_in(table(head, ("C1", "否")))) == (0, 1, 0, 0)
    assert counts(bring_in(table(head, ("C1", "是")))) == (0, 0, 1, 0)
    assert not Consent.objects.filter(withdrawn_at=None).exists()
    assert not Consent.objects.filter(withdrawn_evidence="").exists()


def test_a_consent_names_the_version_of_the_text_in_force(bring_in, brand, actor):
    now = timezone.now()
    privacy.add_text(
        purpose="marketing",
        version="2026-11",
        body="We write to you.",
        effective_from=now - timedelta(days=1),
        needs_renewal=False,
        actor=actor,
        now=now,
    )
    bring_in(table(("客户编号", "是否同意"), ("C1", "是")))
    assert dict(Consent.objects.values_list("purpose", "version")) == {
        "community": "1",
        "marketing": "2026-11",
    }


def test_an_identity_or_car_of_another_member_is_refused(bring_in, brand):
    VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
    head = ("客户编号", "unionid", "车架号", "车型", "交付日期")
    bring_in(table(head, ("C1", "o-1", VIN, "E7", "2024-05-06")))
    job = bring_in(table(head, ("C2", "o-1", "", "", ""), ("C3", "", VIN, "E7", "2024-05-06")))
    assert reasons(job) == {2: ("unionid", "unionid_taken"), 3: ("车架号", "vin_taken")}
    assert Member.objects.count() == 1


def test_tags_come_from_cells_and_options(bring_in, brand):
    group = TagGroup.objects.create(brand=brand, name="兴趣")
    file = [("客户编号", "标签"), ("C1", "露营；兴趣:摄影"), ("C2", "")]
    job = bring_in(table(*file), tags="老客户", tag_group="兴趣")
    assert counts(job) == (2, 0, 0, 0)
    names = sorted(MemberTag.objects.values_list("member__customer_no", "tag__name"))
    assert names == [("C1", "摄影"), ("C1", "老客户"), ("C1", "露营"), ("C2", "老客户")]
    assert set(MemberTag.objects.values_list("source", flat=True)) == {"import"}
    assert set(Tag.objects.values_list("group_id", flat=True)) == {group.pk}
    assert counts(bring_in(table(*file), tags="老客户", tag_group="兴趣")) == (0, 0, 2, 0)


def test_an_exclusive_group_keeps_one_tag_and_hand_made_ones_win(bring_in, brand, now):
    group = TagGroup.objects.create(brand=brand, name="等级", is_exclusive=True)
    gold, silver = (
        Tag.objects.create(brand=brand, group=group, name=name, created_at=now)
        for name in ("金", "银")
    )
    head = ("客户编号", "标签")
    bring_in(table(head, ("C1", "金"), ("C2", "金"), ("C3", "金")))
    one, two, three = Member.objects.order_by("customer_no")
    MemberTag.objects.filter(member_id=two.pk).update(source="manual")
    MemberTag.objects.filter(member_id=three.pk).delete()
    TagBlock.objects.create(brand=brand, tag=silver, member=three, created_at=now)
    job = bring_in(table(head, ("C1", "银"), ("C2", "银"), ("C3", "银"), ("C4", "金、银")))
    assert counts(job) == (0, 1, 2, 1)
    assert reasons(job) == {5: ("标签", "tags_exclusive")}
    held = set(MemberTag.objects.values_list("member_id", "tag_id"))
    assert held == {(one.pk, silver.pk), (two.pk, gold.pk)}


def test_a_file_tells_the_history_of_tags_and_moves_their_counts(bring_in, brand, now):
    group = TagGroup.objects.create(brand=brand, name="等级", is_exclusive=True)
    for name in ("金", "银"):
        Tag.objects.create(
            brand=brand, group=group, name=name, created_at=now, member_count=0, counted_at=now
        )
    head = ("客户编号", "标签")
    bring_in(table(head, ("C1", "金"), ("C2", "金")))
    bring_in(table(head, ("C1", "银"), ("C2", "金"), ("C3", "ＶＩＰ"), ("C4", "vip")))
    told = TagChange.objects.order_by("act_id", "tag_name", "kind")
    assert list(told.values_list("act__source", "kind", "tag_name", "people")) == [
        ("import", "given", "金", 2),
        ("import", "given", "VIP", 2),
        ("import", "replaced", "金", 1),
        ("import", "given", "银", 1),
    ]
    counted = dict(Tag.objects.values_list("name", "member_count"))
    assert counted == {"金": 1, "银": 1, "VIP": 2}


def test_a_tags_name_that_breaks_the_policy_is_refused(bring_in):
    job = bring_in(table(("客户编号", "标签"), ("C1", "<b>"), ("C2", "好")))
    assert reasons(job) == {2: ("标签", "tag_name")}


def test_unknown_tags_can_be_refused(bring_in):
    job = bring_in(table(("客户编号", "标签"), ("C1", "新的")), create_tags=False)
    assert reasons(job) == {2: ("标签", "tag")}
    assert "新的" in job.rejections.get().reason


def test_a_trial_counts_and_writes_nothing(bring_in, dealer):
    job = bring_in(table(HEAD, CHEN, ("C2", "", "1")), is_dry_run=True, tags="新")
    assert counts(job) == (1, 0, 0, 1)
    assert (Member.objects.count(), Tag.objects.count()) == (0, 0)


def test_defaults_fill_what_nobody_knows(bring_in, dealer):
    bring_in(table(("客户编号", "城市"), ("C1", "")), default_city="杭州", default_dealer="HZ01")
    member = Member.objects.get()
    assert (member.city_id, member.home_dealer_id) == ("3301", dealer.pk)


def test_every_bad_option_is_named(bring_in):
    with pytest.raises(InvalidInput) as refusal:
        bring_in(table(("客户编号",), ("C1",)), default_city="?", default_dealer="?")
    pointers = [problem.pointer for problem in refusal.value.problems]
    assert pointers == ["/options/default_city", "/options/default_dealer"]


def test_the_rows_to_mend_can_be_downloaded(bring_in, files_dir):
    job = bring_in(table(("客户编号", "手机"), ("C1", "=1+1"), ("C2", "12345678901")))
    text = (files_dir / job.errors_file.path).read_bytes().decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("2,手机,'=")
    assert "12345678901" not in text
    assert services.ImportUnderWay.code


def test_orders_of_a_file_have_a_category_that_can_change(bring_in, brand):
    MemberFactory(brand=brand, customer_no="C1")
    head = ("订单号", "客户编号", "下单时间", "金额", "类别")
    first, second = ("A1", "C1", "2024-03-01", "12.00"), ("A2", "C1", "2024-03-01", "9")
    job = bring_in(table(head, (*first, "精品"), (*second, "")), "orders")
    assert counts(job) == (2, 0, 0, 0)
    assert counts(bring_in(table(head, (*first, " 精品"), (*second, "")), "orders")) == (0, 0, 2, 0)
    job = bring_in(table(head, (*first, ""), (*second, "保养")), "orders")
    assert counts(job) == (0, 1, 1, 0)
    assert dict(Order.objects.values_list("order_no", "category")) == {"A1": "精品", "A2": "保养"}
    assert categories_in_use(brand.pk) == ["保养", "精品"]
    job = bring_in(table(head, (*first, "品" * 21), (*second, "精\x07品")), "orders")
    assert counts(job) == (0, 0, 0, 2)
    assert reasons(job) == {2: ("类别", "too_long"), 3: ("类别", "control_character")}


def test_a_dry_run_learns_no_category(bring_in, brand):
    MemberFactory(brand=brand, customer_no="C1")
    head = ("订单号", "客户编号", "下单时间", "金额", "category")
    bring_in(table(head, ("A1", "C1", "2024-03-01", "1", "精品")), "orders", is_dry_run=True)
    assert categories_in_use(brand.pk) == []
