"""Third-party files served from our own host: only what is named here leaves node_modules."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.core.checks import CheckMessage

# Published folder below static/vendor/ → (folder below node_modules, file patterns).
# A style sheet brings its .map along, because the manifest storage follows sourceMappingURL.
VENDOR_FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "vendor/tabler": ("@tabler/core/dist/css", ("tabler.min.css", "tabler.min.css.map")),
    "vendor/echarts": ("echarts/dist", ("echarts.common.min.js",)),
    "vendor/noto-sans-sc": ("@fontsource-variable/noto-sans-sc", ("wght.css",)),
    "vendor/noto-sans-sc/files": (
        "@fontsource-variable/noto-sans-sc/files",
        ("noto-sans-sc-*-wght-normal.woff2",),
    ),
}


class VendorFinder(BaseFinder):
    """Finds the allow-listed files of ``settings.NODE_MODULES`` under ``vendor/``."""

    def check(self, **_options: Any) -> list[CheckMessage]:
        """Nothing to configure, nothing to check."""
        return []

    def find(  # type: ignore[override]  # the stubs overload what Django decides at run time
        self, path: str, find_all: bool = False, **kwargs: Any
    ) -> str | list[str]:
        """Return where an allow-listed file lies, or an empty list."""
        find_all = find_all or bool(kwargs.get("all", False))
        folder, _, name = path.rpartition("/")
        entry = VENDOR_FILES.get(folder)
        if entry is None:
            return []
        source, patterns = entry
        location = Path(settings.NODE_MODULES, source, name)
        if not _allowed(name, patterns) or not location.is_file():
            return []
        return [str(location)] if find_all else str(location)

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        """Yield every allow-listed file with a storage that publishes it under its folder."""
        ignored = tuple(ignore_patterns or ())
        for folder, (source, patterns) in VENDOR_FILES.items():
            base = Path(settings.NODE_MODULES, source)
            if not base.is_dir():
                continue
            storage = FileSystemStorage(location=str(base))
            # collectstatic joins this prefix and the file's name into the published path.
            storage.prefix = folder  # type: ignore[attr-defined]
            for file in sorted(base.iterdir()):
                if _allowed(file.name, patterns) and not _allowed(file.name, ignored):
                    yield file.name, storage


def _allowed(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
