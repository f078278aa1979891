"""The main job once, on real input, as an operator does it; docs/walkthrough.md tells the same.

The product runs as it does in production (web, worker, beat, PostgreSQL, Valkey). Everything that
comes out is compared with what ``real_data.expected`` computes with pandas from the same files.
"""

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from launcher import places, stack
from tests.browser.conftest import Watched
from tests.faults.product import Product, answers, wait_until
from tests.walkthrough import real_data
from tests.walkthrough.operator import Operator, number_of
from tests.walkthrough.setting import OPEN

pytestmark = [
    pytest.mark.browser,
    pytest.mark.fault,  # the whole product works here; nothing else should beside it
    pytest.mark.shared_data,
    pytest.mark.skipif(
        not real_data.is_available(), reason="the real data sets do not lie around the checkout"
    ),
]
PASSWORD = "walk-through-1998"
MIGRATE = (
    "from django.core.management import call_command as c\n"
    "c('migrate', database='owner', verbosity=0, skip_checks=True)\n"
    "c('compile_catalogues', verbosity=0)"
)
# Screenshots go into the documentation only when somebody asks for new ones.
SHOTS = Path(settings.BASE_DIR, "docs", "walkthrough")


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    here = places.here()
    here.prepare()
    with stack.throwaway(here, settings="config.settings.test") as servers:
        product = Product(servers, tmp_path_factory.mktemp("walk"))
        product.run(MIGRATE)
        yield product
        product.stop()


@pytest.fixture(scope="module")
def brand_id(product):
    rows = [(place.dealer_code, place.dealer_name, place.city_code) for place in real_data.places()]
    made = product.run(OPEN, WALK_PLACES=json.dumps(rows), WALK_PASSWORD=PASSWORD)
    return int(made.splitlines()[-1])


@pytest.fixture(scope="module")
def address(product):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    web = ["-m", "gunicorn", "-c", "config/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    product.spawn("web", *web, "config.wsgi:application", WEB_CONCURRENCY="1")
    product.start_workers(1)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz") == 200, seconds=60)
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def operator(product, brand_id, address, chromium, tmp_path):
    shots = SHOTS if os.environ.get("WALKTHROUGH_SHOTS") else tmp_path
    shots.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(
        base_url=address, viewport={"width": 1440, "height": 900}, locale="zh-CN"
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    watched = Watched(page, urlsplit(address).netloc)
    watched.watch()
    yield Operator(page, product, brand_id, shots)
    # What a person would look at first when this test fails.
    page.screenshot(path=tmp_path / "last.png", caret="initial")
    print(f"last page: {page.url} ({tmp_path / 'last.png'})")
    context.close()
    assert watched.problems == []


# Open seats of communities of a kind: communities, rooms, seats, different people.
SEATS = """
    SELECT count(DISTINCT seat.community_id), count(DISTINCT seat.room_id), count(*),
        count(DISTINCT seat.member_id)
    FROM communities_membership AS seat
    JOIN communities_community AS home ON home.id = seat.community_id
    WHERE home.kind = %s AND seat.left_at IS NULL
"""
REACHED = """
    SELECT count(DISTINCT message.id), count(DISTINCT message.room_id), count(*),
        count(DISTINCT seat.member_id)
    FROM communities_roommessage AS message
    JOIN communities_membership AS seat ON seat.room_id = message.room_id AND seat.left_at IS NULL
"""


def test_real_customers_from_file_to_broadcast(operator, tmp_path):
    expected = real_data.expected()
    operator.sign_in(PASSWORD)

    customers, orders = tmp_path / "客户.csv", tmp_path / "订单.csv"
    real_data.write_customers(customers)
    real_data.write_orders(orders)
    operator.upload(
        "members",
        customers,
        options={"consent": "community", "consent_evidence": "1997 年入会协议"},
        shot="import_members",
    )
    assert operator.one("SELECT count(*) FROM members_member") == expected.members
    operator.upload(
        "orders",
        orders,
        options={"money_unit": "foreign", "currency": "USD"},
        shot="import_orders",
    )
    assert operator.one("SELECT count(*) FROM members_order") == expected.orders
    assert operator.one("SELECT sum(amount_fen) FROM members_order") == expected.amount_minor

    tag_id = operator.make_tag("购买行为", "复购客户")
    counted = operator.rule_of_repeat_buyers(
        tag_id,
        orders=2,
        days=real_data.WINDOW_DAYS,
        until=real_data.REFERENCE_DAY.strftime("%Y-%m-%d"),
    )
    tagged = operator.one("SELECT count(*) FROM members_membertag WHERE tag_id = %s", tag_id)
    assert counted == tagged == expected.repeat_buyers

    segment_id = operator.segment_of_tag("复购客户", "复购客户")
    operator.build("同城服务群", kind="service", by="city", topic="用车", shot="build_service")
    assert operator.row(SEATS, "service") == (
        expected.service_communities,
        expected.service_rooms,
        expected.members,
        expected.members,
    )
    # Nobody has ordered in the last 180 days of today's calendar: the operator vouches for them.
    run_id = operator.build(
        "门店福利群",
        kind="conversion",
        by="dealer",
        segment_id=segment_id,
        promotes=True,
        shot="build_conversion",
    )
    promoted = "SELECT (preview->>'promoted')::int FROM communities_buildrun WHERE id = %s"
    assert operator.one(promoted, run_id) == expected.repeat_buyers
    assert operator.row(SEATS, "conversion") == (
        expected.conversion_communities,
        expected.conversion_rooms,
        expected.repeat_buyers,
        expected.repeat_buyers,
    )

    operator.broadcast(
        "老客户答谢",
        "{群名} 的老朋友，本周到店有礼。",
        kind="conversion",
        rooms=expected.conversion_rooms,
    )
    reached = operator.page.locator("#broadcast-report .stat .v, .stats .v").all_inner_texts()
    assert expected.conversion_rooms in map(number_of, reached)
    assert expected.repeat_buyers in map(number_of, reached)
    assert operator.row(REACHED) == (
        expected.conversion_rooms,
        expected.conversion_rooms,
        expected.repeat_buyers,
        expected.repeat_buyers,
    )

    for path, shot in (("/", "workbench_1440"), ("/members/", "members"), ("/tasks/", "tasks")):
        operator.page.goto(path)
        operator.shoot(shot)
