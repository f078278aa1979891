from django.apps import AppConfig
from django.db.models import CharField

from core.kernel.search import Prefix


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register the prefix lookup."""
        CharField.register_lookup(Prefix)
