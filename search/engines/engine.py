"""Where codes are searched: in each process's own memory, or in Milvus.

SEARCH_ENGINE says which. What differs between the two begins here and in
`gallery.current`. The modules for Milvus are imported where they are used, since their
client is an extra that most shops do without.
"""

from django.conf import settings

from hashing import Encoder
from search.encoders import registry
from search.errors import SearchUnavailable
from search.gallery import snapshots
from search.models import Collection, Snapshot

EMBEDDED, MILVUS = "embedded", "milvus"
ENGINES = (EMBEDDED, MILVUS)


def keep_up() -> None:
    """Every few seconds: the next snapshot if it is due; what changed, to Milvus.

    Raises SearchUnavailable while Milvus does not answer.
    """
    if settings.SEARCH_ENGINE == EMBEDDED:
        snapshots.build_if_due()
        return
    from search.engines.milvus import syncing

    syncing.keep_up()


def prepare(encoder: Encoder) -> bool:
    """A gallery of it as of now; False if another process is building one."""
    if settings.SEARCH_ENGINE == EMBEDDED:
        return snapshots.build(encoder) is not None
    from search.engines.milvus import syncing

    return syncing.fill(encoder) is not None


def calibrate_again() -> Snapshot | Collection:
    """The gallery that serves, its curves fitted anew. Raises SearchUnavailable."""
    if settings.SEARCH_ENGINE == EMBEDDED:
        return snapshots.calibrate_again()
    from search.engines.milvus import syncing

    return syncing.calibrate_again()


def can_roll_back() -> bool:
    """Whether there is a snapshot that serves, and one before it. For admin."""
    if settings.SEARCH_ENGINE != EMBEDDED:
        return False
    try:
        fingerprint = registry.serving().fingerprint
    except SearchUnavailable:
        return False
    return Snapshot.objects.serving(fingerprint)[1:].exists()


def check() -> None:
    """Raises SearchUnavailable if what searches does not answer."""
    if settings.SEARCH_ENGINE == MILVUS:
        from search.engines.milvus import milvus_client

        milvus_client.check()


def forget(fingerprint: str) -> None:
    """Take a retired encoder's galleries away. Raises SearchUnavailable."""
    Snapshot.objects.filter(encoder=fingerprint).delete()
    snapshots.sweep_if_free()
    held = Collection.objects.filter(encoder=fingerprint)
    if held.exists():
        from search.engines.milvus import milvus_client

        milvus_client.drop(milvus_client.name_of(fingerprint))
        held.delete()


def encoders_with_gallery() -> set[str]:
    """Fingerprints of those whose galleries must hear of a new code."""
    galleries = (Snapshot.objects, Collection.objects)
    return {row for each in galleries for row in each.values_list("encoder", flat=True)}
