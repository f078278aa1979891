"""Files that are made to take time or memory: each is read, or refused, within a bound."""

import io
import struct
import time
import tracemalloc

import pytest

from members.imports.reading import ports, shared_texts, xlsx_file
from members.imports.reading.source import open_source, vet
from tests.members.imports.bad_files import MAIN, TEXTS, book, cells, rebuilt, sheet
from tests.members.imports.test_source import excel_book, read

MEGABYTE = 1024**2
HEAD = cells(1, ["a"])
SHEET = "xl/worksheets/sheet1.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"


@pytest.fixture
def at_once():
    began = time.process_time()
    yield
    assert time.process_time() - began < 2


def refused(data):
    with pytest.raises(ports.FileRefused) as refusal:
        read(data)
    return refusal.value.code


def most_memory(data):
    """Return what was found and the most that Python held for it, in megabytes."""
    tracemalloc.start()
    try:
        found = read(data)
        return found, tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


def with_texts(texts, rows, name=TEXTS, declared="UTF-8"):
    """A workbook whose cells share these texts."""
    whole = f'<?xml version="1.0" encoding="{declared}"?><sst xmlns="{MAIN}">{texts}'
    relations = (
        '<Relationships xmlns="r"><Relationship Id="rId1" Type="x/worksheet"'
        f' Target="/{SHEET}"/><Relationship Id="rId2" Type="x/sharedStrings"'
        f' Target="/{name}"/></Relationships>'
    )
    parts = {SHEET: sheet(rows), RELATIONS: relations}
    return rebuilt(book(["x"]), replace=parts, add=[(name, whole)])


def prefixed(rows):
    """A sheet whose tags carry a prefix, which is read the long way."""
    xml = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    return rebuilt(book(["x"]), replace={SHEET: xml.encode()})


def slow_row(number, inside):
    return f'<x:row r="{number}">{inside}</x:row>'


SLOW_HEAD = slow_row(1, '<x:c r="A1" t="str"><x:v>a</x:v></x:c>')


@pytest.mark.usefixtures("at_once")
def test_a_row_without_an_end_is_refused():
    assert refused(excel_book(HEAD + '<row r="2">' + '<c r="A2"/>' * 2_000_000)) == "file_damaged"


def test_a_row_may_stand_across_many_blocks():
    rows = HEAD + "".join(cells(n, ["x" * 30_000] * 20) for n in range(2, 8))
    _found, got, faults = read(excel_book(rows))
    assert got == dict.fromkeys(range(2, 8), ["x" * 30_000] * 20)
    assert faults == []


@pytest.mark.parametrize("form", ["shared", "prefixed"])
def test_of_an_endless_text_little_is_held(form):
    text = "好" * (8 * MEGABYTE)
    if form == "shared":
        rows = HEAD + '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
        data = with_texts(f"<si><t>{text}</t></si></sst>", rows)
    else:
        cell = f'<x:c r="A2" t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>'
        data = prefixed(SLOW_HEAD + slow_row(2, cell))
    (_found, got, faults), most = most_memory(data)
    assert [(fault.row_number, fault.code) for fault in faults] == [(2, "cell_too_long")]
    assert got == {2: ["好" * 100]}
    assert most < 8


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("sign", ["[", '"', "[h", "\\"])
def test_a_number_format_of_signs_only_is_read(sign):
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="'
        f'{sign.replace(chr(34), "&quot;") * 60_000}"/></numFmts>'
        '<cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>'
    )
    rows = HEAD + '<row r="2"><c r="A2" s="0"><v>7</v></c></row>'
    data = rebuilt(excel_book(rows), replace={"xl/styles.xml": styles})
    assert read(data)[1].keys() == {2}


@pytest.mark.parametrize("end", ["<<", "<si></t></si>", "\x00"])
@pytest.mark.parametrize("row", [1, 2])
def test_texts_that_are_no_xml_are_damage(end, row):
    texts = "<si><t>x</t></si>" * 20_000 + end
    cell = f'<row r="{row}"><c r="A{row}" t="s"><v>20001</v></c></row>'
    assert refused(with_texts(texts, cell if row == 1 else HEAD + cell)) == "file_damaged"


@pytest.mark.parametrize("declared", ["UTF-8", "rot13", "gbk", "none"])
def test_texts_are_utf_8_whatever_a_part_of_another_name_says(declared):
    rows = HEAD + '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    data = with_texts("<si><t>好</t></si></sst>", rows, "xl/sharedStrings.bin", declared)
    assert read(data)[1] == {2: ["好"]}


