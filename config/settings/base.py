"""Settings shared by every environment. Values come from ``config.env``, never from here."""

from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from config import env

BASE_DIR = Path(__file__).resolve().parents[2]

SECRET_KEY = env.text("SECRET_KEY")
FIELD_KEYS = env.key_ring("FIELD_KEYS")
LOOKUP_KEY = env.key_bytes("LOOKUP_KEY")
DEBUG = False
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
# How many proxies of ours stand in front and append to X-Forwarded-For; 0 ignores the header.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, low=0, high=5)

# Of the web server, which reads them in config/gunicorn.conf.py; the worker's stand below.
WEB_PORT = env.number("PORT", 8000, low=1, high=65_535)
WEB_PROCESSES = env.number("WEB_CONCURRENCY", 2, low=1, high=128)
WEB_THREADS = env.number("WEB_THREADS", 8, low=1, high=128)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "axes",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "core",
    "members",
    "communities",
    "events",
    "integrations",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.kernel.transport.TransportMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last but one: everything above must work before the brand is known.
    "core.kernel.middleware.ViewerMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "core.context_processors.shell",
            ],
        },
    },
]

# Row-level security binds "default": that role owns no table and cannot bypass a policy.
# "owner" owns the tables; only migrations and the loading of demo data use it.
DATABASES = {
    "default": env.database("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
    "owner": env.database("DATABASE_OWNER_URL"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.redis_database(REDIS_URL, 1),
    },
}
RATES_URL = env.redis_database(REDIS_URL, 1)
CELERY_BROKER_URL = env.broker(REDIS_URL, 0)
CELERY_WORKER_CONCURRENCY = env.number("WORKER_CONCURRENCY", 2, low=1, high=128)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    # kombu sweeps unacknowledged messages every interval x throttle; see the ADR on the doorbell.
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TIMEZONE = "Asia/Shanghai"
# Rung once per brand: the rows that are due hold the work, so a lost bell costs seconds only.
# What is rung once a night waits for a worker, however many brands are before it: a bell that
# expired would be a day's work left undone.
UNTIL_HEARD = {"kwargs": {"expires": 6 * 3600}, "options": {"expires": 6 * 3600}}
CELERY_BEAT_SCHEDULE = {
    "sweep-idempotency-keys": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 3600.0,
        "args": ["core.idempotency.tasks.sweep_idempotency_keys"],
        **UNTIL_HEARD,
    },
    "remove-expired-tags": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 60.0,
        "args": ["members.tags.tasks.remove_expired_tags"],
    },
    "apply-tag-rules": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="3", minute="30"),
        "args": ["members.tags.tasks.apply_active_rules"],
        **UNTIL_HEARD,
    },
    "refresh-live-segments": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 15.0,
        "args": ["members.live.tasks.refresh_live_segments"],
    },
    "recompute-live-segments": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="0", minute="5"),
        "args": ["members.live.tasks.recompute_live_segments"],
        **UNTIL_HEARD,
    },
    "start-due-erasures": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 60.0,
        "args": ["members.erasure.tasks.start_due_erasures"],
    },
    "move-through-lifecycle": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="3", minute="0"),
        "args": ["members.lifecycle.tasks.move_nightly"],
        **UNTIL_HEARD,
    },
    "find-duplicate-members": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="1", minute="30"),
        "args": ["members.duplicates.tasks.find_nightly"],
        **UNTIL_HEARD,
    },
    "expire-points": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 300.0,
        "args": ["events.points.tasks.expire_points"],
    },
    "close-ended-communities": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 300.0,
        "args": ["communities.communities.tasks.close_ended"],
    },
    "count-tags": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 600.0,
        "args": ["members.tags.tasks.count_tags"],
    },
    "work-runs": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 5.0,
        "args": ["core.runs.tasks.work_runs"],
    },
    "anchor-audit-heads": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 60.0,
        "args": ["core.audit.tasks.anchor_head"],
    },
    "check-audit-chains": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="2", minute="40"),
        "args": ["core.audit.tasks.check_chain"],
        **UNTIL_HEARD,
    },
    "delete-expired-files": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="3,9,15,21", minute="10"),
        "args": ["core.files.tasks.delete_expired_files"],
        **UNTIL_HEARD,
    },
    "purge-by-retention": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": crontab(hour="4", minute="0"),
        "args": ["core.retention.tasks.purge_due"],
        **UNTIL_HEARD,
    },
    "lapse-export-requests": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 3600.0,
        "args": ["core.exports.tasks.lapse_export_requests"],
        **UNTIL_HEARD,
    },
    "clear-expired-sessions": {
        "task": "core.sign_in.tasks.clear_expired_sessions",
        "schedule": crontab(hour="3", minute="20"),
    },
    "check-invariants": {
        "task": "core.kernel.tasks.check_invariants",
        "schedule": crontab(hour="4", minute="30"),
    },
    "deliver-due": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 5.0,
        "args": ["communities.broadcasts.tasks.deliver_due"],
    },
    "reconcile-deliveries": {
        "task": "core.kernel.tasks.for_each_brand",
        "schedule": 60.0,
        "args": ["communities.broadcasts.tasks.reconcile_unknown"],
    },
}

