"""One machine, started by ``script/server``: plain HTTP on the loopback address."""

from config import env

from .base import *  # noqa: F403

DEBUG = env.flag("DEBUG", default=False)
