"""What a refusal found out is kept, though its act is rolled back."""

import pytest
from django.db import connection, transaction

from core.kernel.errors import DomainError
from core.kernel.scoping import outlives_refusal, tenant
from members.tags.models import TagGroup

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(brand):
    def write(name):
        TagGroup.objects.create(brand=brand, name=name)

    def leave(name):
        outlives_refusal(brand_id=brand.pk, write=lambda: write(name))

    return leave


def refuse(brand, *acts):
    with tenant(brand.pk):
        for act in acts:
            act()
        raise DomainError("no")


def names(brand):
    with tenant(brand.pk):
        return sorted(TagGroup.objects.values_list("name", flat=True))


def test_it_is_written_after_a_refusal_that_leaves_the_block(brand, note):
    def act():
        TagGroup.objects.create(brand=brand, name="act")

    with pytest.raises(DomainError, match="no"):
        refuse(brand, act, lambda: note("found"))
    assert names(brand) == ["found"]


def test_it_is_written_after_a_refusal_that_became_an_answer(brand, note):
    with tenant(brand.pk):
        TagGroup.objects.create(brand=brand, name="act")
        note("found")
        transaction.set_rollback(True)
    assert names(brand) == ["found"]


def test_it_waits_for_the_outermost_block(brand, note):
    with tenant(brand.pk):
        with pytest.raises(DomainError, match="no"):
            refuse(brand, lambda: note("found"))
        assert not TagGroup.objects.exists()
        transaction.set_rollback(True)
    assert names(brand) == ["found"]


def test_an_act_that_goes_on_keeps_both(brand, note):
    with tenant(brand.pk):
        TagGroup.objects.create(brand=brand, name="act")
        note("found")
    assert names(brand) == ["act", "found"]


def test_an_act_that_breaks_leaves_nothing(brand, note):
    def breaks():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse(brand, lambda: note("found"), breaks)
    assert names(brand) == []


def test_the_refusal_is_told_also_when_it_cannot_be_written(brand, note):
    def fail():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    def leave():
        outlives_refusal(brand_id=brand.pk, write=fail)

    with pytest.raises(DomainError, match="no"):
        refuse(brand, leave, lambda: note("found"))
    assert names(brand) == ["found"]
