"""Where codes are searched: in each process's own memory, or in Milvus.

SEARCH_ENGINE names the engine. Another one is a class with these methods and a line in
ENGINES.
"""

from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from hashing import Encoder
from search.encoders import registry
from search.gallery.differences import Difference
from search.gallery.gallery import Gallery
from search.gallery.rows import Rows
from search.models import Collection, Snapshot

EMBEDDED, MILVUS = "embedded", "milvus"
# Imported when first used: Milvus' client is an extra that most shops do without.
ENGINES = {
    EMBEDDED: "search.engines.embedded.EmbeddedEngine",
    MILVUS: "search.engines.milvus.milvus_engine.MilvusEngine",
}


class Engine(Protocol):
    """Holds the codes of every encoder in use, and answers which are nearest.

    Each method raises SearchUnavailable while the engine cannot answer.
    """

    def gallery(self, fingerprint: str) -> Gallery:
        """Return what can be found now by the encoder with this fingerprint."""
        ...

    def check(self) -> None:
        """Raise SearchUnavailable if the engine does not answer."""
        ...

    def keep_up(self) -> None:
        """Take over what changed; called every few seconds."""
        ...

    def prepare(self, encoder: Encoder) -> bool:
        """Make a gallery of this encoder; False if another process is at it."""
        ...

    def recalibrate(self) -> Snapshot | Collection:
        """Fit the curves of the gallery that serves, and return its row."""
        ...

    def can_roll_back(self) -> bool:
        """Return whether `roll_back` of snapshots would leave one to serve."""
        ...

    def forget(self, fingerprint: str) -> None:
        """Delete what is held of a retired encoder."""
        ...

    def differences(
        self, gallery: Gallery, stored: Rows, *, after: int, last: int | None
    ) -> list[Difference]:
        """Compare the images from `after` (exclusive) to `last` with what is stored."""
        ...


def engine() -> Engine:
    """Return the engine that SEARCH_ENGINE names."""
    return _engine(settings.SEARCH_ENGINE)


def current_gallery(fingerprint: str | None = None) -> Gallery:
    """Return what can be found as of the last commit.

    fingerprint: of an encoder that may have served until a moment ago; without, that
    of the one that serves. Raises SearchUnavailable.
    """
    return engine().gallery(fingerprint or registry.serving().fingerprint)


def forget(fingerprint: str) -> None:
    """Delete what any engine holds of a retired encoder. Raises SearchUnavailable."""
    _engine(EMBEDDED).forget(fingerprint)
    if Collection.objects.filter(encoder=fingerprint).exists():
        _engine(MILVUS).forget(fingerprint)


@cache
def _engine(name: str) -> Engine:
    made: Engine = import_string(ENGINES[name])()
    return made
