"""Whose rows these are.

Three defenses, each able to hold alone: entry points fetch through ``visible_to``, services call
``require_same_brand``, and PostgreSQL shows and accepts only rows of the brand opened by
``tenant``.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, models, transaction
from django.utils.translation import gettext as _

from core.kernel.errors import DomainError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
logger = logging.getLogger(__name__)


class Left(list[tuple[int, "Callable[[], None]"]]):
    """What an open ``tenant`` leaves behind: brands, and what is to be written in each."""


_left: ContextVar[Left | None] = ContextVar("left", default=None)


@contextmanager
def tenant(brand_id: int) -> Iterator[None]:
    """Open a transaction in which the database shows and accepts one brand's rows only.

    The setting ends with the transaction, so a pooled connection carries nothing over. A nested
    call gives way to the outer brand when it ends.
    """
    outer = _current_brand() if connection.in_atomic_block else None
    around, left, refusal = _left.get(), Left(), None
    token = _left.set(left)
    try:
        with transaction.atomic():
            _enter_brand(str(brand_id))
            yield
    except DomainError as error:
        refusal = error
    finally:
        _left.reset(token)
    if outer is not None:
        _enter_brand(outer)  # Releasing a savepoint would have kept ours.
    if around is not None:
        around += left
    else:
        _write_down(left)
    if refusal is not None:
        raise refusal


def outlives_refusal(*, brand_id: int, write: Callable[[], None]) -> None:
    """Do ``write`` once the outermost ``tenant`` has ended, in a transaction of its own.

    For what a refusal has found out: the act is rolled back with everything it wrote, and this is
    worth keeping all the same. It is done too when the act goes through after all, and left undone
    when the act breaks. The caller gets the refusal whether or not this can be written.
    """
    left = _left.get()
    if left is None:
        message = "No tenant is open."
        raise RuntimeError(message)
    left.append((brand_id, write))


def _write_down(left: Left) -> None:
    for brand_id, write in left:
        try:
            with tenant(brand_id):
                write()
        except DatabaseError:
            logger.warning("What a refusal had found out was not written down", exc_info=True)


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