AUTH_USER_MODEL = "core.Staff"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "core:sign-in"
LOGIN_REDIRECT_URL = "core:workbench"
LOGOUT_REDIRECT_URL = "core:sign-in"
SESSION_ENGINE = "core.staff.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # so that the stated waiting time is true
AXES_LOCKOUT_CALLABLE = "core.sign_in.console.locked_out"
AXES_CLIENT_IP_CALLABLE = "core.kernel.http.client_ip"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_AREAS = ["console", "core", "members", "communities", "events"]
LOCALE_PATHS = [BASE_DIR / "locale" / area for area in LOCALE_AREAS]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.kernel.vendor.VendorFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.kernel.static_storage.ConsoleStaticStorage"},
}
NODE_MODULES = BASE_DIR / "node_modules"
FILES_DIR = Path(env.text("FILES_DIR", str(BASE_DIR / "var" / "files")))
AUDIT_ANCHOR_DIR = Path(env.text("AUDIT_ANCHOR_DIR", str(BASE_DIR / "var" / "audit_anchor")))
SECRETS_DIR = Path(env.text("SECRETS_DIR", str(BASE_DIR / "var" / "secrets")))  # of demo logins
MEDIA_ROOT = FILES_DIR
# Bodies of JSON requests; uploads stream to disk and have limits of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
MAX_REQUEST_BYTES = 320 * 1024 * 1024  # the largest upload there is, with its form around it
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.kernel.authentication.ViewerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.kernel.authentication.HasPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["core.kernel.throttling.ViewerThrottle"],
    "DEFAULT_PARSER_CLASSES": ["core.kernel.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "core.kernel.openapi.OperationSchema",
    "DEFAULT_PAGINATION_CLASS": "core.kernel.paging.KeysetPagination",
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "core.kernel.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests a minute of one API key, one person, and one brand altogether.
API_RATES = {
    "key": env.number("API_RATE_PER_KEY", 600, low=1, high=1_000_000),
    "staff": env.number("API_RATE_PER_STAFF", 300, low=1, high=1_000_000),
    "brand": env.number("API_RATE_PER_BRAND", 1800, low=1, high=1_000_000),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Qunying API",
    "DESCRIPTION": (
        "Community operations for car brands. Errors are `application/problem+json`; lists are "
        "paged by `limit` and `cursor`; a POST with an `Idempotency-Key` takes effect once; "
        "asking too fast is answered 429 with `Retry-After`."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "BroadcastPurposeEnum": "communities.broadcasts.models.Broadcast.Purpose",
        "ConsentPurposeEnum": "members.privacy.models.Purpose",
        "CommunityKindEnum": "communities.policies.models.Kind",
        "StageEnum": "members.profiles.models.Stage",
        "RunStateEnum": "core.runs.models.Run.State",
        "MembershipRoleEnum": "communities.memberships.models.Membership.Role",
        "CustomFieldKindEnum": "members.custom_fields.models.CustomField.Kind",
        "IdentityKindEnum": "members.identities.models.Identity.Kind",
        "EventKindEnum": "events.calendar.models.Kind",
        "PointsKindEnum": "events.points.models.Kind",
        "PostedPointsKindEnum": "events.points.api.POSTED",
        "EventStateEnum": "events.calendar.models.Event.State",
        "RegistrationStateEnum": "events.registrations.models.Registration.State",
        "RegistrationSourceEnum": "events.registrations.models.Registration.Source",
        "ServiceVisitKindEnum": "members.vehicles.models.ServiceVisit.Kind",
    },
}

# The adapters behind communities.broadcasts.ports.RoomChannel, by channel name.
ROOM_CHANNELS = {"in_app": "communities.chat.channel.InAppChannel"}

# A killed worker's deliveries are taken over after the lease; it outlasts sending a batch.
DELIVERY_LEASE = timedelta(seconds=env.number("DELIVERY_LEASE_SECONDS", 15, low=1, high=600))
DELIVERY_BATCH = env.number("DELIVERY_BATCH", 200, low=1, high=2000)

# Where tests may kill or freeze a process; see core.kernel.faults. Only test settings arm any.
FAULT_POINTS = ""

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", among={"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "class": "core.kernel.logs.OneLineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
