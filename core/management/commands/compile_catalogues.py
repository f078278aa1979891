"""``manage.py compile_catalogues``: turn the catalogues of ``locale/`` into what gettext reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Compiles with Babel, so that no gettext tools need to be installed."""

    help = "Compile every .po file below locale/ that is newer than its .mo file."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Compile what changed and say how much.

        Raises:
            CommandError: a catalogue is malformed; the message names the file.
        """
        sources = [source for area in settings.LOCALE_PATHS for source in Path(area).rglob("*.po")]
        stale = [source for source in sources if _is_stale(source)]
        for source in stale:
            _compile(source)
        self.stdout.write(f"{len(stale)} of {len(sources)} catalogues compiled")


def _is_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime < source.stat().st_mtime


def _compile(source: Path) -> None:
    try:
        with source.open("rb") as stream:
            catalogue = read_po(stream, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise CommandError(f"{source}: {error}") from error
    # Renamed when whole: a process that starts meanwhile reads the old one or the new one.
    target = source.with_suffix(".mo")
    fresh = target.with_suffix(".mo.new")
    with fresh.open("wb") as stream:
        write_mo(stream, catalogue)
    fresh.replace(target)
