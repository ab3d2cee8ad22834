"""Choose the kind of index of a snapshot, by SEARCH_INDEX or by size."""

import structlog
from django.conf import settings

from hashing import CodeIndex, IndexKind, RecallTooLow
from search.gallery.rows import Rows

log = structlog.get_logger()

AUTO = "auto"
CHOICES = (AUTO, *IndexKind)
# Measured by benchmarks.bench_index: of clustered codes the lists are quicker from
# 100,000 on (.20 ms against .36), of a million 5 times; uniform ones they refuse. But a
# scan of all is exact. So lists are taken where it begins to take longer than encoding
# the photo does: 1.7 ms a million codes, beside 7 ms.
AUTO_IVF_IMAGES = 4_000_000
# Below, lists save nothing, and too few codes are left to measure a recall.
MIN_IVF_IMAGES = 20_000


def kind_for(images: int) -> IndexKind:
    """Return the kind of index for a snapshot of this many pictures."""
    least = AUTO_IVF_IMAGES if settings.SEARCH_INDEX == AUTO else MIN_IVF_IMAGES
    if settings.SEARCH_INDEX == IndexKind.FLAT or images < least:
        return IndexKind.FLAT
    return IndexKind.IVF


def build_index(rows: Rows) -> CodeIndex:
    """Build the index of these rows.

    Raises RecallTooLow where SEARCH_INDEX asks for lists that would lose too many
    neighbours; where it is `auto`, such a gallery gets a flat index.
    """
    try:
        return CodeIndex.build(
            rows.image_id,
            rows.codes,
            kind=kind_for(len(rows)),
            min_recall=settings.LEAST_RECALL,
        )
    except RecallTooLow as error:
        if settings.SEARCH_INDEX != AUTO:
            raise
        log.warning("all codes are searched", reason=str(error))
        return CodeIndex.build(rows.image_id, rows.codes)
