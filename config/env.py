"""Every setting that a deployment sets, with the default that suits `make run`.

docs/settings.md describes each; a test compares the two.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env(
    DEBUG=(bool, False),
    SECRET_KEY=(str, ""),
    ALLOWED_HOSTS=(list, ["127.0.0.1", "localhost", "[::1]"]),
    HTTPS=(bool, False),
    DATABASE_URL=(str, ""),
    DATABASE_SECONDS=(float, 0),
    REDIS_URL=(str, ""),
    STORAGE_URL=(str, ""),
    DATA_DIR=(str, str(BASE_DIR / "data")),
    ENCODER=(str, str(BASE_DIR / "hashing" / "shipped")),
    METRICS_TOKEN=(str, ""),
    SEARCH_INDEX=(str, "auto"),
    LEAST_RECALL=(float, 0.99),
    SEARCH_ENGINE=(str, "embedded"),
    MILVUS_URL=(str, ""),
    CURRENCY=(str, "EUR"),
    MAX_PHOTO_MB=(int, 20),
    MAX_PHOTO_PIXELS=(int, 50_000_000),
    API_RATE_ANONYMOUS=(str, "60/minute"),
    API_RATE_ADDRESS=(str, "300/minute"),
    API_RATE_KEY=(str, "6000/minute"),
    LOGIN_RATE=(str, "10/minute"),
    PROXIES=(int, 0),
    CORS_ALLOWED_ORIGINS=(list, []),
)
