"""Secrets of one checkout, drawn once and kept readable by their owner alone."""

import base64
import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def kept(folder: Path, name: str, fresh: str) -> str:
    """Return the secret called ``name``, keeping ``fresh`` as its value when there is none yet."""
    path = folder / name
    if not path.exists():
        # Whole or not at all: a secret cut short by a crash would be kept for ever.
        draft = folder / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(fresh + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="ascii").strip()


def product_secrets(folder: Path, *, given: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets the product reads: those ``given``, the rest kept in ``folder``."""
    drawn = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"k1:{_key()}",
        "LOOKUP_KEY": _key(),
    }
    return {
        name: given.get(name) or kept(folder, name.lower(), fresh) for name, fresh in drawn.items()
    }


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
