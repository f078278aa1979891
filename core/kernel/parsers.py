"""JSON as RFC 8259 means it, within limits: what could be read two ways is refused."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from core.kernel.problems import BadRequest, BodyTooLarge, pointer_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 100_000
MAX_DIGITS = 1000
LONGEST_POINTER = 500
CHUNK_BYTES = 64 * 1024

# PostgreSQL's text refuses NUL; a lone surrogate is no character in any encoding.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
GZIP_WINDOW = 16 + zlib.MAX_WBITS


class StrictJSONParser(BaseParser):
    """Parses a request body, plain or gzip.

    400: not JSON, not UTF-8, a duplicate key, NaN or an infinite number, deeper than MAX_DEPTH,
    NUL or a lone surrogate in a text. 413: more than MAX_BYTES, unpacked, or MAX_VALUES values.
    415: another character set or content encoding.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the JSON value of the body."""
        _refuse_other_charset(media_type or "")
        request = (parser_context or {}).get("request")
        encoding = request.headers.get("Content-Encoding", "") if request else ""
        return loads(_read(stream, encoding.strip().lower()))


def loads(body: bytes) -> Any:
    """Return the one value that ``body`` can mean.

    Raises:
        BadRequest: there is none, or more than one; it points to the place, if there is one.
        BodyTooLarge: it holds too many values.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise BadRequest(_("The body is not UTF-8."), "invalid_utf8") from error
    except RecursionError as error:
        raise BadRequest(_("The body is nested too deeply."), "too_deep") from error
    except ValueError as error:
        raise BadRequest(_("The body is not valid JSON."), "invalid_json") from error
    _walk(value)
    return value


def _read(stream: IO[Any], encoding: str) -> bytes:
    if encoding not in {"", "identity", "gzip"}:
        raise UnsupportedMediaType(
            encoding, detail=_("Send the body plain or gzip-encoded."), code="unsupported_encoding"
        )
    try:
        body = _unzip(stream) if encoding == "gzip" else stream.read(MAX_BYTES + 1)
    except UnreadablePostError as error:
        raise BadRequest(_("The body broke off."), "truncated") from error
    if len(body) > MAX_BYTES:
        raise BodyTooLarge(_("The body may have at most 1 MiB."))
    if not body.strip():
        raise BadRequest(_("The body is empty."), "empty_body")
    return body


def _unzip(stream: IO[Any]) -> bytes:
    """Unpack no further than one byte past the limit, whatever the archive claims."""
    unpacker, body, packed = zlib.decompressobj(GZIP_WINDOW), bytearray(), 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            packed += len(chunk)
            if packed > 2 * MAX_BYTES:
                # Blocks that hold nothing may go on for ever.
                raise BodyTooLarge(_("The body may have at most 1 MiB."))
            body += unpacker.decompress(chunk, MAX_BYTES + 1 - len(body))
            if len(body) > MAX_BYTES:
                return bytes(body)
            if unpacker.eof:
                break
    except zlib.error as error:
        raise BadRequest(_("The body is not gzip."), "invalid_gzip") from error
    if not unpacker.eof or unpacker.unused_data or stream.read(1):
        raise BadRequest(_("The gzip body is cut off or has a tail."), "invalid_gzip")
    return bytes(body)


def _refuse_other_charset(media_type: str) -> None:
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", media_type, re.IGNORECASE)
    if charset and charset[1].lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(
            media_type, detail=_("JSON is sent as UTF-8."), code="unsupported_charset"
        )


@dataclass(frozen=True)
class _Unreadable:
    """Stands for a value that has no one meaning, until its place in the body is known."""

    detail: Any
    code: str
    key: str | None = None


@dataclass(frozen=True)
class _Container:
    """An object or a list of the body, and how it was reached; the outermost holds the body."""

    value: Any
    key: str | int = ""
    parent: _Container | None = None

    def pointer(self, *below: str | int) -> str:
        """Return the JSON pointer to the container, or to what stands ``below`` it."""
        path, at = [*reversed(below)], self
        while at.parent is not None:
            path.append(at.key)
            at = at.parent
        inside_body = path[-2::-1]  # The last leads from the outermost container to the body.
        return UNSTORABLE.sub("\ufffd", pointer_to(inside_body))[:LONGEST_POINTER]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Unreadable:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(key for key, _value in pairs)
    key = next(key for key, number in times.items() if number > 1)
    return _Unreadable(_("A key appears twice in one object."), "duplicate_key", key)


def _int(text: str) -> int | _Unreadable:
    # Python refuses to read more digits: it would take too long.
    return int(text) if len(text) <= MAX_DIGITS else _TOO_LARGE


def _float(text: str) -> float | _Unreadable:
    number = float(text)
    return number if math.isfinite(number) else _TOO_LARGE


_TOO_LARGE = _Unreadable(_("A number is too large."), "number_out_of_range")
_NO_NUMBER = _Unreadable(_("NaN and Infinity are not JSON."), "invalid_json")


def _constant(_name: str) -> _Unreadable:
    return _NO_NUMBER


def _walk(value: Any) -> None:
    """Look at every value, level by level; plain recursion would end at Python's own limit."""
    level, seen, depth = [_Container([value])], 0, 0
    while level:
        depth += 1
        if depth > MAX_DEPTH + 1:  # The outermost is ours.
            raise BadRequest(
                _("The body is nested too deeply."), "too_deep", pointer=level[0].pointer()
            )
        below: list[_Container] = []
        for container in level:
            seen += len(container.value)
            if seen > MAX_VALUES:
                raise BodyTooLarge(_("The body may hold at most 100,000 values."))
            below.extend(_checked(container))
        level = below


def _checked(container: _Container) -> Iterator[_Container]:
    """Refuse what one container holds, or yield the containers in it."""
    inside = container.value
    for key, item in inside.items() if isinstance(inside, dict) else enumerate(inside):
        if isinstance(key, str) and UNSTORABLE.search(key):
            raise _unstorable(container.pointer(key))
        if isinstance(item, str):
            if UNSTORABLE.search(item):
                raise _unstorable(container.pointer(key))
        elif isinstance(item, (dict, list)):
            yield _Container(item, key, container)
        elif isinstance(item, _Unreadable):
            path = (key,) if item.key is None else (key, item.key)
            raise BadRequest(item.detail, item.code, pointer=container.pointer(*path))


def _unstorable(pointer: str) -> BadRequest:
    detail = _("A text holds NUL or half of a surrogate pair.")
    return BadRequest(detail, "unstorable_character", pointer=pointer)
