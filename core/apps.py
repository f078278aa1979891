from django.apps import AppConfig
from django.db.models import CharField

from core.kernel.search import Prefix


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register the prefix lookup and core's places in the console."""
        CharField.register_lookup(Prefix)
        from core import registrations  # noqa: PLC0415  (models must be loaded)

        registrations.register()
