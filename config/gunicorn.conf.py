"""The web server: few processes, some threads each. script/server and compose both use it.

Start it by ``python -m config.checked gunicorn …``: gunicorn itself reads WEB_CONCURRENCY earlier.
"""

# ruff: noqa: N999 - the name gunicorn looks for
import os
from pathlib import Path
from typing import Any

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

bind = f"0.0.0.0:{settings.WEB_PORT}"
worker_class = "gthread"
workers = settings.WEB_PROCESSES
threads = settings.WEB_THREADS
# Imported once, shared by all processes; the product opens no connection while it is imported.
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 5
# Pages differ in size by three orders of magnitude; a fresh process now and then keeps memory flat.
max_requests = 20_000
max_requests_jitter = 2_000
# Heartbeats go to memory: on a busy disk a slow write would look like a dead worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
accesslog = os.environ.get("ACCESS_LOG") or None
errorlog = "-"
loglevel = settings.LOG_LEVEL.lower()
control_socket_disable = True


def when_ready(_server: Any) -> None:
    """Called once the product is imported, before the first process is made."""
    from config.readiness import get_ready  # noqa: PLC0415  (not before the product is imported)

    get_ready()
