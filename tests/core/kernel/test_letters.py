import time
import unicodedata

import pytest

from core.kernel import letters

FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("张\u200b三\ufeff", "张三"),
        ("\u202e三张\u2069", "三张"),
        ("张\u200d三", "张三"),
        ("👨\u200d张", "👨张"),
        ("张三\u3164\u2800", "张三"),
        ("张\ufe0f三", "张三"),
        (FAMILY, FAMILY),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("👩🏽\u200d🚀", "👩🏽\u200d🚀"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("𠮷田\U00030000", "𠮷田\U00030000"),
    ],
)
def test_what_nobody_sees_is_left_out(text, seen):
    assert letters.without_hidden(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "Аdmin",  # А is Cyrillic
        "admіn",
        "Tοm",  # ο is Greek
        "Ивaн",  # a is Latin
        "小王Qunуing车友",
        "А7L",
        "Ａdмin",
        "𝐀dmіn",
        "Jоse\u0301",
    ],
)
def test_a_word_of_several_alphabets_is_told(text):
    assert letters.mixes_alphabets(text)


@pytest.mark.parametrize(
    "text",
    [
        "Admin",
        "José Núñez",
        "Иван",
        "Иван Ivanov",
        "Иван·Tom",
        "Ελένη Παππά",
        "王小明Tom",
        "А王b",
        "阿卜杜拉·艾力",
        "𠮷田",
        "Ωmega",
        "kΩ",
        "5µm",
        "Ｔｏｍ",
        "ありがとうTom",
        f"Tom{FAMILY}Иван",
        "",
    ],
)
def test_words_of_one_alphabet_each_are_fine(text):
    assert not letters.mixes_alphabets(text)


ABOVE, BELOW = "\u0301", "\u0323"


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_a_heap_of_marks_is_put_in_order_within_a_moment(form):
    """Unicode's own way takes the square: five seconds for these, and a cell may hold more."""
    began = time.process_time()
    found = letters.normalized(form, f"e{ABOVE * 15_000}{BELOW * 15_000}n" + "\u0f73" * 30_000)
    assert time.process_time() - began < 1
    assert 500 < len(found) < 3000


@pytest.mark.parametrize("text", ["Jose\u0301", "Ａ", "é" * 3000, f"a{BELOW}{ABOVE * 3}" * 300])
def test_what_people_write_is_normalized_as_unicode_says(text):
    for form in ("NFC", "NFKC", "NFKD"):
        assert letters.normalized(form, text) == unicodedata.normalize(form, text)
