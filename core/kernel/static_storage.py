"""How static files are published: hashed names, compressed, our modules included."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS = (
    (
        r"""(?P<matched>import(?s:(?P<names>\s.*?))from\s*"(?P<url>\.[^"]*)";)""",
        'import%(names)sfrom "%(url)s";',
    ),
    (r"""(?P<matched>import\s*"(?P<url>\.[^"]*)";)""", 'import "%(url)s";'),
)


class ConsoleStaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no stubs
    """Follows the imports between our own JavaScript modules, as it does the addresses in CSS.

    Without it a module would import its neighbors by their plain names, which a browser may keep
    from the release before: new code would run against old code. Django's switch for this reads
    the packages' scripts as well, and stops at an import in one that nobody uses.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("console/js/*.js", _IMPORTS))
