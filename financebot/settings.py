"""The one settings file: everything comes from the environment (and `.env`), read strictly."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from financebot import __version__
from financebot.api import logs, security_schemes
from financebot.common import env

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_dotenv(BASE_DIR / ".env")

APP_ENV = env.choice("APP_ENV", "development", ["development", "test", "production"])
PRODUCTION = APP_ENV == "production"
DEMO = env.flag("DEMO", default=APP_ENV == "development")  # whether `make run` fills an empty database with families
DEBUG = False
DATA = Path(env.text("FINANCEBOT_DATA", str(BASE_DIR / "var")))
DATA.mkdir(parents=True, exist_ok=True)

SECRETS_MADE_IN = None if PRODUCTION else DATA / "secrets"
SECRET_KEY = env.secret("SECRET_KEY", made_in=SECRETS_MADE_IN)
JWT_SECRET_KEY = env.secret("JWT_SECRET_KEY", made_in=SECRETS_MADE_IN)
JWT_SECRET_KEY_PREVIOUS = env.optional_secret("JWT_SECRET_KEY_PREVIOUS")  # while tokens that it signed still live
JWT_PRIVATE_KEY = env.optional_secret("JWT_PRIVATE_KEY")  # PEM: RSA signs RS256, Ed25519 signs EdDSA, instead of HS256
JWT_PREVIOUS_PUBLIC_KEY = env.optional_secret("JWT_PREVIOUS_PUBLIC_KEY")
HMAC_SECRET_KEY = env.secret("HMAC_SECRET_KEY", made_in=SECRETS_MADE_IN)  # of the client `telegram_bot`
ENCRYPTION_KEY = env.secret("ENCRYPTION_KEY", made_in=SECRETS_MADE_IN)
ENCRYPTION_KEY_PREVIOUS = env.optional_secret("ENCRYPTION_KEY_PREVIOUS")  # while `rotate_encryption_key` has not run
SEAL_KEY = env.secret("SEAL_KEY", made_in=SECRETS_MADE_IN)  # of the seals on the events; kept apart from the database

REQUIRE_HMAC_VERIFICATION = env.flag("REQUIRE_HMAC_VERIFICATION", default=PRODUCTION)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS") or ([] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
PORT = env.integer("PORT", 8000, least=1, most=65535)
PUBLIC_URL = env.origin(  # where the links of letters lead
    "PUBLIC_URL",
    f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if PRODUCTION and ALLOWED_HOSTS else f"http://127.0.0.1:{PORT}",
)
TELEGRAM_BOT_USERNAME = env.telegram_name("TELEGRAM_BOT_USERNAME")  # for links that open a chat with the bot
STREAM_PORT = env.integer("STREAM_PORT", PORT + 1, least=1, most=65535)
STREAM_URL = env.origin(  # where WebSockets are opened; a proxy that ends TLS leads this path there
    "STREAM_URL",
    PUBLIC_URL.replace("http", "ws", 1) if PRODUCTION else f"ws://127.0.0.1:{STREAM_PORT}",
    scheme="ws",
)
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = env.names("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-request-id",
    "x-device-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotent-Replay",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
]
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0, least=0, most=5)

INSTALLED_APPS = [
    "financebot.api",  # before the libraries whose templates it replaces
    "financebot.apps.OfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "rest_framework",
    "audit",
    "accounts",
    "families",
    "ledger",
    "delivery",
    "demo",
    "financebot.apps.ProjectConfig",
]

MIDDLEWARE = [
    "financebot.middleware.trace.TraceMiddleware",
    "financebot.middleware.access_log.AccessLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "financebot.middleware.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # after what static files need too
    "corsheaders.middleware.CorsMiddleware",
    "financebot.middleware.body_size.BodySizeMiddleware",
    "financebot.middleware.concurrency.ConcurrencyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
BODY_SIZE_MAX = 1_000_000  # bytes

ROOT_URLCONF = "financebot.urls"
WSGI_APPLICATION = "financebot.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Waits for a lock end after 5 s; Django answers 503 then, nothing written.
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{DATA / 'financebot.sqlite3'}")
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)}
DATABASE = DATABASES["default"]
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["ENGINE"] = "financebot.common.sqlite3"  # the same, with a fair wait for the one writer
    DATABASE["OPTIONS"] = {
        "timeout": 5,
        "transaction_mode": "IMMEDIATE",
        # recursive_triggers: without it REPLACE deletes rows past the triggers that forbid it
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
        "PRAGMA recursive_triggers=ON;",
    }
elif DATABASE["ENGINE"] == "django.db.backends.postgresql":
    DATABASE["OPTIONS"] = {**DATABASE.get("OPTIONS", {}), "options": "-c lock_timeout=5000 -c jit=off"}
else:
    raise ImproperlyConfigured("DATABASE_URL must start with postgres:// or sqlite:///")

REDIS_URL = env.text("REDIS_URL")
WEB_WORKERS = env.integer("WEB_WORKERS", 1, least=1, most=64)
CONCURRENCY_LIMIT = env.integer("CONCURRENCY_LIMIT", 60, least=1, most=10_000)  # requests that work or wait
DB_CONCURRENCY = env.integer("DB_CONCURRENCY", 8, least=1, most=1000)  # of which so many work, half of them writing
CALLER_CONCURRENCY = 20  # of one caller, in one process
RATE_LIMITS = env.flag("RATE_LIMITS", default=True)  # never lockout, nor tries at codes
CACHES: dict[str, dict[str, object]] = {
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},  # while the shared one is gone
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},
    }
    if REDIS_URL
    else {"BACKEND": "financebot.common.cache.SqliteCache", "LOCATION": str(DATA / "cache.sqlite3")},
}

BROKER = DATA / "broker"
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {"visibility_timeout": 300}
if CELERY_BROKER_URL.startswith("filesystem:"):
    BROKER.mkdir(mode=0o700, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER),
        "data_folder_out": str(BROKER),
        "control_folder": str(BROKER / "control"),
        "store_processed": False,
        "polling_interval": 0.25,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA / "beat-schedule")
# Each is safe to run twice and looks at rows: a message that is lost costs one turn. `expires`: none piles up.
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": every, "options": {"expires": every}}
    for name, every in {
        "delivery.deliver": 15,
        "audit.seal_events": 60,
        "ledger.expire_pending": 600,
        "api.purge_idempotency_keys": 3600,
        "accounts.end_week": 3600,
        "accounts.purge": 86_400,
        "audit.purge_access_log": 86_400,
    }.items()
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "first_name", "last_name"]},
    },
]
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # its rows are read by `families.access`, never by `user.has_perm`
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/api/v1/users/me"
LOGOUT_REDIRECT_URL = "/login"

REGISTRATION_MODE = env.choice("REGISTRATION_MODE", "open", ["open", "invite"])
EMAIL_VERIFICATION = env.choice(
    "EMAIL_VERIFICATION", "required" if PRODUCTION else "optional", ["off", "optional", "required"]
)
OAUTH = {
    "google": env.OAuthClient(
        env.text("OAUTH_GOOGLE_CLIENT_ID"),
        env.optional_secret("OAUTH_GOOGLE_CLIENT_SECRET"),
        env.url("OAUTH_GOOGLE_AUTHORIZE_URL", "https://accounts.google.com/o/oauth2/v2/auth"),
        env.url("OAUTH_GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"),
        env.url("OAUTH_GOOGLE_API_URL", "https://openidconnect.googleapis.com/v1"),
    ),
    "github": env.OAuthClient(
        env.text("OAUTH_GITHUB_CLIENT_ID"),
        env.optional_secret("OAUTH_GITHUB_CLIENT_SECRET"),
        env.url("OAUTH_GITHUB_AUTHORIZE_URL", "https://github.com/login/oauth/authorize"),
        env.url("OAUTH_GITHUB_TOKEN_URL", "https://github.com/login/oauth/access_token"),
        env.url("OAUTH_GITHUB_API_URL", "https://api.github.com"),
    ),
}
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(days=30)
SERVICE_TOKEN_LIFETIME = timedelta(days=365)
SESSION_IDLE = timedelta(days=7)
ADMIN_REQUIRE_2FA = env.flag("ADMIN_REQUIRE_2FA", default=False)
STEP_UP_LIFETIME = timedelta(minutes=10)
CLIENT_SECRET_OVERLAP = timedelta(hours=24)
SIMPLE_JWT = {
    "SIGNING_KEY": None,  # `accounts.tokens.KeyedBackend` asks `accounts.keys`; the library's own can sign nothing
    "ISSUER": "financebot",
    "AUDIENCE": "financebot-api",
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": SESSION_LIFETIME,
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "typ",
    "AUTH_TOKEN_CLASSES": ["accounts.tokens.AccessToken", "accounts.tokens.ServiceAccess"],
    "UPDATE_LAST_LOGIN": False,
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "accounts.permissions.PersonPermission",
        "families.permissions.FamilyPermission",
        "families.permissions.StepUp",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["financebot.api.limits.CallerThrottle"],
    "DEFAULT_PARSER_CLASSES": ["financebot.api.parsers.WireParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "financebot.api.renderers.WireRenderer",
        "financebot.api.renderers.PageRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "financebot.api.renderers.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "financebot.api.schema.CallSchema",
    "EXCEPTION_HANDLER": "financebot.api.problems.answer",
    "UNAUTHENTICATED_USER": None,
    "NON_FIELD_ERRORS_KEY": "body",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIGNATURE_CHECK = "accounts.signatures.admit"
SPECTACULAR_SETTINGS = {
    "TITLE": "FinanceBot",
    "DESCRIPTION": "A self-hosted ledger for a household.",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "APPEND_COMPONENTS": {"securitySchemes": security_schemes.SCHEMES},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "PermissionEnum": "families.serializers.PERMISSIONS",
        "CurrencyEnum": "financebot.api.serializers.CURRENCY_CODES",
    },
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF, "'unsafe-inline'"],  # Swagger UI and ReDoc write style attributes
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

MAIL_SERVER = env.mail_server("EMAIL_URL")
EMAIL_BACKEND = "delivery.mailbox.EmailBackend"  # a file for each letter
if MAIL_SERVER:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.host, MAIL_SERVER.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SERVER.scheme == "smtp+tls", MAIL_SERVER.scheme == "smtps"
EMAIL_TIMEOUT = 10  # seconds; it is tried again
HOST = urlsplit(PUBLIC_URL).hostname if PRODUCTION else "localhost"
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"FinanceBot <financebot@{HOST}>")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("ru", _("Russian")), ("uk", _("Ukrainian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA / "static"  # for `collectstatic`; without it the finders serve
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False

SESSION_ENGINE = "accounts.browser_sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
DEVICE_COOKIE_NAME = "__Host-device" if PRODUCTION else "device"
OAUTH_COOKIE_NAME = "__Host-oauth" if PRODUCTION else "oauth"
DEVICE_COOKIE_AGE = timedelta(days=400)  # as long as browsers keep one
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(SESSION_IDLE.total_seconds())
CSRF_COOKIE_HTTPONLY = False  # the browsable API's own script sends it back in a header
SECURE_SSL_REDIRECT = PRODUCTION and TRUSTED_PROXY_COUNT == 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "financebot.api.problems.csrf_failed"

ACCESS_LOG_DAYS = 90
ACCESS_LOG_THREAD = True
IDEMPOTENCY_HOURS = 24

SECURITY_LOG = env.text("SECURITY_LOG", str(DATA / "log" / "security.jsonl"))  # or stdout
if SECURITY_LOG != "stdout":
    Path(SECURITY_LOG).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
LOGGING = logs.configuration(
    level=env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"]),
    form=env.choice("LOG_FORMAT", "text", ["text", "json"]),
    security=SECURITY_LOG,
)