ENDLESS = "x" * (3 * MEGABYTE)
NAMES = "".join(f"<x:n{n}/>" for n in range(30_000))
FORMS = {
    "a comment": f"<!--{ENDLESS}",
    "a tag": f'<x:row a="{ENDLESS}',
    "a tag that does end": f'<x:row a="{ENDLESS}"/>',
    "tags within tags": "<x:a>" * 60_000 + "</x:a>" * 60_000,
    "names": NAMES,
    "names of attributes": "".join(f'<x:a n{n}="1"/>' for n in range(30_000)),
    "a column twice": slow_row(2, '<x:c r="A2"><x:v>1</x:v></x:c>' * 2),
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("form", FORMS)
def test_what_no_spreadsheet_writes_is_damage(form):
    assert refused(prefixed(SLOW_HEAD + FORMS[form])) == "file_damaged"


@pytest.mark.usefixtures("at_once")
def test_a_comment_before_the_root_of_a_part_has_an_end():
    data = with_texts("", HEAD)
    endless = f'<?xml version="1.0"?><!--{ENDLESS}--><sst xmlns="{MAIN}"/>'
    assert refused(rebuilt(data, replace={TEXTS: endless})) == "file_damaged"


def test_a_cell_is_marked_as_a_formula_once():
    rows = SLOW_HEAD + slow_row(2, f'<x:c r="A2">{"<x:f/>" * 1000}<x:v>1</x:v></x:c>')
    assert [fault.code for fault in read(prefixed(rows))[2]] == ["formula"]


def test_parts_of_a_million_tags_are_damage():
    styles = f'<styleSheet xmlns="{MAIN}">{"<a/>" * 600_000}</styleSheet>'
    data = rebuilt(excel_book(HEAD + cells(2, ["1"])), replace={"xl/styles.xml": styles})
    assert refused(data) == "file_damaged"


def test_a_directory_of_endless_parts_is_not_even_read():
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, *[0] * 4, *[0] * 3, 1, *[0] * 4, 0, 0
    )
    listed = (entry + b"a") * 50_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 50_000, 50_000, len(listed), 30, 0)
    assert refused(b"PK\3\4" + bytes(26) + listed + end) == "file_damaged"


@pytest.mark.parametrize("many", ["characters", "faults"])
def test_a_batch_holds_no_more_than_memory_does(many):
    """Each of these rows is small in the file."""
    if many == "characters":
        inside = "".join(f'<c r="{c}0" t="s"><v>0</v></c>' for c in "ABCDEFGHIJ")
        numbers = range(2, 202)
    else:
        inside = "".join(f'<c r="{c}0"><f/></c>' for c in "ABCDEFGHIJ")
        numbers = range(2, 11_002)
    rows = "".join(f'<row r="{n}">{inside}</row>' for n in numbers)
    data = with_texts(f"<si><t>{'x' * 32_000}</t></si></sst>", HEAD + rows)
    file = io.BytesIO(data)
    described = vet(file)["source"]
    source = open_source(file, described)
    batches = list(source.batches({}))
    assert [n for batch in batches for n in batch.numbers] == list(numbers)
    assert len(batches) > 1
    for batch in batches:
        held = sum(len(cell) for row in batch.rows for cell in row)
        assert held < 1.1 * xlsx_file.CHARACTERS_PER_BATCH
        assert len(batch.faults) < 1.1 * xlsx_file.FAULTS_PER_BATCH
    again = list(source.batches(batches[0].position))
    assert [batch.position for batch in again] == [batch.position for batch in batches[1:]]
    source.close()


def test_names_of_columns_hold_nothing_that_cannot_be_seen_or_kept():
    text = "客\u200b户编号\ufeff,手\0 机\x07,姓\u2028名\nC1,13812345678,甲\n"
    found, rows, _faults = read(text.encode())
    assert found["headers"] == ["客户编号", "手 机", "姓 名"]
    assert rows == {2: ["C1", "13812345678", "甲"]}


@pytest.mark.parametrize("header", ["a\0,A", "a\u200b,a"])
def test_names_that_read_alike_are_two_of_a_name(header):
    assert refused(f"{header}\n1,2\n".encode()) == "header_duplicate"


def test_a_sheet_stands_where_its_rows_are_counted():
    data = rebuilt(book(["a"], ["1"]), add=[("xl/data.xml", sheet(HEAD + cells(2, ["1"])))])
    relations = (
        '<Relationships xmlns="r"><Relationship Id="rId1" Type="x/worksheet"'
        ' Target="/xl/data.xml"/></Relationships>'
    )
    assert refused(rebuilt(data, replace={RELATIONS: relations})) == "not_a_workbook"


def test_texts_are_counted_whatever_their_part_is_called(monkeypatch):
    monkeypatch.setattr(shared_texts, "MAX_XLSX_TEXTS", 1000)
    rows = HEAD + '<row r="2"><c r="A2" t="s"><v>1500</v></c></row>'
    data = with_texts("<si><t>x</t></si>" * 2000, rows, "xl/texts.bin")
    assert refused(data) == "file_damaged"


def test_a_table_may_begin_with_the_letters_of_a_picture():
    found, rows, _faults = read("BMW车主编号,手机\nC1,13812345678\n".encode())
    assert found["headers"] == ["BMW车主编号", "手机"]
    assert rows == {2: ["C1", "13812345678"]}


def test_a_bitmap_is_no_table():
    assert refused(b"BM" + (70).to_bytes(4, "little") + bytes(4) + b"6" + bytes(60)) == "file_type"
