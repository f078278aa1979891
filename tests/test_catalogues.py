"""Chinese first: every text that a person can see has its translation."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
CODE = ["config", "core", "members", "communities", "events", "integrations"]
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "_": None,
}
# What templatize makes of {% translate %} and {% blocktranslate %}: calls among blanked-out text.
CALLS = re.compile(
    r"""\b_?(?P<call>n?p?gettext)\((?P<args>(?:\s*,?\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))+)"""
)
LITERALS = re.compile(r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def messages_of_code():
    """(file, context, message) of every gettext call in Python."""
    for app in CODE:
        for path in (ROOT / app).rglob("*.py"):
            with path.open("rb") as source:
                for _line, call, found, _notes in extract_python(source, KEYWORDS, [], {}):
                    parts = [
                        part for part in (found if isinstance(found, tuple) else (found,)) if part
                    ]
                    context = parts.pop(0) if "pgettext" in call else None
                    if parts:
                        yield path, context, parts[0]


def messages_of_templates():
    """(file, context, message) of every translated text in templates."""
    for path in (ROOT / "templates").rglob("*.html"):
        for match in CALLS.finditer(templatize(path.read_text(), origin=str(path))):
            parts = [ast.literal_eval(literal) for literal in LITERALS.findall(match["args"])]
            context = parts.pop(0) if "p" in match["call"] else None
            yield path, context, parts[0]


@pytest.fixture(scope="module")
def catalogue():
    """{(context, message): translations} of all areas."""
    known = {}
    for area in settings.LOCALE_AREAS:
        source = ROOT / "locale" / area / "zh_Hans" / "LC_MESSAGES" / "django.po"
        if not source.exists():
            continue
        with source.open("rb") as stream:
            for message in read_po(stream, abort_invalid=True):
                ids = message.id if isinstance(message.id, tuple) else (message.id,)
                texts = message.string if isinstance(message.string, tuple) else (message.string,)
                if ids[0] and all(texts) and not message.fuzzy:
                    known[message.context, ids[0]] = (ids, texts)
    return known


@pytest.mark.parametrize("source", [messages_of_code, messages_of_templates])
def test_every_text_is_translated(source, catalogue):
    missing = {
        f"{path.relative_to(ROOT)}: {message!r}"
        for path, context, message in source()
        if (context, message) not in catalogue
    }
    assert sorted(missing) == []


def placeholders(text):
    named = set(re.findall(r"%\((\w+)\)[sd]", text))
    plain = len(re.findall(r"(?<!%)%[sd]", text))
    braces = {field for _t, field, _s, _c in string.Formatter().parse(text) if field}
    return named, plain, braces


def test_translations_keep_their_placeholders(catalogue):
    broken = []
    for ids, texts in catalogue.values():
        try:
            wanted = placeholders(ids[-1])
            if any(placeholders(text) != wanted for text in texts):
                broken.append(ids[0])
        except ValueError:
            continue  # Braces that are no format string.
    assert broken == []
