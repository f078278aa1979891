"""A category is kept in one form, whoever writes it."""

import pytest

from members.orders.rules import LONGEST_CATEGORY, NotACategory, category_in_order


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("精品", "精品"),
        ("  ＡＣ　配件 ", "AC 配件"),
        ("保\u200b养", "保养"),
        ("cafe\u0301", "café"),
        ("a\tb", "a b"),
        ("   ", ""),
        ("", ""),
    ],
)
def test_one_word_has_one_form(raw, kept):
    assert category_in_order(raw) == kept
    assert category_in_order(kept) == kept


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("精\0品", "nul_character"),
        ("精\x07品", "control_character"),
        ("精\ue000品", "control_character"),
        ("品" * (LONGEST_CATEGORY + 1), "too_long"),
        ("㍿" * 6, "too_long"),
    ],
)
def test_what_is_no_word_is_refused_by_a_code(raw, code):
    with pytest.raises(NotACategory) as refusal:
        category_in_order(raw)
    assert str(refusal.value) == code
