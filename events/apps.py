from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        """Fill the registries; the models must be loaded by then."""
        from events import registries  # noqa: PLC0415

        registries.register()
