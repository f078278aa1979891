"""The test runner's settings: the same product, with fast passwords and a plain static store."""

from config import env

from .base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
# Test processes share a Redis but not their brands: tests of the limits set their own.
API_RATES = dict.fromkeys(API_RATES, 1_000_000)
FAULT_POINTS = env.text("FAULT_POINTS", "")
