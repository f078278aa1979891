"""The people who work for a demonstration brand, and how they sign in.

They share one password, which is drawn anew on every installation and kept in a file that only
this account reads: people switch between roles all day, and a hash takes a while to make.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.hashers import make_password

from core.staff.models import RoleGrant, Staff
from integrations.demo.plan import MAIN_BRAND

if TYPE_CHECKING:
    from core.organizations.models import Brand, Dealer, Region

OWNER = "owner"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# User name, name, role and where it holds.
PEOPLE = (
    ("admin", "林知夏", "hq_admin", "brand"),
    ("operator", "周子昂", "hq_operator", "brand"),
    ("reviewer", "许念安", "hq_reviewer", "brand"),
    ("region", "陈立川", "region_manager", "region"),
    ("dealer", "沈嘉禾", "dealer_manager", "dealer"),
    ("adviser", "何小满", "dealer_staff", "dealer"),
    ("analyst", "顾明远", "analyst", "brand"),
)


def secrets_file() -> Path:
    """Return where the passwords of this installation are kept."""
    return Path(settings.SECRETS_DIR) / "demo_logins.json"


def hire(*, brand: Brand, region: Region, dealer: Dealer) -> dict[str, str]:
    """Make one login per role and return the password by user name."""
    passwords: dict[str, str] = {}
    password = next(iter(read().values()), "") or new_password()
    sealed = make_password(password)
    for name, display_name, role, scope in PEOPLE:
        username = name if brand.code == MAIN_BRAND.code else f"{brand.code}.{name}"
        passwords[username] = password
        staff = Staff(brand=brand, username=username, display_name=display_name, password=sealed)
        staff.save(using=OWNER)
        RoleGrant.objects.using(OWNER).create(
            brand=brand,
            staff=staff,
            role=role,
            region=region if scope == "region" else None,
            dealer=dealer if scope == "dealer" else None,
        )
    return passwords


def new_password() -> str:
    """Return twelve characters that are easy to tell apart, about 59 bits."""
    drawn = [secrets.choice(ALPHABET) for _ in range(12)]
    return "-".join("".join(drawn[at : at + 4]) for at in (0, 4, 8))


def read() -> dict[str, str]:
    """Return the kept passwords by user name; none when there is no file."""
    try:
        kept: dict[str, str] = json.loads(secrets_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return kept


def keep(passwords: dict[str, str]) -> None:
    """Add passwords to the file, readable by this account alone; whole or not at all."""
    path = secrets_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    whole = read() | passwords
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(whole, file, ensure_ascii=False, indent=1)
    draft.replace(path)
