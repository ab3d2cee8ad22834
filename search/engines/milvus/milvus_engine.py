"""The engine of many machines: Milvus holds the codes."""

from hashing import Encoder
from search.engines.milvus import milvus_client, syncing
from search.engines.milvus.milvus_gallery import MilvusGallery
from search.errors import SearchUnavailable
from search.gallery.differences import Difference
from search.gallery.gallery import Gallery
from search.gallery.holder import Holder, Loaded
from search.gallery.rows import Rows
from search.models import Collection


class MilvusEngine:
    """Searches codes in Milvus; what changed since is held in each process."""

    def gallery(self, fingerprint: str) -> MilvusGallery:
        """Return what can be found now by the encoder with this fingerprint.

        Raises SearchUnavailable if Milvus holds no codes of it.
        """
        while True:
            version = _version_of(_collection(fingerprint))
            gallery = galleries.get(fingerprint, version=version)
            # Changes are forgotten once a collection has them: was it that one still?
            # Compared to None: a gallery without pictures is false.
            if gallery is not None and _version_of(_collection(fingerprint)) == version:
                return gallery

    def check(self) -> None:
        """Raise SearchUnavailable if Milvus does not answer."""
        milvus_client.check()

    def keep_up(self) -> None:
        """Take over what changed, for every encoder that has a collection."""
        syncing.keep_up()

    def prepare(self, encoder: Encoder) -> bool:
        """Fill the collection of this encoder; False if another process is at it."""
        return syncing.fill(encoder) is not None

    def recalibrate(self) -> Collection:
        """Fit the curves of the collection that serves. Raises SearchUnavailable."""
        return syncing.recalibrate()

    def can_roll_back(self) -> bool:
        """Return False: a collection has no version before it."""
        return False

    def forget(self, fingerprint: str) -> None:
        """Drop the collection of a retired encoder. Raises SearchUnavailable."""
        milvus_client.drop(milvus_client.name_of(fingerprint))
        Collection.objects.filter(encoder=fingerprint).delete()

    def differences(
        self, gallery: Gallery, stored: Rows, *, after: int, last: int | None
    ) -> list[Difference]:
        """Compare what Milvus holds of some images with what is stored."""
        return syncing.differences(gallery, stored, after=after, last=last)


def _load(fingerprint: str, held: MilvusGallery | None) -> Loaded[MilvusGallery]:
    collection = _collection(fingerprint)
    version = _version_of(collection)
    if held is not None and held.collection.position == collection.position:
        return held.with_collection(collection), version
    return MilvusGallery.of(collection), version


galleries = Holder(_load)


def _collection(fingerprint: str) -> Collection:
    collection = Collection.objects.filter(encoder=fingerprint).first()
    if collection is None:
        raise SearchUnavailable("Milvus does not hold this shop yet: sync_engine")
    return collection


def _version_of(collection: Collection) -> tuple[int, int, int, str]:
    return (
        collection.position,
        collection.moment,
        collection.images,
        str(collection.curves),
    )
