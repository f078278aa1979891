from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput
from core.kernel.scoping import CrossBrand
from members.orders import services
from members.orders.models import Order
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def record(brand, actor):
    member = MemberFactory(brand=brand)

    def one(**changes):
        order = {"order_no": "A1", "member": member, "ordered_at": NOW, "amount_fen": 4850}
        return services.record_order(**(order | changes), actor=actor, now=NOW)

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
