"""A zip that holds itself: whoever unpacks what is inside has the same file again, for ever.

Deflate knows two acts, to print bytes that follow (``_print``) and to print once more what was
printed last (``_again``). A program of both prints itself between what goes before it, ``head``,
and what comes after it, ``tail``. The check sum stands inside what it sums up; since it is linear
in each bit, the one that fits is found by solving 32 equations.
"""

import struct
import zlib

PARTS = ("[Content_Types].xml", "xl/r.zip")
OPCODE = 5  # bytes of each act, so that acts can be printed by number
MAY_BE_SOUGHT = 64


def quine():
    """Return the file; like a workbook it holds a ``[Content_Types].xml``, which is empty."""
    for minute in range(MAY_BE_SOUGHT):
        sums = [zlib.crc32(_archive(0, minute))]
        sums += [zlib.crc32(_archive(1 << bit, minute)) ^ sums[0] for bit in range(32)]
        if (found := _solve(sums)) is not None:
            return _archive(found, minute)
    raise AssertionError("no minute has a check sum that fits")


def _solve(sums):
    """Return c = sums[0] ^ (sums[i+1] for each bit i of c), by elimination; None if there is none.

    A row holds the coefficients of one bit of the result, and above them the constant.
    """
    rows = []
    for bit in range(32):
        row = sum(((sums[i + 1] >> bit) & 1) << i for i in range(32)) ^ (1 << bit)
        rows.append(row | ((sums[0] >> bit) & 1) << 32)
    for column in range(32):
        pivot = next((i for i in range(column, 32) if rows[i] >> column & 1), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for i in range(32):
            if i != column and rows[i] >> column & 1:
                rows[i] ^= rows[column]
    return sum((rows[bit] >> 32) << bit for bit in range(32))


def _archive(crc, minute):
    packed = len(_program(*_ends(crc, minute, 0, 0)))
    head, tail = _ends(crc, minute, packed, 0)
    whole = len(head) + packed + len(tail)
    head, tail = _ends(crc, minute, packed, whole)
    return head + _program(head, tail) + tail


def _ends(crc, minute, packed, whole):
    """Return the headers before the packed bytes, and the directory after them."""
    first, second = (name.encode() for name in PARTS)
    empty = struct.pack("<HHHHHIIIH", 20, 0, 0, 0, 0x21, 0, 0, 0, len(first))
    itself = struct.pack("<HHHHHIIIH", 20, 0, 8, minute << 5, 0x21, crc, packed, whole, len(second))
    local = b"PK\x03\x04" + empty + b"\0\0" + first
    head = local + b"PK\x03\x04" + itself + b"\0\0" + second
    directory = b""
    for name, fields, at in ((first, empty, 0), (second, itself, len(local))):
        directory += b"PK\x01\x02\x14\0" + fields + b"\0" * 12 + struct.pack("<I", at) + name
    start = len(head) + packed
    end = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(directory), start, 0)
    return head, directory + b"PK\x05\x06" + end


def _program(head, tail):
    """Return deflated bytes that print ``head``, themselves and ``tail``."""
    on_head, on_tail = len(head) + OPCODE, OPCODE + len(tail)
    first, last = _again(on_head), _copy(on_tail, is_final=True)
    one, four, nothing = _print(OPCODE), _print(4 * OPCODE), _print(0)
    again = _again(4 * OPCODE)
    begin = _print(on_head) + head + _print(on_head) + first + one + first + one + one
    middle = four + first + one + one + four + again + four + again + four + again + four + again
    end = four + again + nothing + nothing + _print(on_tail) + again + nothing + nothing
    return begin + middle + end + _print(on_tail) + last + tail + last


def _print(size):
    """A stored block: prints the ``size`` bytes that follow."""
    return b"\0" + struct.pack("<HH", size, size ^ 0xFFFF)


def _again(size):
    """Print the last ``size`` bytes once more; the bits of the act fill its bytes exactly."""
    if size == 4 * OPCODE:
        bits = _start() + _match(10, size) * 2
    else:
        # One byte less, and then the last one by its name: _print ends in 0xFF.
        bits = _start() + _match(size - 1, size) + _code(0b110010000 + 0xFF - 144, 9)
    bits += _code(0, 7)
    assert len(bits) == 8 * OPCODE, f"{size} bytes cannot be printed again in one act"
    return _bytes(bits)


def _copy(size, *, is_final):
    bits = _start(is_final) + _match(size, size) + _code(0, 7)
    found = _bytes(bits + "0" * (-len(bits) % 8))
    assert len(found) == OPCODE
    return found


def _start(is_final=False):
    return f"{is_final:d}10"  # Of the two bits that name the code of the block, the low one first.


def _match(length, distance):
    """Print ``length`` bytes from ``distance`` back, in the fixed code of RFC 1951 (3.2.6)."""
    symbol, extra, rest = _bucket(length - 3, 4)
    code = _code(symbol + 1, 7) if symbol + 257 < 280 else _code(0b11000000 + symbol - 23, 8)
    far, extra_far, rest_far = _bucket(distance - 1, 2)
    return code + _low_first(rest, extra) + _code(far, 5) + _low_first(rest_far, extra_far)


def _bucket(value, per_size):
    """Return the number of the range that holds ``value``, its extra bits, and what they say.

    From each number of extra bits to the next there are ``per_size`` ranges.
    """
    extra = max(0, (value // per_size).bit_length() - 1)
    return extra * per_size + (value >> extra), extra, value & ((1 << extra) - 1)


def _code(value, width):
    return f"{value:0{width}b}"


def _low_first(value, width):
    return f"{value:0{width}b}"[::-1] if width else ""


def _bytes(bits):
    return bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
