import pytest
from django.db import connection

from core.audit.models import AuditEntry
from core.kernel import statistics
from members.profiles.models import Member
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
MANY = """
    INSERT INTO members_member SELECT (jsonb_populate_record(known, jsonb_build_object('id', n))).*
    FROM members_member AS known, generate_series(known.id + 1, known.id + %s) AS n
"""


def execute(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() if cursor.description else None


def planned_rows():
    plan = execute("EXPLAIN (FORMAT json) SELECT * FROM members_member WHERE stage = 'lost'")
    return plan[0][0]["Plan"]["Plan Rows"]


def test_a_table_that_grew_is_sampled_once(inside_brand):
    member = MemberFactory(brand=inside_brand, stage="lost")
    assert statistics.refresh([Member]) == []
    execute(MANY, 10_000)
    assert statistics.refresh([Member, AuditEntry]) == ["members_member"]
    assert planned_rows() > 5_000
    assert statistics.refresh([Member]) == []
    # Half as many again are still the same table to a planner; three times as many are not.
    Member.objects.filter(pk__gt=member.pk).delete()
    execute(MANY.replace("+ 1,", "+ 10001,"), 40_000)
    assert statistics.refresh([Member]) == ["members_member"]


def test_nothing_to_look_at_asks_nothing(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert statistics.refresh([]) == []


def test_only_tables_of_the_product_are_sampled(db):
    sql = "SELECT core_refresh_statistics(ARRAY['pg_class', 'pg_attribute', 'x; DROP TABLE y'])"
    assert execute(sql) == ([],)


def test_the_function_is_for_the_application_alone(db):
    may = "SELECT has_function_privilege('%s', 'core_refresh_statistics(text[])', 'execute')"
    assert execute(may % "public") == (False,)
    assert execute(may.replace("'%s'", "current_user")) == (True,)
