"""The readers against what spreadsheet programs write, and against openpyxl's own reading."""

import csv
import datetime
import io
import random

import openpyxl
import pytest

from members.imports.reading import ports
from members.imports.reading.csv_file import CsvFile, sniff
from members.imports.reading.source import open_source, vet
from tests.members.imports.bad_files import TEXTS, book, cells, rebuilt, sheet

EXCEL_TEXTS = (
    '<sst xmlns="x"><si><t>客户编号</t></si><si><r><t xml:space="preserve">姓</t></r>'
    "<r><t>名</t></r><rPh><t>xing</t></rPh></si><si><t>A&amp;B &lt;c&gt; &#x4E2D;</t></si></sst>"
)
WITH_TEXTS = [
    (TEXTS, EXCEL_TEXTS),
    (
        "xl/_rels/workbook.xml.rels",
        '<Relationships xmlns="r"><Relationship Id="rId1" Type="x/worksheet"'
        ' Target="/xl/worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings"'
        ' Target="sharedStrings.xml"/></Relationships>',
    ),
]


def read(data):
    file = io.BytesIO(data)
    found = vet(file)
    source = open_source(file, found["source"])
    batches = list(source.batches({}))
    source.close()
    rows = dict(pair for b in batches for pair in zip(b.numbers, b.rows, strict=True))
    faults = [fault for batch in batches for fault in batch.faults]
    return found, rows, faults


def excel_book(rows):
    data = rebuilt(book(["x"]), replace={"xl/worksheets/sheet1.xml": sheet(rows)}, add=[])
    return rebuilt(data, replace=dict(WITH_TEXTS[1:]), add=WITH_TEXTS[:1])


def test_shared_texts_are_joined_without_phonetics_and_unescaped():
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        '<row r="2" spans="1:2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="b"><v>1</v></c></row>'
        '<row r="4"><c r="B4" t="str"><v>x&amp;y</v></c></row>'
    )
    found, got, faults = read(excel_book(rows))
    assert found["headers"] == ["客户编号", "姓名"]
    assert got == {2: ["A&B <c> 中", "TRUE"], 4: ["", "x&y"]}
    assert faults == []


def test_tags_with_a_prefix_and_cells_without_a_place_are_read():
    plain = sheet(cells(1, ["a", "b"]) + cells(2, ["1", "2"])).decode()
    for tag in ("worksheet", "dimension", "sheetData", "row", "c", "is", "t"):
        plain = plain.replace(f"<{tag} ", f"<x:{tag} ").replace(f"<{tag}>", f"<x:{tag}>")
        plain = plain.replace(f"</{tag}>", f"</x:{tag}>")
    plain = plain.replace("xmlns=", "xmlns:x=")
    data = rebuilt(book(["x"]), replace={"xl/worksheets/sheet1.xml": plain.encode()})
    assert read(data)[1] == {2: ["1", "2"]}


def test_an_unusual_row_among_usual_ones_is_read_the_long_way():
    odd = '<row r="3"><c r="A3"><v>3</v><!-- note --></c></row>'
    data = excel_book(cells(1, ["a"]) + cells(2, ["2"]) + odd + cells(4, ["4"]))
    assert read(data)[1] == {2: ["2"], 3: ["3"], 4: ["4"]}


def test_a_missing_shared_text_and_a_long_cell_are_faults():
    rows = '<row r="2"><c r="A2" t="s"><v>99</v></c></row>' + cells(3, ["x" * 40_000])
    _found, _rows, faults = read(excel_book(cells(1, ["a"]) + rows))
    assert [(f.row_number, f.column, f.code) for f in faults] == [
        (2, 0, "cell_error"),
        (3, 0, "cell_too_long"),
    ]


@pytest.mark.parametrize("rows", ['<row r="3"/><row r="2"/>', '<row r="x"><c/></row>'])
def test_rows_that_go_backwards_are_damage(rows):
    with pytest.raises(ports.FileRefused) as refusal:
        read(excel_book(cells(1, ["a"]) + cells(5, ["1"]) + rows + cells(2, ["1"])))
    assert refusal.value.code == "file_damaged"


def test_a_workbook_reads_as_openpyxl_reads_it():
    draw = random.Random(15)
    values = [
        lambda: draw.choice(["杭州", "a&b", '"q"', "<x>", "𠮷野家", " 空 ", "👨‍👩‍👧"]),
        lambda: draw.randrange(10**11),
        lambda: round(draw.random() * 1000, 2),
        lambda: datetime.date(2024, 1, 1) + datetime.timedelta(days=draw.randrange(900)),
        lambda: (
            datetime.datetime(2024, 1, 1, 8, 30)  # noqa: DTZ001  (cells have no zone)
            + datetime.timedelta(minutes=draw.randrange(9))
        ),
        lambda: None,
    ]
    rows = [["a", "b", "c", "d", "e", "f"]]
    rows += [[draw.choice(values)() for _ in range(6)] for _ in range(12_000)]
    data = book(*rows)
    _found, got, faults = read(data)
    assert faults == []
    theirs = openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2, values_only=True)
    expected = {}
    for number, row in enumerate(theirs, 2):
        texts = [as_text(value) for value in row]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            expected[number] = texts
    assert got == expected


def as_text(value):
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return str(value.date()) if is_day else value.isoformat(" ")
    return f"{value:.15g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le"])
@pytest.mark.parametrize("batch_bytes", [256, 1000, 4096])
def test_every_position_of_a_csv_goes_on_exactly_there(encoding, batch_bytes, monkeypatch):
    """Cells with line ends, quotes and broken rows stand across the edges of the blocks."""
    monkeypatch.setattr("members.imports.reading.csv_file.BATCH_BYTES", batch_bytes)
    draw = random.Random(7)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["编号", "备注"])
    for i in range(300):
        writer.writerow([i, draw.choice(["", "好", 'a "b"', "两\n行", "x" * draw.randrange(90)])])
        if i % 50 == 9:
            text.write('bad,"x"y\r\n')
    file = io.BytesIO(text.getvalue().encode(encoding))
    dialect, _rows = sniff(file)
    whole = list(CsvFile(file, dialect).batches({}))
    expected = [(n, *r) for b in whole for n, r in zip(b.numbers, b.rows, strict=True)]
    reference = list(csv.reader(io.StringIO(text.getvalue(), newline="")))
    assert len(expected) == 300
    assert [row[1:] for row in expected] == [tuple(row) for row in reference[1:] if row[0] != "bad"]
    for i, batch in enumerate(whole):
        rest = [
            (n, *r)
            for b in CsvFile(file, dialect).batches(batch.position)
            for n, r in zip(b.numbers, b.rows, strict=True)
        ]
        done = sum(len(b.rows) for b in whole[: i + 1])
        assert rest == expected[done:]
