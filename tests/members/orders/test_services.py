from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput
from core.kernel.scoping import CrossBrand
from members.orders import selectors, services
from members.orders.models import Order
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def record(brand, actor):
    member = MemberFactory(brand=brand)

    def one(**changes):
        order = {"order_no": "A1", "ordered_at": NOW, "amount_fen": 4850} | changes
        whose = order.pop("member", member)
        purchase = services.Purchase(**order)
        return services.record_order(purchase=purchase, member=whose, actor=actor, now=NOW)

    return one


def test_an_order_is_recorded_once_and_audited(record):
    order, is_new = record()
    assert is_new
    assert record() == (order, False)
    assert Order.objects.count() == 1
    assert AuditEntry.objects.filter(action="order.recorded").count() == 1


def test_the_same_number_with_other_content_is_refused(record):
    record()
    with pytest.raises(services.OrderExists):
        record(amount_fen=1)
    assert Order.objects.get().amount_fen == 4850


@pytest.mark.parametrize("changes", [{"amount_fen": -1}, {"amount_fen": 10**14}, {"quantity": -1}])
def test_numbers_out_of_range_are_refused(record, changes):
    with pytest.raises(InvalidInput):
        record(**changes)
    assert not Order.objects.exists()


def test_another_brands_member_is_refused(record):
    with pytest.raises(CrossBrand):
        record(member=MemberFactory(brand=BrandFactory()))


@pytest.mark.parametrize(
    ("channel", "words"), [("mall", "商城"), ("抖音小店", "抖音小店"), ("", "")]
)
def test_a_channel_is_told_in_words_where_there_are_any(channel, words):
    assert Order(channel=channel).channel_label == words


def in_use(brand):
    return selectors.categories_in_use(brand.pk)


def test_a_category_is_kept_in_one_form_and_suggested_from_then_on(record, brand):
    order, _is_new = record(category=" ＡＣ　配件 ")
    assert order.category == "AC 配件"
    record(category="AC 配件")
    record(order_no="A2", category="保养")
    record(order_no="A3")
    assert in_use(brand) == ["AC 配件", "保养"]


@pytest.mark.parametrize("category", ["精\0品", "精\x07品", "品" * 21])
def test_what_is_no_category_is_refused(record, brand, category):
    with pytest.raises(InvalidInput) as refusal:
        record(category=category)
    assert refusal.value.problems[0].pointer == "/category"
    assert not Order.objects.exists()
    assert in_use(brand) == []


def test_another_category_is_other_content(record):
    record(category="精品")
    with pytest.raises(services.OrderExists):
        record(category="保养")


def test_an_order_number_mapped_as_category_does_not_flood_the_suggestions(brand, monkeypatch):
    monkeypatch.setattr(services, "MOST_CATEGORIES", 3)
    services.learn_categories(brand_id=brand.pk, names=["b", "a"])
    services.learn_categories(brand_id=brand.pk, names=["e", "a", "d", "c"])
    assert in_use(brand) == ["a", "b", "c"]
