"""Whose rows these are.

Three defenses, each able to hold alone: entry points fetch through ``visible_to``, services call
``require_same_brand``, and PostgreSQL shows and accepts only rows of the brand opened by
``tenant``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from core.kernel.errors import DomainError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol, Self

    from core.kernel.access import Viewer

    class BrandRow(Protocol):
        _meta: ClassVar[Any]

        @property
        def pk(self) -> Any: ...
        @property
        def brand_id(self) -> int: ...


M = TypeVar("M", bound=models.Model)
V = TypeVar("V")


@contextmanager
def tenant(brand_id: int) -> Iterator[None]:
    """Open a transaction in which the database shows and accepts one brand's rows only.

    The setting ends with the transaction, so a pooled connection carries nothing over. A nested
    call gives way to the outer brand when it ends.
    """
    outer = _current_brand() if connection.in_atomic_block else None
    with transaction.atomic():
        _enter_brand(str(brand_id))
        yield
    if outer is not None:
        _enter_brand(outer)  # Releasing a savepoint would have kept ours.


def opens_own_tenant(view: V) -> V:
    """Mark a view that opens ``tenant`` around its service itself."""
    cast("Any", view).opens_own_tenant = True
    return view


def _current_brand() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.brand_id', true), '')")
        return str(cursor.fetchone()[0])


def _enter_brand(brand_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.brand_id', %s, true)", [brand_id])


class BrandQuerySet(models.QuerySet[M]):
    """Rows of one brand, narrowed to what a viewer may see.

    ``dealer_field`` names the lookup that leads to the dealer who owns the row, such as
    ``"home_dealer_id"``; None means that everybody in the brand may see it, unless
    ``is_brand_wide`` says that only those may who see the whole brand.
    """

    dealer_field: ClassVar[str | None] = None
    is_brand_wide: ClassVar[bool] = False

    def visible_to(self, viewer: Viewer) -> Self:
        """Keep what the viewer's scope covers."""
        rows = self.filter(brand_id=viewer.brand_id)
        if viewer.dealer_ids is None:
            return rows
        if self.is_brand_wide:
            return rows.none()
        if self.dealer_field is None:
            return rows
        return rows.filter(**{f"{self.dealer_field}__in": viewer.dealer_ids})

    def or_gone(self, **named: Any) -> M:
        """Return the one row, which the caller has seen and now locks.

        Raises:
            NotFound: somebody deleted it between the two.
        """
        try:
            return self.get(**named)
        except ObjectDoesNotExist as error:
            raise NotFound(_("This is gone: somebody deleted it meanwhile.")) from error


class BrandModel(models.Model):
    """A row of one brand. Its migration calls ``enable_rls``; a test looks for tables without.

    The brand alone has no index: every index that a query uses begins with it already.
    """

    brand = models.ForeignKey(
        "core.Brand", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class BrandDetail(models.Model):
    """A row whose brand is vouched for by its parents' composite keys.

    For tables with millions of rows: one foreign key check a row less than ``BrandModel``. Its
    migration ties every parent with ``tie_to_brand``.
    """

    brand = models.ForeignKey(
        "core.Brand",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        abstract = True


class CrossBrand(DomainError):
    """Rows of two brands were about to meet."""

    code = "cross_brand"


def require_same_brand(*rows: BrandRow) -> None:
    """Refuse to join rows of different brands.

    Raises:
        CrossBrand: at least two of ``rows`` belong to different brands.
    """
    if len({row.brand_id for row in rows}) > 1:
        raise CrossBrand("These records belong to different brands.")
