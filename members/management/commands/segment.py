from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from members.profiles.models import Member
from members.segments import rules, selectors
from members.segments.models import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 10_000
ACTS = ("validate", "count", "list", "explain", "schema")


class Command(BaseCommand):
    help = (
        "Asks about conditions in their JSON form, from a file, stdin (-) or a saved segment:"
        " validate, count, list ids, explain a member; schema prints what the form may hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do, where the conditions stand, and for which brand."""
        parser.add_argument("act", choices=ACTS)
        parser.add_argument("member", nargs="?", metavar="MEMBER", help="explain: a member's id")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--file", default="-", metavar="PATH", help="- is stdin, the default")
        source.add_argument("--segment", metavar="NAME", help="a saved segment instead of a file")
        parser.add_argument(
            "--brand", default="", metavar="CODE", help="needed with several brands"
        )

    def handle(self, *_args: Any, **given: Any) -> None:
        """Answer on stdout.

        Raises:
            CommandError: the conditions are refused, each with its pointer; or there is no such
                brand, segment or member.
        """
        if given["act"] == "schema":
            self._schema(given["brand"])
            return
        brand_id = self._brand(given["brand"]).pk
        with tenant(brand_id):
            tree = self._tree(given, brand_id)
            try:
                getattr(self, f"_{given['act']}")(tree, brand_id, given["member"])
            except InvalidInput as refusal:
                told = "".join(f"\n  {p.pointer or '/'}: {p.detail}" for p in refusal.problems)
                raise CommandError(f"{refusal}{told}") from refusal

    def _schema(self, code: str) -> None:
        """Print the brand's schema; of several, with none named, what all of them have."""
        if not code and Brand.objects.count() != 1:
            self._print(selectors.schema())
            return
        brand_id = self._brand(code).pk
        with tenant(brand_id):
            self._print(selectors.schema(brand_id=brand_id))

    def _validate(self, tree: Any, brand_id: int, _member: str | None) -> None:
        """Print the canonical form."""
        root = selectors.check(tree=tree, brand_id=brand_id)
        selectors.resolve(node=root, brand_id=brand_id)
        self._print(root.json)

    def _count(self, tree: Any, brand_id: int, _member: str | None) -> None:
        number = selectors.count(tree=tree, brand_id=brand_id, now=timezone.now())
        self.stdout.write(str(number))

    def _list(self, tree: Any, brand_id: int, _member: str | None) -> None:
        for number in _ids(tree, brand_id):
            self.stdout.write(str(number))

    def _explain(self, tree: Any, brand_id: int, member: str | None) -> None:
        """Print each condition in words with whether it holds, and the whole."""
        known = Member.objects.filter(brand_id=brand_id)
        if not member or not member.isdecimal() or not known.filter(pk=int(member)).exists():
            raise CommandError("Name a member by the number that list prints.")
        told = selectors.explained(
            tree=tree, brand_id=brand_id, member_id=int(member), now=timezone.now()
        )
        for reason in told.reasons:
            self.stdout.write(f"{'yes' if reason.is_met else 'no ':3} {reason.text}")
        self.stdout.write("In the segment." if told.is_in else "Not in the segment.")

    def _tree(self, given: dict[str, Any], brand_id: int) -> Any:
        if given["segment"]:
            rows = Segment.objects.filter(brand_id=brand_id, name=given["segment"])
            found = rows.order_by("is_archived", "-pk").first()
            if found is None:
                raise CommandError(f"There is no segment {given['segment']!r}.")
            return found.tree
        try:
            path = given["file"]
            text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
            return rules.read(text)
        except (OSError, UnicodeDecodeError, InvalidInput) as error:
            raise CommandError(f"{given['file']}: {error}") from error

    def _brand(self, code: str) -> Brand:
        brands = list(Brand.objects.filter(**({"code": code} if code else {}))[:2])
        if len(brands) != 1:
            known = ", ".join(Brand.objects.order_by("code").values_list("code", flat=True)[:20])
            raise CommandError(f"Name one brand with --brand CODE: {known or 'there is none'}.")
        return brands[0]

    def _print(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=2))


def _ids(tree: Any, brand_id: int) -> Iterator[int]:
    """Yield ids in order through a cursor of the database, so that memory holds a few thousand."""
    found = selectors.member_ids_sql(tree=tree, brand_id=brand_id, now=timezone.now())
    selectors.prepare()
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT member_id FROM ({found.sql}) s ORDER BY 1", found.params)  # noqa: S608  (compiled; every value is a parameter)
        while rows := cursor.fetchmany(AT_ONCE):
            yield from (row[0] for row in rows)
