"""Builds the bad files of invariants.md, byte for byte, as somebody would send them."""

import io
import struct
import zipfile
import zlib

import openpyxl

HEAD = ["客户编号", "手机", "姓名"]
GOOD = ["C1", "13812345678", "陈小宇"]
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\0" * 200 + b"PE\0\0L\x01"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def csv_file(*lines, encoding="utf-8"):
    return "\r\n".join(lines).encode(encoding)


def book(*rows, change=None):
    """A workbook as openpyxl writes it; ``change`` gets it before it is saved."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if change:
        change(made)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def rebuilt(data, *, replace=None, add=(), level=zipfile.ZIP_DEFLATED):
    """The same archive with parts replaced, and others added as (ZipInfo or name, bytes)."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", level) as new:
        for entry in old.infolist():
            new.writestr(entry, (replace or {}).get(entry.filename, old.read(entry)))
        for name, content in add:
            new.writestr(name, content)
    return file.getvalue()


def sheet(rows, *, before="", dimension="A1"):
    xml = f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet xmlns="{MAIN}">'
    return f'{xml}<dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'.encode()


def cells(number, texts):
    inner = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{inner}</row>'


def zip_bomb():
    spaces = b" " * (270 * 1024 * 1024)
    return rebuilt(book(HEAD, GOOD), replace={SHEET: sheet(cells(1, HEAD)) + spaces})


def zip_bomb_in_an_unread_part():
    return rebuilt(book(HEAD, GOOD), add=[("xl/media/image1.bin", b"\0" * (270 * 1024 * 1024))])


def zip_that_lies_about_its_size():
    data = bytearray(rebuilt(book(HEAD, GOOD), add=[("xl/big.bin", b"\0" * 5_000_000)]))
    real = struct.pack("<I", 5_000_000)
    at = data.find(real)
    while at >= 0:
        data[at : at + 4] = struct.pack("<I", 10)
        at = data.find(real, at)
    return bytes(data)


def nested_zip():
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", "a")
    return rebuilt(book(HEAD, GOOD), add=[("xl/embeddings/oleObject1.bin", inner.getvalue())])


def entity_bomb():
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    before = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{entities}]>'
    return rebuilt(book(HEAD, GOOD), replace={SHEET: sheet(cells(1, ["&e11;"]), before=before)})


def entity_bomb_behind_a_long_comment():
    before = f"<!--{'x' * 600_000}--><!DOCTYPE worksheet [<!ENTITY e 'ha'>]>"
    return rebuilt(book(HEAD, GOOD), replace={SHEET: sheet(cells(1, ["&e;"]), before=before)})


def entity_in_utf16():
    xml = sheet(cells(1, ["&e;"]), before="<!DOCTYPE w [<!ENTITY e 'ha'>]>").decode()
    return rebuilt(
        book(HEAD, GOOD), replace={SHEET: xml.replace("UTF-8", "UTF-16").encode("utf-16")}
    )


def external_entity(url):
    xml = f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY x SYSTEM "{url}">]>'
    texts = f'{xml}<sst xmlns="{MAIN}"><si><t>&x;</t></si></sst>'.encode()
    return rebuilt(book(HEAD, GOOD), add=[(TEXTS, texts)])


def endless_rows():
    rows = "".join(f'<row r="{n}"><c t="n"><v>1</v></c></row>' for n in range(2, 1_048_577))
    return rebuilt(
        book(HEAD, GOOD), replace={SHEET: sheet(cells(1, HEAD) + rows, dimension="A1:C2")}
    )


def wide_book():
    return rebuilt(
        book(HEAD, GOOD), replace={SHEET: sheet(cells(1, [f"c{i}" for i in range(16_384)]))}
    )


def protected():
    directory = "EncryptedPackage".encode("utf-16-le").ljust(128, b"\0")
    return OLE + b"\0" * 1016 + "Root Entry".encode("utf-16-le").ljust(128, b"\0") + directory


def flagged_as_encrypted():
    data = bytearray(book(HEAD, GOOD))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(magic, at + 4)
    return bytes(data)


def old_excel():
    return OLE + b"\0" * 1016 + "Workbook".encode("utf-16-le").ljust(4096, b"\0")


def path_out_of_the_archive():
    return rebuilt(book(HEAD, GOOD), add=[("../../etc/cron.d/x", b"* * * * * root true\n")])


def symbolic_link():
    link = zipfile.ZipInfo("xl/worksheets/sheet2.xml")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    return rebuilt(book(HEAD, GOOD), add=[(link, b"/etc/passwd")])


def damaged_in_the_middle():
    data = bytearray(book(HEAD, *[[f"C{i}", "13812345678", "x" * 30] for i in range(500)]))
    at = data.find(b"sheet1.xml") + 400
    data[at : at + 40] = b"\xff" * 40
    return bytes(data)


def hide(made):
    made.create_sheet("存档").sheet_state = "hidden"


def hide_deeply(made):
    made.create_sheet("存档").sheet_state = "veryHidden"


def merge(made):
    made.active.merge_cells("A2:B2")


def huge_picture():
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    line = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", line) + chunk(b"IEND", b"")
    )


def small_picture():
    return huge_picture().replace(struct.pack(">II", 50_000, 50_000), struct.pack(">II", 50, 50))
