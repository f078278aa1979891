import base64
import json

import pytest

from core.kernel.paging import BadCursor, keyset_page
from core.organizations.models import Dealer
from tests.factories.core import DealerFactory, RegionFactory

pytestmark = pytest.mark.django_db

NAMES = ["B", "A", "C", "B", "B", "A", "D"]  # ties, so that only the key keeps them apart


@pytest.fixture
def dealers(inside_brand):
    region = RegionFactory(brand=inside_brand)
    return [DealerFactory(brand=inside_brand, region=region, name=name) for name in NAMES]


def walk(order, limit, queryset=None):
    """All pages forwards, then backwards from the last."""
    queryset = Dealer.objects.all() if queryset is None else queryset
    pages = [keyset_page(queryset, order=order, limit=limit)]
    while pages[-1].next:
        pages.append(keyset_page(queryset, order=order, limit=limit, after=pages[-1].next))
    back = [pages[-1]]
    while back[-1].previous:
        back.append(keyset_page(queryset, order=order, limit=limit, before=back[-1].previous))
    return [page.rows for page in pages], [page.rows for page in reversed(back)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("order", ["id", "-id", "name", "-name", "region__code", "-region__code"])
def test_pages_hold_every_row_once_in_order_both_ways(dealers, order, limit):
    queryset = Dealer.objects.select_related("region")
    forwards, backwards = walk(order, limit, queryset)
    keys = [order, "-id" if order.startswith("-") else "id"]
    expected = list(queryset.order_by(*dict.fromkeys(keys)))
    assert [row for page in forwards for row in page] == expected
    assert [row for page in backwards for row in page] == expected
    assert all(len(page) == limit for page in forwards[:-1])


def test_first_page_has_no_previous_and_last_no_next(dealers):
    only = keyset_page(Dealer.objects.all(), order="name", limit=50)
    assert (only.next, only.previous) == ("", "")


def test_rows_inserted_meanwhile_are_neither_doubled_nor_skip_others(dealers, inside_brand):
    first = keyset_page(Dealer.objects.all(), order="name", limit=3)
    DealerFactory(brand=inside_brand, name="A")
    DealerFactory(brand=inside_brand, name="Z")
    second = keyset_page(Dealer.objects.all(), order="name", limit=50, after=first.next)
    assert [row.name for row in [*first.rows, *second.rows]] == [*sorted(NAMES), "Z"]


def test_dict_rows_page_too(dealers):
    forwards, _backwards = walk("name", 2, Dealer.objects.values("id", "name"))
    assert [row["name"] for page in forwards for row in page] == sorted(NAMES)


def test_empty_list_is_a_page(inside_brand):
    assert keyset_page(Dealer.objects.all(), order="name").rows == []


def test_a_page_costs_one_query_and_no_count(dealers, django_assert_num_queries):
    with django_assert_num_queries(1) as captured:
        keyset_page(Dealer.objects.all(), order="name", limit=2)
    assert "COUNT" not in captured[0]["sql"].upper()


def marker(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "???",
        "é",
        marker(),
        marker("name"),
        marker("-name", "A", 1),
        marker("name", "A", "x"),
        marker("name", "A\0", 1),
        marker("name", None, 1),
        marker("name", "A", None),
        marker("name", "A", {}),
        marker("name", "A", []),
        base64.urlsafe_b64encode(b"5").decode(),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
    ],
)
def test_marker_that_is_not_ours_is_refused(bad, dealers):
    with pytest.raises(BadCursor):
        keyset_page(Dealer.objects.all(), order="name", after=bad)


def test_marker_beyond_every_number_finds_nothing(dealers):
    page = keyset_page(Dealer.objects.all(), order="id", after=marker("id", 2**70, 2**70))
    assert page.rows == []


def test_links_lead_through_the_list_and_back(signed_in, brand):
    region = RegionFactory(brand=brand)
    for name in NAMES:
        DealerFactory(brand=brand, region=region, name=name)
    url, seen = "/api/v1/dealers/?ordering=name&limit=3", []
    while url:
        page = signed_in.get(url).json()
        seen += [row["name"] for row in page["results"]]
        last, url = page, page["next"]
    assert seen == sorted(NAMES)
    back = signed_in.get(last["previous"]).json()
    assert [row["name"] for row in back["results"]] == sorted(NAMES)[3:6]
    assert last["next"] is None
