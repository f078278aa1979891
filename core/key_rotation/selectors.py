from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from core.data_inventory.ports import Mask
from core.data_inventory.selectors import sealed_items

if TYPE_CHECKING:
    from core.data_inventory.selectors import Item


# Where in a JSON value sealed bytes are, and how they are written there: what a list was narrowed
# by, and the phone in a member's row that a merge keeps.
INSIDE = {Mask.SEALED_QUERY: ("query", "base64"), Mask.SEALED_ROW: ("phone_cipher", "hex")}
# JSON written by others may hold what is not sealed.
LOOKS_SEALED = {"base64": "^[A-Za-z0-9+/]{24,}=*$", "hex": r"^\\x([0-9a-f]{2}){24,}$"}


@dataclass(frozen=True, slots=True)
class SealedField:
    """An encrypted field: of its own, or the member ``key`` of a JSON one, written in ``form``."""

    label: str
    field: str
    table: str
    column: str
    key: str = ""
    form: str = ""

    @property
    def kept_sql(self) -> str:
        """The SQL of what is kept: bytes, or the text that stands for them."""
        return f"{self.column}->>'{self.key}'" if self.key else self.column

    @property
    def sealed_sql(self) -> str:
        """The SQL of its bytes."""
        if self.form == "hex":
            return f"decode(substring({self.kept_sql} FROM 3), 'hex')"
        return f"decode({self.kept_sql}, 'base64')" if self.form else self.kept_sql

    @property
    def present_sql(self) -> str:
        """The SQL of whether a row has any."""
        if not self.form:
            return f"{self.kept_sql} IS NOT NULL"
        return f"{self.kept_sql} ~ '{LOOKS_SEALED[self.form]}'"


def sealed_fields() -> list[SealedField]:
    """Return every encrypted field of every model, as the data classes declare them."""
    return [_located(item) for item in sealed_items()]


def _located(item: Item) -> SealedField:
    key, form = INSIDE.get(item.said.mask, ("", ""))
    quote, field = connection.ops.quote_name, item.model._meta.get_field(item.field)
    return SealedField(
        label=item.model._meta.label,
        field=item.field,
        table=quote(item.model._meta.db_table),
        column=quote(str(getattr(field, "column", ""))),
        key=key,
        form=form,
    )


def rows_per_key(*, brand_id: int, field: SealedField) -> dict[str, int]:
    """Return how many rows each key has sealed: one pass over the brand's rows."""
    sealed, values = field.sealed_sql, {"brand": brand_id}
    sql = f"""
        SELECT encode(substring(sealed FOR position('\\x00'::bytea IN sealed) - 1), 'escape'),
            count(*)
        FROM (
            SELECT {sealed} AS sealed FROM {field.table}
            WHERE brand_id = %(brand)s AND CASE WHEN {field.present_sql} THEN
                position('\\x00'::bytea IN {sealed}) > 1 ELSE FALSE END
            OFFSET 0
        ) AS held GROUP BY 1
    """  # noqa: S608  only names of the model's own table and column are put in
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return dict(cursor.fetchall())


def batch(*, brand_id: int, field: SealedField, after: int, limit: int) -> list[tuple[int, Any]]:
    """Return the next rows by primary key, as id and what is kept."""
    sql = f"""
        SELECT id, {field.kept_sql} FROM {field.table}
        WHERE brand_id = %(brand)s AND id > %(after)s AND {field.present_sql}
        ORDER BY id LIMIT %(limit)s
    """  # noqa: S608  only names of the model's own table and column are put in
    with connection.cursor() as cursor:
        cursor.execute(sql, {"brand": brand_id, "after": after, "limit": limit})
        return list(cursor.fetchall())
