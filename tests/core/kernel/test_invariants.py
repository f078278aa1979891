"""The frame itself; tests/test_data_invariants.py breaks every invariant of the apps."""

import pytest
from django.core.management import CommandError, call_command

from core.kernel import invariants
from core.kernel.invariants import Invariant, register_invariants
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def only(monkeypatch):
    """Run the named invariants alone."""

    def register(*chosen):
        monkeypatch.setattr(invariants, "_invariants", {})
        register_invariants(*chosen)

    return register


def unnamed(
    sql="SELECT id FROM members_member WHERE display_name = '' AND brand_id = %(brand_id)s",
):
    return Invariant("every member has a name", sql)


def test_an_invariant_that_holds_prints_a_line_per_brand(only, capsys):
    only(unnamed())
    MemberFactory(), BrandFactory()
    call_command("check_invariants", database="default")
    out = capsys.readouterr().out
    assert out.count("ok      brand-") == 2
    assert "2 checks, all hold." in out


def test_a_broken_one_names_rows_and_fails(only, capsys):
    only(unnamed())
    member = MemberFactory(display_name="")
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("check_invariants", database="default")
    assert f"({member.pk},)" in capsys.readouterr().out


def test_each_brand_is_looked_at_alone(only, capsys):
    only(unnamed("SELECT count(*) FROM members_member HAVING count(*) > 1"))
    MemberFactory(), MemberFactory()
    call_command("check_invariants", database="default")
    assert "2 checks, all hold." in capsys.readouterr().out


def test_every_registered_invariant_is_valid_sql(capsys):
    BrandFactory()
    call_command("check_invariants", database="default")
    assert "all hold" in capsys.readouterr().out
