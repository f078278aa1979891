"""Initial passwords: random, and easy to read out over the telephone."""

from __future__ import annotations

import secrets

# Without look-alikes (0 O, 1 l I) and without vowels, so that no word appears by chance.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
GROUPS, GROUP_LENGTH = 4, 4


def fresh_password() -> str:
    """Return such as ``k7qm-2xvd-h9rt-b4wn``: 76 random bits, used once."""
    groups = (
        "".join(secrets.choice(_ALPHABET) for _n in range(GROUP_LENGTH)) for _g in range(GROUPS)
    )
    return "-".join(groups)
