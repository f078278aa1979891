from django.apps import AppConfig
from django.db.models import CharField
from django.http import multipartparser  # noqa: TID251  (its limit, not its requests)

from core.kernel.search import Prefix


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register the prefix lookup and core's places in the console."""
        CharField.register_lookup(Prefix)
        # Room for a file name of 4 KB in three-byte letters: it is shortened, not refused.
        multipartparser.MAX_TOTAL_HEADER_SIZE = 16 * 1024  # type: ignore[attr-defined]
        from core import registrations  # noqa: PLC0415  (models must be loaded)

        registrations.register()
