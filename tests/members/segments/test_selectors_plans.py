"""Behind row-level security, as the application's role: conditions reach their indexes."""

import json

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.kernel.scoping import tenant
from members.custom_fields.models import CustomChoice, CustomField
from members.profiles.models import Member
from members.segments import selectors
from members.segments.criteria.orders import categories
from tests.factories.core import BrandFactory
from tests.factories.members import TagFactory

MEMBERS = """
    INSERT INTO members_member (brand_id, display_name, phone_masked, phone_tail, gender, stage,
        source, created_at, updated_at, version)
    SELECT %s, 'M' || n, '', '', '',
        CASE n %% 30 WHEN 0 THEN 'lost' ELSE (ARRAY['growth','mature'])[1 + n %% 2] END, 'app',
        now(), now(), 1
    FROM generate_series(1, 30000) n
"""
TAGS = """
    INSERT INTO members_membertag (brand_id, tag_id, member_id, source, tagged_at)
    SELECT m.brand_id, %s, m.id, 'manual', now() FROM members_member m
    WHERE m.brand_id = %s AND m.id %% %s = 0
"""
ORDERS = """
    INSERT INTO members_order (brand_id, order_no, member_id, ordered_at, amount_fen, quantity,
        channel)
    SELECT m.brand_id, 'O' || m.id || '-' || k, m.id, now() - (m.id %% 700) * interval '1 day',
        100, 1, 'app'
    FROM members_member m, generate_series(1, 2) k WHERE m.brand_id = %s
"""


VALUES = """
    INSERT INTO members_customvalue (brand_id, member_id, field_id, slot, text, number, day,
        choice_id)
    SELECT m.brand_id, m.id, f.id, 0,
        CASE f.kind WHEN 'text' THEN 'name ' || m.id END,
        CASE f.kind WHEN 'number' THEN m.id * 10000 END,
        CASE f.kind WHEN 'date' THEN current_date - (m.id %% 3000)::int END,
        CASE f.kind WHEN 'choice' THEN %s + (m.id %% 100) / 98 END
    FROM members_member m JOIN members_customfield f ON f.brand_id = m.brand_id
    WHERE m.brand_id = %s AND m.id %% 2 = 0
"""


