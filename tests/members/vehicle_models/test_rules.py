import pytest

from core.kernel.errors import InvalidInput
from members.imports.fields import plain
from members.vehicle_models import rules


@pytest.mark.parametrize("raw", ["E7", "a", "E7.2", "S-5_b", "9" * 32])
def test_codes_of_plain_letters_and_digits_are_kept(raw):
    assert rules.checked_code(f" {raw} ") == raw


@pytest.mark.parametrize("raw", ["", " ", "-", "远航", "E 7", "E7\n1", "9" * 33, "Е7"])
def test_other_codes_are_refused(raw):
    with pytest.raises(InvalidInput) as refused:
        rules.checked_code(raw)
    assert refused.value.problems[0].pointer == "/code"


def test_names_are_put_in_order():
    assert rules.checked_name(" 远航\u200b  E7 ") == "远航 E7"


@pytest.mark.parametrize(
    ("raw", "code"),
    [(" ", "required"), ("x" * 81, "invalid"), ("Mоdel", "mixed_alphabets"), ("a\0", "invalid")],
)
def test_other_names_are_refused(raw, code):
    with pytest.raises(InvalidInput) as refused:
        rules.checked_name(raw)
    assert [(each.pointer, each.code) for each in refused.value.problems] == [("/name", code)]


@pytest.mark.parametrize(
    "text", ["远航 E7", "Ｅ７", "e-7", "E7 Pro+", "E7【新】", "E.7/8_9", "#1:*"]
)
def test_two_models_are_told_apart_as_files_do(text):
    assert rules.as_in_files(text) == plain(text)
