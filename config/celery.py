"""The Celery app: the doorbell of work that is kept as rows."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("qunying")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
