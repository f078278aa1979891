import psycopg2
import pytest
from django.db import connection, connections

from core.audit.models import AuditEntry
from core.kernel import statistics
from core.kernel.scoping import tenant
from members.profiles.models import Member
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
MANY = """
    INSERT INTO members_member SELECT (jsonb_populate_record(known, jsonb_build_object('id', n))).*
    FROM members_member AS known, generate_series(known.id + 1, known.id + %s) AS n
"""


@pytest.fixture
def no_traces(django_db_setup, django_db_blocker):
    """Pages and samples that another test's rows left behind, although they were rolled back."""
    with django_db_blocker.unblock():
        owner = connections["owner"].get_connection_params()
        owner |= {"dbname": connection.settings_dict["NAME"]}
    owner.pop("cursor_factory", None)
    raw = psycopg2.connect(**owner)
    raw.autocommit = True
    raw.cursor().execute("VACUUM (ANALYZE) members_member")
    raw.close()


def execute(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() if cursor.description else None


def planned_rows():
    plan = execute("EXPLAIN (FORMAT json) SELECT * FROM members_member WHERE stage = 'lost'")
    return plan[0][0]["Plan"]["Plan Rows"]


def test_a_table_that_grew_is_sampled_once(no_traces, inside_brand):
    member = MemberFactory(brand=inside_brand, stage="lost")
    assert statistics.refresh([Member], brand_id=inside_brand.pk) == []
    execute(MANY, 10_000)
    assert statistics.refresh([Member, AuditEntry], brand_id=inside_brand.pk) == ["members_member"]
    assert planned_rows() > 5_000
    assert statistics.refresh([Member], brand_id=inside_brand.pk) == []
    # Half as many again are still the same table to a planner; three times as many are not.
    Member.objects.filter(pk__gt=member.pk).delete()
    execute(MANY.replace("+ 1,", "+ 10001,"), 40_000)
    assert statistics.refresh([Member], brand_id=inside_brand.pk) == ["members_member"]


def test_a_brand_that_the_last_sample_did_not_meet_is_sampled(inside_brand):
    MemberFactory(brand=inside_brand, stage="lost")
    execute(MANY, 40_000)
    execute("ANALYZE members_member")
    newcomer = BrandFactory()
    with tenant(newcomer.pk):
        MemberFactory(brand=newcomer, stage="lost", pk=1_000_000)
        execute(MANY, 4000)
        assert statistics.refresh([Member], brand_id=newcomer.pk) == ["members_member"]
        number = "SELECT id FROM members_member WHERE brand_id = %s AND customer_no = 'C1'"
        look_up = str(execute(f"EXPLAIN (FORMAT json) {number}", newcomer.pk))
        assert "one_per_customer_no" in look_up
        assert statistics.refresh([Member], brand_id=newcomer.pk) == []
    with tenant(inside_brand.pk):
        assert statistics.refresh([Member], brand_id=inside_brand.pk) == []


def test_nothing_to_look_at_asks_nothing(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert statistics.refresh([], brand_id=1) == []


def test_only_tables_of_the_product_are_sampled(db):
    sql = "SELECT core_refresh_statistics(ARRAY['pg_class', 'pg_attribute', 'x; DROP TABLE y'], 1)"
    assert execute(sql) == ([],)


def test_the_function_is_for_the_application_alone(db):
    may = (
        "SELECT has_function_privilege('%s', 'core_refresh_statistics(text[], bigint)', 'execute')"
    )
    assert execute(may % "public") == (False,)
    assert execute(may.replace("'%s'", "current_user")) == (True,)
