import pytest

from core.kernel.errors import InvalidInput
from members.tags import rules


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  露营  ", "露营"),
        ("ＶＩＰ\u3000客户", "VIP 客户"),
        ("a\t\n b", "a b"),
        ("①", "1"),
        ("7座/6座", "7座/6座"),
    ],
)
def test_names_are_brought_in_order(raw, kept):
    assert rules.checked_name(raw) == kept


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "required"),
        ("   ", "required"),
        ("x" * 41, "too_long"),
        ("a:b", "forbidden_characters"),
        ("兴趣：摄影", "forbidden_characters"),
        ("a;b", "forbidden_characters"),
        ("<b>", "forbidden_characters"),
        ("a\u200bb", "forbidden_characters"),
        ("a\0b", "forbidden_characters"),
        ("露\u3164营", "forbidden_characters"),
        ("VІP", "mixed_alphabets"),
    ],
)
def test_what_breaks_the_policy_names_the_field(raw, code):
    with pytest.raises(InvalidInput) as refusal:
        rules.checked_name(raw)
    (problem,) = refusal.value.problems
    assert (problem.pointer, problem.code) == ("/name", code)
    assert problem.detail
