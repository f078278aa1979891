"""JSON as RFC 8259 means it, within limits: what could be read two ways is refused."""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import TYPE_CHECKING, Any

from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from core.kernel.problems import BadRequest, BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 100_000
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
        BadRequest: there is none, or more than one.
        BodyTooLarge: it holds too many values.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise BadRequest(_("The body is not UTF-8."), "invalid_utf8") from error
    except RecursionError as error:
        raise BadRequest(_("The body is nested too deeply."), "too_deep") from error
    except ValueError as error:  # Also what int() says of thousands of digits.
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadRequest(_("A key appears twice in one object."), "duplicate_key")
    return found


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadRequest(_("A number is too large."), "number_out_of_range")
    return number


def _constant(_name: str) -> None:
    raise BadRequest(_("NaN and Infinity are not JSON."), "invalid_json")


def _walk(value: Any) -> None:
    """Look at every value, level by level; plain recursion would end at Python's own limit."""
    level, seen, depth = [value], 0, 0
    while level:
        seen, depth = seen + len(level), depth + 1
        if depth > MAX_DEPTH:
            raise BadRequest(_("The body is nested too deeply."), "too_deep")
        if seen > MAX_VALUES:
            raise BodyTooLarge(_("The body may hold at most 100,000 values."))
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _refuse_unstorable(item)
            elif isinstance(item, dict):
                for key in item:
                    _refuse_unstorable(key)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below


def _refuse_unstorable(text: str) -> None:
    if UNSTORABLE.search(text):
        raise BadRequest(_("A text holds NUL or half of a surrogate pair."), "unstorable_character")
