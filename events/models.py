"""For Django's discovery only. Import a model from its concept."""

__all__: list[str] = []
