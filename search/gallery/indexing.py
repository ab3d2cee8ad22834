"""Which kind of index a snapshot gets: SEARCH_INDEX says, or its size does."""

import structlog
from django.conf import settings

from hashing import CodeIndex, Kind, RecallTooLow
from search.gallery.rows import Rows

log = structlog.get_logger()

AUTO = "auto"
CHOICES = (AUTO, *Kind)
# Measured by benchmarks.bench_index: of clustered codes the lists are quicker from
# 100,000 on (.20 ms against .36), of a million 5 times; uniform ones they refuse. But a
# scan of all is exact. So lists are taken where it begins to take longer than encoding
# the photo does: 1.7 ms a million codes, beside 7 ms.
IVF_ABOVE = 4_000_000
# Below, lists save nothing, and a recall could not be told from few codes.
LEAST_FOR_IVF = 20_000


def kind_for(images: int) -> Kind:
    """For a snapshot of so many pictures."""
    least = IVF_ABOVE if settings.SEARCH_INDEX == AUTO else LEAST_FOR_IVF
    if settings.SEARCH_INDEX == Kind.FLAT or images < least:
        return Kind.FLAT
    return Kind.IVF


def build_index(found: Rows) -> CodeIndex:
    """Raises RecallTooLow where SEARCH_INDEX asks for lists that would lose too much.

    Where it leaves the choice, such a gallery is searched whole.
    """
    try:
        return CodeIndex.build(
            found.image_id,
            found.codes,
            kind=kind_for(len(found)),
            least_recall=settings.LEAST_RECALL,
        )
    except RecallTooLow as error:
        if settings.SEARCH_INDEX != AUTO:
            raise
        log.warning("all codes are searched", reason=str(error))
        return CodeIndex.build(found.image_id, found.codes)
