import pytest

from members.profiles import rules


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  张  三 ", "张 三"),
        ("e\u0301", "é"),
        ("阿卜杜拉·艾力", "阿卜杜拉·艾力"),
        ("𠮷田", "𠮷田"),
        ("张\u200b三\ufeff", "张三"),
        ("\u202e三张", "三张"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("<script>", "<script>"),
    ],
)
def test_a_name_is_kept_as_a_person_reads_it(typed, kept):
    assert rules.normalized_name(typed) == kept


@pytest.mark.parametrize("typed", ["", " \u200b ", "x" * 81, "a\0b", "a" + "\u0301" * 9, "a\x07b"])
def test_what_is_no_name_is_refused(typed):
    with pytest.raises(rules.NotAName):
        rules.normalized_name(typed)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+8613812341234", "138****1234"),
        ("+8657187654321", "****4321"),
        ("+4930123456", "****3456"),
    ],
)
def test_a_phone_is_masked(number, masked):
    assert rules.masked_phone(number) == masked
