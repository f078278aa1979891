"""The database's own defense. Raw SQL throughout, so that nothing in Python can help."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from core.kernel.scoping import CrossBrand, require_same_brand, tenant
from members.profiles.models import Member
from tests.factories.core import BrandFactory, DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db

# Read before any brand is known, so no policy may hide them.
OUTSIDE_BRANDS = {"core_staff", "core_apikey"}


def execute(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def count_members():
    return execute("SELECT count(*) FROM members_member")[0][0]


def test_app_role_is_bound_by_policies():
    assert execute(
        """
        SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_tables WHERE tableowner = rolname)
        FROM pg_roles WHERE rolname = current_user
        """
    ) == [(False, False, False)]


def test_every_table_of_a_brand_is_behind_a_policy():
    bare = execute(
        """
        SELECT table_name FROM information_schema.columns JOIN pg_class ON relname = table_name
        WHERE table_schema = 'public' AND column_name = 'brand_id'
          AND NOT (relrowsecurity AND relforcerowsecurity)
        """
    )
    assert {name for (name,) in bare} == OUTSIDE_BRANDS


def test_every_reference_between_brands_rows_is_tied_to_the_brand():
    """Read from the models, because a field without a constraint leaves no trace in the schema."""
    from django.apps import apps

    ties = set(
        execute(
            """
            SELECT child.relname, attribute.attname FROM pg_constraint AS tie
            JOIN pg_class AS child ON child.oid = tie.conrelid
            JOIN pg_attribute AS attribute
              ON attribute.attrelid = tie.conrelid AND attribute.attnum = ANY (tie.conkey)
            WHERE tie.contype = 'f' AND cardinality(tie.conkey) >= 2
            """
        )
    )
    loose = [
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.is_relation
        and field.name != "brand"
        and any(column.name == "brand" for column in model._meta.local_fields)
        and any(column.name == "brand" for column in field.related_model._meta.local_fields)
        and model._meta.db_table not in OUTSIDE_BRANDS
    ]
    assert loose
    assert [reference for reference in loose if reference not in ties] == []


def test_without_a_tenant_no_row_is_visible():
    MemberFactory()
    assert count_members() == 0


def test_without_a_tenant_no_row_is_accepted():
    brand = BrandFactory()
    now = timezone.now()
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Member.objects.create(
            brand=brand, display_name="Nobody's", source="manual", created_at=now, updated_at=now
        )


def test_one_brand_cannot_update_anothers_row():
    mine, theirs = MemberFactory(), MemberFactory()
    rename = "UPDATE members_member SET display_name = 'x' WHERE id = %s"
    with tenant(mine.brand_id):
        assert execute(rename, theirs.pk) == 0
        assert execute(rename, mine.pk) == 1


def test_one_brand_cannot_give_its_row_to_another():
    row = MemberFactory()
    give_away = "UPDATE members_member SET brand_id = %s WHERE id = %s"
    with pytest.raises(DatabaseError, match="row-level security"), tenant(row.brand_id):
        execute(give_away, BrandFactory().pk, row.pk)


def test_child_of_another_brands_parent_is_refused():
    theirs, member = DealerFactory(), MemberFactory()
    with pytest.raises(IntegrityError, match="home_dealer_id_tie"), tenant(member.brand_id):
        execute("UPDATE members_member SET home_dealer_id = %s", theirs.pk)


def test_inner_tenant_gives_way_to_the_outer_one():
    outer, inner = MemberFactory(), MemberFactory()
    with tenant(outer.brand_id):
        with tenant(inner.brand_id):
            assert execute("SELECT id FROM members_member") == [(inner.pk,)]
        assert execute("SELECT id FROM members_member") == [(outer.pk,)]
    assert count_members() == 0


@pytest.mark.django_db(transaction=True)
def test_connection_forgets_the_tenant_with_the_transaction():
    row = MemberFactory()
    with tenant(row.brand_id):
        assert count_members() == 1
    assert count_members() == 0


def test_rows_of_different_brands_do_not_join():
    with pytest.raises(CrossBrand):
        require_same_brand(MemberFactory(), DealerFactory())
