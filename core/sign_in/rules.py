"""What a browser calls itself, in words a person recognizes; what we call its session."""

from __future__ import annotations

import hashlib

# In this order: Edge and WeChat also call themselves Chrome, Chrome calls itself Safari.
_BROWSERS = (
    ("MicroMessenger/", "WeChat"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("QQBrowser/", "QQ Browser"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
PHONES = frozenset({"iPhone", "Android", "HarmonyOS"})


def device_of(user_agent: str) -> str:
    """Return such as ``Chrome · Windows``; empty when it says nothing we know."""
    words = (_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))
    return " · ".join(word for word in words if word)


def ref_of(session_key: str) -> str:
    """Return a name for a session that cannot be used as one."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


def is_phone(user_agent: str) -> bool:
    """Whether it is a device carried in a pocket."""
    return _first(_SYSTEMS, user_agent) in PHONES


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    for mark, name in table:
        if mark in user_agent:
            return name
    return ""
