"""Lookups that stay fast behind row-level security."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Lookup

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler


class Prefix(Lookup):
    """``name__prefix="王"``: literal, case-sensitive, and able to use a ``pattern_ops`` index.

    Not ``startswith``: LIKE is not leakproof, so PostgreSQL reads every row of the brand first.
    """

    lookup_name = "prefix"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        """Compile to the leakproof ``^@`` operator."""
        column, column_params = self.process_lhs(compiler, connection)
        prefix, prefix_params = self.process_rhs(compiler, connection)
        return f"{column}::text ^@ {prefix}", (*column_params, *prefix_params)
