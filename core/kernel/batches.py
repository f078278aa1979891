"""REST entry points that take many rows in one call and tell of each what became of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from core.kernel.api import ApiViewSet
from core.kernel.problems import BodyTooLarge
from core.kernel.serializers import Serializer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_ROWS = 1_000
OUTCOMES = ("created", "updated", "unchanged", "refused")


class RowResult(NamedTuple):
    """One row's end; ``problems`` are field, code and words of what kept it out.

    A field is its name, or the names that lead to it. ``warnings`` are the same of a row that was
    taken all the same.
    """

    outcome: str
    id: int | None
    problems: Sequence[tuple[str | tuple[str, ...], str, str]] = ()
    warnings: Sequence[tuple[str | tuple[str, ...], str, str]] = ()


class RowProblemOut(Serializer):
    pointer = serializers.CharField(help_text="JSON pointer into the body, such as `/rows/3/vin`.")
    code = serializers.CharField(help_text="For programs; does not change.")
    detail = serializers.CharField(help_text="For people, in the language of the request.")


class RowOut(Serializer):
    row = serializers.IntegerField(help_text="Which row of the call, counted from 1.")
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    id = serializers.IntegerField(allow_null=True, help_text="What the row stands for now.")
    errors = RowProblemOut(  # type: ignore[assignment]  # ours, not the serializer's own
        many=True, help_text="Why it was refused; else empty."
    )
    warnings = RowProblemOut(
        many=True, help_text="What to look at again in a row that was taken; mostly empty."
    )


class BatchCounts(Serializer):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class BatchOut(Serializer):
    counts = BatchCounts()
    results = RowOut(many=True)


class BatchViewSet(ApiViewSet):
    """Takes ``rows``, at most 1,000, and judges each alone: a bad one keeps no other out."""

    serializer_class = BatchOut
    most_rows: ClassVar[int] = MOST_ROWS

    def taken(self) -> dict[str, Any]:
        """Return the body; its rows are as they came, the rest as ``inputs`` reads it.

        Raises:
            BodyTooLarge: more rows than a call may have; answered 413.
            ValidationError: the body as a whole is not of the shape; answered 422.
        """
        body = self.request.data
        rows: Any = None
        if isinstance(body, dict) and isinstance(body.get("rows"), list):
            rows = body["rows"]
            self._check(rows)
            body = body | {"rows": []}
        serializer = self.inputs[self.action](data=body, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data) | {"rows": rows}

    def _check(self, rows: list[Any]) -> None:
        if len(rows) > self.most_rows:
            raise BodyTooLarge(_("At most %(most)d rows a call.") % {"most": self.most_rows})
        if not rows:
            text = ErrorDetail(_("Send at least one row."), "empty")
            raise serializers.ValidationError({"rows": [text]})
        text = ErrorDetail(_("A row is a JSON object."), "wrong_type")
        wrong = {str(i): [text] for i, row in enumerate(rows) if not isinstance(row, dict)}
        if wrong:
            raise serializers.ValidationError({"rows": wrong})

    def shaped(
        self, rows: Sequence[Any], shape: type[Serializer]
    ) -> tuple[
        list[dict[str, Any] | None], dict[int, list[tuple[str | tuple[str, ...], str, str]]]
    ]:
        """Return the rows as ``shape`` reads them, None where it cannot, and by index why not."""
        values: list[dict[str, Any] | None] = []
        wrong: dict[int, list[tuple[str | tuple[str, ...], str, str]]] = {}
        for index, row in enumerate(rows):
            read = shape(data=row, context=self.get_serializer_context())
            if read.is_valid():
                values.append(dict(read.validated_data))
            else:
                values.append(None)
                wrong[index] = list(_told((), read.errors))
        return values, wrong

    def answered(self, rows: Iterable[RowResult]) -> Response:
        """Return 200 with each row's end, in the order of the call."""
        results = [_shown(number, row) for number, row in enumerate(rows, 1)]
        found = Counter(result["outcome"] for result in results)
        counts = {outcome: found[outcome] for outcome in OUTCOMES}
        return Response({"counts": counts, "results": results})


def _told(names: tuple[str, ...], detail: Any) -> Iterator[tuple[str | tuple[str, ...], str, str]]:
    """Yield what a serializer objects to, flat."""
    if isinstance(detail, dict):
        for name, value in detail.items():
            yield from _told(names if name == "non_field_errors" else (*names, str(name)), value)
    elif isinstance(detail, (list, tuple)):
        for value in detail:
            yield from _told(names, value)
    else:
        yield names, str(getattr(detail, "code", "invalid")), str(detail)


def _shown(number: int, row: RowResult) -> dict[str, Any]:
    told = [
        [
            {"pointer": _pointer(number, name), "code": code, "detail": detail}
            for name, code, detail in found
        ]
        for found in (row.problems, row.warnings)
    ]
    end = {"row": number, "outcome": row.outcome, "id": row.id}
    return end | dict(zip(("errors", "warnings"), told, strict=True))


def _pointer(number: int, name: str | tuple[str, ...]) -> str:
    names = name if isinstance(name, tuple) else (name,)
    return "/".join([f"/rows/{number - 1}", *(_escaped(part) for part in names if part)])


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