@pytest.fixture(scope="module")
def large(django_db_setup, django_db_blocker):
    """Made once: the tests only ask for plans. Taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield from filled(BrandFactory())
        transaction.set_rollback(True)


def filled(brand):
    rare, common = TagFactory(brand=brand), TagFactory(brand=brand)
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute(MEMBERS, [brand.pk])
        cursor.execute(TAGS, [rare.pk, brand.pk, 300])
        cursor.execute(TAGS, [common.pk, brand.pk, 2])
        cursor.execute(ORDERS, [brand.pk])
        choices = declare(brand)
        cursor.execute(VALUES, [choices[0], brand.pk])
        cursor.execute(
            "ANALYZE members_member, members_membertag, members_order, members_customvalue"
        )
        lowest = Member.objects.order_by("pk").values_list("pk", flat=True)[0]
        yield {
            "brand": brand,
            "rare": rare.pk,
            "common": common.pk,
            "choices": choices,
            "lowest": lowest,
        }


def declare(brand):
    """A field of each kind; the second choice is the one of one in a hundred."""
    common = {"brand": brand, "created_at": timezone.now()}
    for kind in ("text", "number", "date"):
        CustomField.objects.create(key=kind, label=kind, kind=kind, **common)
    field = CustomField.objects.create(key="choice", label="c", kind="choice", **common)
    made = [CustomChoice.objects.create(brand=brand, field=field, label=name) for name in "ab"]
    return [choice.pk for choice in made]


def plan(large, *items):
    tree = {"op": "all", "items": list(items)}
    found = selectors.member_ids_sql(tree=tree, brand_id=large["brand"].pk)
    with connection.cursor() as cursor:
        selectors.prepare()
        cursor.execute("EXPLAIN (FORMAT JSON) " + found.sql, found.params)
        text = cursor.fetchone()[0]
    return json.dumps(text) if not isinstance(text, str) else text


def tags(cmp, *ids):
    return {"field": "tags", "cmp": cmp, "value": list(ids)}


def test_a_rare_tag_is_found_by_the_key(large):
    used = plan(large, tags("any", large["rare"]))
    assert "members_membertag_pkey" in used
    assert "SubPlan" not in used


def test_without_a_tag_is_an_anti_join(large):
    used = plan(large, {"op": "not", "items": [tags("any", large["common"])]})
    assert '"Anti"' in used or '"Right Anti"' in used
    assert "SubPlan" not in used


def test_orders_are_looked_at_for_those_who_meet_the_rest(large):
    orders = {"field": "orders.count", "cmp": "gte", "value": {"number": 2, "days": 30}}
    used = plan(large, tags("any", large["rare"]), orders)
    assert "CTE candidate" in used
    assert "members_order_by_member" in used or "members_order_in_window" in used
    assert "Seq Scan" not in used.split("CTE candidate")[1]


def test_a_category_is_looked_for_among_those_who_meet_the_rest(large):
    category = {"field": "orders.category", "cmp": "in", "value": {"in": ["精品"], "days": 30}}
    spent = {"field": "orders.sum", "cmp": "gte", "value": {"fen": 100, "category": ["精品"]}}
    for asked in (category, spent, {"op": "not", "items": [category]}):
        used = plan(large, tags("any", large["rare"]), asked)
        assert "CTE candidate" in used
        assert "members_order_by_member" in used or "members_order_in_window" in used
        assert "Seq Scan" not in used.split("CTE candidate")[1]


def test_the_categories_in_use_are_read_without_an_order(large, django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        categories(large["brand"].pk)
    assert "members_ordercategory" in asked[0]["sql"]
    assert 'members_order"' not in asked[0]["sql"]


def looped(node, inner=False):
    """Whether rows are added up within a loop: once for each row of something else."""
    if inner and node["Node Type"] == "Aggregate":
        return True
    loops = node["Node Type"] == "Nested Loop"
    return any(
        looped(each, inner or (loops and each["Parent Relationship"] == "Inner"))
        for each in node.get("Plans", [])
        if each["Parent Relationship"] != "InitPlan"
    )


def explained(sql, params=()):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        found = cursor.fetchone()[0]
        cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def test_orders_are_added_up_once_whoever_the_planner_expects(large):
    """It expects one person where a small brand has thousands, and then a loop is as good."""
    count = {"field": "orders.count", "cmp": "gte", "value": {"number": 2, "days": 30}}
    spent = {"field": "orders.sum", "cmp": "gte", "value": {"fen": 100, "days": 30}}
    either = [
        {"op": "all", "items": [count, tags("any", large["common"])]},
        {"op": "all", "items": [{"op": "not", "items": [spent]}, tags("any", large["rare"])]},
    ]
    for asked in (
        [count],
        [count, spent],
        [{"op": "not", "items": [count]}],
        [{"op": "any", "items": either}],
    ):
        tree = {"op": "all", "items": [tags("any", large["rare"]), *asked]}
        found = selectors.member_ids_sql(tree=tree, brand_id=large["brand"].pk)
        assert not looped(explained(found.sql, found.params)), asked
    control = (
        "SELECT FROM members_tag t LEFT JOIN LATERAL (SELECT o.member_id FROM members_order o"
        " WHERE o.brand_id = t.brand_id GROUP BY o.member_id HAVING count(*) > t.id) s ON true"
    )
    assert looped(explained(control))


def test_any_of_mixed_conditions_leaves_no_work_per_member(large):
    either = {
        "op": "any",
        "items": [
            tags("any", large["rare"]),
            {"field": "stage", "cmp": "in", "value": ["lost"]},
            {"op": "not", "items": [tags("any", large["common"])]},
        ],
    }
    assert 'Subplan Name": "SubPlan' not in plan(large, either)


def test_a_stage_is_found_without_the_table(large):
    used = plan(large, {"field": "stage", "cmp": "in", "value": ["lost"]})
    assert "members_member_by_stage" in used


@pytest.mark.parametrize(
    ("field", "cmp", "value"),
    [
        ("text", "eq", lambda large: f"name {large['lowest'] + 200}"),
        ("text", "prefix", lambda large: f"name {large['lowest'] + 200}"),
        ("number", "between", lambda large: {"from": large["lowest"], "to": large["lowest"] + 90}),
        ("date", "within", lambda _large: 5),
        ("choice", "in", lambda large: [large["choices"][1]]),
    ],
)
def test_a_custom_field_is_asked_by_the_index_of_its_kind(field, cmp, value, large):
    used = plan(large, {"field": f"custom.{field}", "cmp": cmp, "value": value(large)})
    index = {"date": "day"}.get(field, field)
    assert f"members_customvalue_by_{index}" in used
    assert "SubPlan" not in used
