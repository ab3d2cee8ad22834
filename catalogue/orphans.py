"""Picture files without a row: left by who was killed between storing and commit.

The storage knows no transactions. So what it has is compared with the rows, one of the
256 folders of pictures at a time, and what nobody has is removed once it is a day old.
"""

import time
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from catalogue.models import ProductImage

log = structlog.get_logger()

FOLDERS = 256
EVERY = 600.0  # seconds: once round in 43 hours
AGE = timedelta(days=1)  # a picture of an import may wait that long for its commit


def sweep(number: int) -> int:
    """Remove the orphans of this folder; returns how many."""
    storage = ProductImage._meta.get_field("file").storage
    folder = f"products/{number:02x}"
    try:
        _, files = storage.listdir(folder)
    except FileNotFoundError:
        return 0
    rows = ProductImage.objects.filter(file__startswith=f"{folder}/")
    lost = {f"{folder}/{file}" for file in files} - set(
        rows.values_list("file", flat=True)
    )
    old = [name for name in lost if _is_old(storage.get_modified_time(name))]
    for name in old:
        storage.delete(name)
    if old:
        log.warning("orphans removed", folder=folder, files=len(old))
    return len(old)


def whose_turn() -> int:
    """The folder to sweep now, for every host the same."""
    return int(time.time() / EVERY) % FOLDERS


def _is_old(modified: datetime) -> bool:
    return modified < timezone.now() - AGE
