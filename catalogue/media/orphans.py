"""Removal of picture files without a row, left by a process killed before its commit.

The storage has no transactions. So one of the 256 folders of pictures at a time is
compared with the rows, and files without a row are removed once they are a day old.
"""

import time
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from catalogue.models import ProductImage

log = structlog.get_logger()

FOLDERS = 256
SWEEP_SECONDS = 600.0  # between two folders: all 256 take 43 hours
# The picture of an import may wait that long for its commit.
MIN_AGE = timedelta(days=1)


def sweep(number: int) -> int:
    """Remove the orphans of this folder; return their number."""
    storage = ProductImage._meta.get_field("file").storage
    folder = f"products/{number:02x}"
    try:
        _, files = storage.listdir(folder)
    except FileNotFoundError:
        return 0
    rows = ProductImage.objects.filter(file__startswith=f"{folder}/")
    orphans = {f"{folder}/{file}" for file in files} - set(
        rows.values_list("file", flat=True)
    )
    old = [name for name in orphans if _is_old(storage.get_modified_time(name))]
    for name in old:
        storage.delete(name)
    if old:
        log.warning("orphans removed", folder=folder, files=len(old))
    return len(old)


def whose_turn() -> int:
    """Return the number of the folder to sweep now, equal on every host."""
    return int(time.time() / SWEEP_SECONDS) % FOLDERS


def _is_old(modified: datetime) -> bool:
    return modified < timezone.now() - MIN_AGE
