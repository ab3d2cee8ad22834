"""All settings, from the environment. The values a deployment sets are in env.py."""

import os
import secrets
from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.env import BASE_DIR, env
from config.postgresql import CONNECT_SECONDS
from config.storages.storage import (
    FILES,
    OVERWRITING,
    origin_of_pictures,
    shared_storages,
)
from disk.whole import made_once, only_for_owner


def secret_key(data_dir: Path) -> str:
    """Return the key from the environment, else one made at first start and kept."""
    if key := env("SECRET_KEY"):
        return str(key)
    return made_once(data_dir / "secret_key", secrets.token_urlsafe(50))


DATA_DIR = Path(env("DATA_DIR"))
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env("DEBUG")
SECRET_KEY = secret_key(DATA_DIR)
ALLOWED_HOSTS = env("ALLOWED_HOSTS")
HTTPS = env("HTTPS")

INSTALLED_APPS = [
    "staff.site_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "corsheaders",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "imagekit",
    "rest_framework",
    "treebeard",
    "staff",
    "access",
    "catalogue",
    "search",
    "demo",
]

MIDDLEWARE = [
    "config.requests.request_ids",
    "config.metrics.measured",
    "corsheaders.middleware.CorsMiddleware",
    "access.headers.rate_limit_headers",
    "config.problems.problems_under_api",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.headers.permissions_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.bodies.BoundedBodies",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.problems.SomethingAway",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# How long a page waits for PostgreSQL, set by config/wsgi.py. Workers and commands wait
# as long as it takes: a migration or the build of a gallery has statements of minutes.
DATABASE_SECONDS = env("DATABASE_SECONDS")
SERVES = DATABASE_SECONDS > 0

# Database. SQLite serves two web workers and keep_fresh together: readers never
# wait in WAL mode, and a writer takes its lock at the start of the transaction,
# so that two of them queue instead of failing half-way.
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(
        env("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # It holds names, sessions and passwords' digests. Files beside it follow it.
    only_for_owner(Path(DATABASES["default"]["NAME"]))
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"] |= {
        "ENGINE": "config.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": CONNECT_SECONDS if SERVES else 30,
            # A host that has vanished is noticed within a minute by workers too.
            "keepalives_idle": 20,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,  # milliseconds
            **DATABASES["default"].get("OPTIONS", {}),
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator")
]

# Celery. Without Redis a task runs where it is sent, and keep_fresh is its beat.
REDIS_URL = env("REDIS_URL")
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its log looks like all the others
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "uploads"
CELERY_TASK_ROUTES = {
    "catalogue.tasks.*": {"queue": "bulk"},
    "search.tasks.encode_missing": {"queue": "bulk"},
    "search.tasks.refresh_snapshot": {"queue": "bulk"},
    "search.tasks.fill_encoders": {"queue": "bulk"},
    "search.tasks.verify_gallery": {"queue": "bulk"},
    "search.tasks.find_duplicates": {"queue": "bulk"},
    "search.tasks.encode_texts": {"queue": "bulk"},
}
CELERY_BEAT_SCHEDULE = {
    # Each message expires before the next is sent: a busy queue never piles up.
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in (
        ("sweep", "search.tasks.sweep", 5.0),
        ("encode missing", "search.tasks.encode_missing", 20.0),
        ("refresh snapshot", "search.tasks.refresh_snapshot", 5.0),
        ("fill encoders", "search.tasks.fill_encoders", 10.0),
        ("verify gallery", "search.tasks.verify_gallery", 10.0),
        ("find duplicates", "search.tasks.find_duplicates", 10.0),
        ("sweep files", "catalogue.tasks.sweep_files", 600.0),
        ("encode texts", "search.tasks.encode_texts", 5.0),
        ("run imports", "catalogue.tasks.run_waiting_imports", 5.0),
        ("forget missed words", "search.tasks.forget_missed_words", 3600.0),
    )
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    # Who saves in admin waits for no more than this, a few times.
    "socket_timeout": 1 if SERVES else 5,
    "socket_connect_timeout": 1 if SERVES else 2,
}
# Saving in admin must not hang while the broker is away; the sweep will find it.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}

# Files. Product pictures and galleries are in DATA_DIR, or on what STORAGE_URL names;
# DATA_DIR/snapshots then has this host's copies.
STORAGE_URL = env("STORAGE_URL")
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": FILES},
    "thumbnails": {"BACKEND": FILES, "OPTIONS": OVERWRITING},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
    **shared_storages(STORAGE_URL, MEDIA_URL, read_seconds=5 if SERVES else 20),
}
FILE_UPLOAD_PERMISSIONS = 0o644
# Bounded by the size of what is sent (config/bodies.py). Staff delete thousands of
# rows at once, and each is a field of the page that asks whether they are sure.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100_000
DATA_UPLOAD_MAX_NUMBER_FILES = 300
IMAGEKIT_CACHEFILE_DIR = "thumbnails"
IMAGEKIT_DEFAULT_FILE_STORAGE = "thumbnails"
IMAGEKIT_SPEC_CACHEFILE_NAMER = "catalogue.media.thumbnails.name_of"

# Shop
CURRENCY = env("CURRENCY")
MAX_PHOTO_BYTES = env("MAX_PHOTO_MB") * 1024 * 1024
MAX_PHOTO_PIXELS = env("MAX_PHOTO_PIXELS")

# Photos to try the search with, and a manifest of which product each shows.
SAMPLE_PHOTOS = BASE_DIR / "demo" / "pictures" / "street"

# For Prometheus; empty: there is no /metrics.
METRICS_TOKEN = env("METRICS_TOKEN")

# Search
ENCODER = Path(env("ENCODER"))
SEARCH_INDEX = env("SEARCH_INDEX")
LEAST_RECALL = env("LEAST_RECALL")
SEARCH_ENGINE = env("SEARCH_ENGINE")
MILVUS_URL = env("MILVUS_URL")
if "MILVUS_URI" in os.environ:
    raise ImproperlyConfigured(
        "MILVUS_URI is MILVUS_URL now: Milvus' own client reads the old name, and "
        "refuses some of its values. Rename it, and unset the old one."
    )
SNAPSHOTS_DIR = DATA_DIR / "snapshots"
ENCODERS_DIR = DATA_DIR / "encoders"

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["access.authentication.ByKey"],
    "DEFAULT_THROTTLE_CLASSES": ["access.throttles.Throttle"],
    "NUM_PROXIES": env("PROXIES"),
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "config.schema.Schema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
API_RATE_ANONYMOUS = env("API_RATE_ANONYMOUS")
API_RATE_ADDRESS = env("API_RATE_ADDRESS")
API_RATE_KEY = env("API_RATE_KEY")
LOGIN_RATE = env("LOGIN_RATE")
CORS_ALLOWED_ORIGINS = env("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = [
    *("accept-language", "authorization", "content-type", "idempotency-key"),
    *("if-none-match", "if-range", "range", "x-request-id"),
]
CORS_EXPOSE_HEADERS = [
    *("ETag", "Content-Range", "RateLimit", "RateLimit-Policy", "Retry-After"),
    "X-Request-ID",
]
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "config.problems.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "config.problems.ProblemFormatter",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Semblance",
    "DESCRIPTION": "Find products by photo.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.schema.add_headers",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Languages
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True

# Security. HTTPS=1 says that a proxy in front speaks TLS and sets X-Forwarded-Proto.
SECURE_SSL_REDIRECT = HTTPS
# A monitor asks each process itself, past the proxy.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = (
    [
        f"https://{host.replace('.', '*.', 1) if host[0] == '.' else host}"
        for host in ALLOWED_HOSTS
    ]
    if HTTPS
    else []
)
X_FRAME_OPTIONS = "DENY"
# Nothing inline and no third party. A photo is shown from a data URL before it is sent.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *filter(None, [origin_of_pictures(STORAGE_URL)])],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"

# Logs: one line an event, JSON where a machine reads them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Plain: a rich traceback shows local variables, photos among them.
                structlog.dev.ConsoleRenderer(
                    colors=False, exception_formatter=structlog.dev.plain_traceback
                )
                if DEBUG or not HTTPS
                else structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
            ],
        }
    },
    "handlers": {
        "console": {
            "class": "config.logs.Unblocked" if SERVES else "logging.StreamHandler",
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Some tasks run every few seconds; that they succeed is no news.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # Tells at every start which instruction sets it looked for.
        "faiss": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
