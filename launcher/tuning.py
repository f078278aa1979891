"""PostgreSQL's settings for the three things we use it for, sized to the machine."""

import os
from collections.abc import Mapping

MEGABYTE = 1024 * 1024


def serving() -> Mapping[str, str]:
    """Durable and modest: several checkouts may run side by side on a laptop.

    Its log is for recovery alone: whoever wants a replica or backups to any second runs a
    PostgreSQL of their own.
    """
    return (
        _common()
        | _memory(share=16, at_most=512)
        | {"max_wal_size": "2GB", "wal_level": "minimal", "max_wal_senders": "0"}
    )


def testing() -> Mapping[str, str]:
    """Loses data when the machine dies, never when a process does.

    ``synchronous_commit`` stays on: fault tests stop PostgreSQL at once and count what they
    committed before. Nothing samples or sweeps tables at a moment of its own: a test's rows are
    rarely committed, and tables written down as many pages without a row lead the planner astray
    for minutes.
    """
    return _common() | {
        "fsync": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "2GB",
        "shared_buffers": "128MB",
        "max_connections": "120",
        "autovacuum": "off",
    }


def measuring() -> Mapping[str, str]:
    """What one would set on a server of its own, fsync included."""
    return _common() | _memory(share=4, at_most=4096) | {"max_wal_size": "8GB"}


def _common() -> dict[str, str]:
    return {
        "max_connections": "100",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "32",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_lock_waits": "on",
        "checkpoint_timeout": "15min",
    }


def _memory(*, share: int, at_most: int) -> dict[str, str]:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
    shared = max(128, min(total // share, at_most))
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(256, total // 2)}MB",
        "work_mem": f"{max(8, min(shared // 16, 64))}MB",
        "maintenance_work_mem": f"{max(64, min(shared // 2, 512))}MB",
    }
