"""The settings of the shop, made fit for tests.

Nothing of the developer counts: neither the environment nor ./data. Each process of
a test run has a folder of its own; the one that was first removes them all.
TEST_DATABASE=postgresql|sqlite says where the tests run (conftest.py starts it).
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config.env import env

# In memory where there is room: thousands of small files are synced to their disk.
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30  # bytes


def memory() -> Path | None:
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    return MEMORY if fits else None


if "SEMBLANCE_TEST_DIR" not in os.environ:
    folder = tempfile.mkdtemp(prefix="semblance-tests-", dir=memory())
    # PostgreSQL refuses to run as root, and its stand-in must get through.
    Path(folder).chmod(0o711)
    os.environ["SEMBLANCE_TEST_DIR"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

TEST_DIR = Path(os.environ["SEMBLANCE_TEST_DIR"])
TEST_DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
PROCESS_DIR = TEST_DIR / os.environ.get("PYTEST_XDIST_WORKER", "main")
PROCESS_DIR.mkdir(exist_ok=True)

for name in env.scheme:
    os.environ.pop(name, None)
os.environ["DATA_DIR"] = str(PROCESS_DIR / "data")
os.environ["SECRET_KEY"] = "only-for-tests-" + 40 * "x"
if TEST_DATABASE == "postgresql":
    os.environ["DATABASE_URL"] = "postgresql://postgres@127.0.0.1:1/semblance"

from config.settings import *  # noqa: E402, F403
from config.settings import DATA_DIR, DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

# A file, not memory, so that several processes can share it.
if TEST_DATABASE == "sqlite":
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
STATIC_ROOT.mkdir(exist_ok=True)

# A test asks as often as it likes, unless it is about that.
API_RATE_ANONYMOUS = API_RATE_ADDRESS = API_RATE_KEY = LOGIN_RATE = ""

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
