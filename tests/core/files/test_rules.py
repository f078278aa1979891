import pytest

from core.files.rules import MAX_BYTES, safe_name


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("members.csv", "members.csv"),
        ("车主名单 2026年11月.xlsx", "车主名单 2026年11月.xlsx"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("a\r\nSet-Cookie: x=1.csv", "aSet-Cookie_ x=1.csv"),
        ("nul\x00byte.csv", "nulbyte.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\list.csv", "list.csv"),
        ('say "hi"?.csv', "say _hi__.csv"),
        ("zero\u200bwidth.csv", "zerowidth.csv"),
        ("half\ud800surrogate.csv", "halfsurrogate.csv"),
        (" .hidden. ", "hidden"),
        ("\u202e\r\n", "file"),
        ("", "file"),
        ("..", "file"),
    ],
)
def test_a_name_loses_its_tricks(raw, kept):
    assert safe_name(raw) == kept


@pytest.mark.parametrize("raw", ["x" * 4096 + ".csv", "群" * 4096 + ".csv"])
def test_a_long_name_is_cut_before_its_suffix(raw):
    name = safe_name(raw)
    assert name.endswith(".csv")
    assert len(name) <= 120
    assert len(name.encode()) <= MAX_BYTES
