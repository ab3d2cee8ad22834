"""The client of Milvus, imported by this module alone.

A collection holds the codes of one encoder, and beside each the fields that filters
read (search.engines.milvus.milvus_rows). It returns ids of pictures; all else about
them is in the database.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import NamedTuple

import grpc
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.client.ts_utils import get_collection_ts

from hashing import Codes
from outages.pause import Pause
from search.engines.milvus import lite
from search.engines.milvus.milvus_rows import NUMBERS, all_of, as_entities, expression
from search.errors import SearchUnavailable
from search.gallery.filters import Filters
from search.gallery.rows import Rows
from search.models import Collection

SEARCH_TIMEOUT = 2.0  # seconds
WRITE_TIMEOUT = 60.0

NEVER = 2**31 - 1  # milliseconds: gRPC's largest

MAX_HITS = 16_384  # that Milvus returns
EXTRA_HITS = 32  # requested beyond twice k, to see past ties


class HeldRow(NamedTuple):
    """What a collection holds of a picture: `state` is a digest of its row."""

    product_id: int
    state: int


_lock = Lock()
_client: MilvusClient | None = None
_loaded: set[str] = set()
_pause = Pause(2)


def name_of(encoder: str) -> str:
    """Return the name of the collection of this encoder, given its fingerprint."""
    return Collection(encoder=encoder).name


def create(name: str, *, n_bits: int) -> None:
    """Create an empty collection unless there is one. Raises SearchUnavailable."""
    with _asking(WRITE_TIMEOUT) as client:
        if client.has_collection(name, timeout=WRITE_TIMEOUT):
            return
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        for column in NUMBERS:
            schema.add_field(column, DataType.INT64, is_primary=column == "id")
        schema.add_field("in_stock", DataType.BOOL)
        schema.add_field("code", DataType.BINARY_VECTOR, dim=n_bits)
        index = client.prepare_index_params()
        index.add_index("code", index_type="BIN_FLAT", metric_type="HAMMING")
        if not _is_file(settings.MILVUS_URL):
            index.add_index("product_id", index_type="STL_SORT")
        client.create_collection(
            name, schema=schema, index_params=index, timeout=WRITE_TIMEOUT
        )


def exists(name: str) -> bool:
    """Return whether Milvus has this collection. Raises SearchUnavailable."""
    with _asking() as client:
        return bool(client.has_collection(name, timeout=SEARCH_TIMEOUT))


def check() -> None:
    """Raise SearchUnavailable unless Milvus answers."""
    with _asking() as client:
        client.list_collections(timeout=SEARCH_TIMEOUT)


def drop(name: str) -> None:
    with _asking(WRITE_TIMEOUT) as client:
        client.drop_collection(name, timeout=WRITE_TIMEOUT)
        _loaded.discard(name)


def write(name: str, rows: Rows) -> None:
    """Insert these rows, in place of those that are held of their pictures."""
    entities = as_entities(rows)
    if entities:
        with _asking(WRITE_TIMEOUT, name) as client:
            client.upsert(name, entities, timeout=WRITE_TIMEOUT)


def remove(name: str, image_ids: Sequence[int]) -> None:
    if image_ids:
        with _asking(WRITE_TIMEOUT, name) as client:
            client.delete(name, ids=list(image_ids), timeout=WRITE_TIMEOUT)


def settle(name: str) -> int:
    """Wait until all that was written can be hits, and return that moment.

    A search that names the moment misses none of our writes.
    """
    with _asking(WRITE_TIMEOUT, name) as client:
        _held(client, name, "id < 0", level="Strong")
        connection = client._get_connection()  # the client itself does not tell
        return int(get_collection_ts(name, connection.server_address) or 0)


def held_of_images(name: str, *, after: int, last: int | None) -> dict[int, HeldRow]:
    """Return what is held of the images from `after` (exclusive) to `last`, by id."""
    upto = "" if last is None else f" and id <= {last}"
    with _asking(WRITE_TIMEOUT, name) as client:
        return _held(client, name, f"id > {after}{upto}")


def held_of_products(name: str, product_ids: Sequence[int]) -> dict[int, HeldRow]:
    with _asking(WRITE_TIMEOUT, name) as client:
        return _held(client, name, f"product_id in {list(product_ids)}")


def nearest(
    name: str,
    code: Codes,
    k: int,
    *,
    filters: Filters,
    without: Set[int],
    moment: int,
) -> list[int]:
    """Return image ids that include the k nearest to the code (1, bytes).

    They are in any order, allowed by the filters, of no product in `without`, and
    include all that was written up to the moment; ties go by image id. At most
    MAX_HITS. Raises SearchUnavailable.
    """
    k = min(k, MAX_HITS)
    where = expression(filters, without)
    if k == 0 or filters.categories == frozenset():
        return []
    with _asking(name=name) as client:
        scan = partial(_scan, client, name, code, moment)
        for limit in (min(MAX_HITS, 2 * k + EXTRA_HITS), MAX_HITS):
            hits = scan(where, limit)
            if len(hits) < limit or hits[k - 1].distance < hits[-1].distance:
                return _upto(hits, hits[:k][-1].distance) if hits else []
        if k == MAX_HITS:
            return [hit.image_id for hit in hits]
        return _first_of_equals(scan, where, hits, k)


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget the connection; calls that use it finish."""
    _forget_connection()
    _pause.end()


class _Hit(NamedTuple):
    image_id: int
    distance: int


_Scan = Callable[[str, int], list[_Hit]]


def _scan(  # noqa: PLR0913
    client: MilvusClient, name: str, code: Codes, moment: int, where: str, limit: int
) -> list[_Hit]:
    """Return up to `limit` hits, nearest first; ties at the end are cut arbitrarily."""
    (hits,) = client.search(
        name,
        data=[code.tobytes()],
        anns_field="code",
        filter=where,
        limit=limit,
        search_params={"metric_type": "HAMMING"},
        consistency_level="Customized",
        guarantee_timestamp=max(1, moment),  # 0 would ask for the newest, and wait
        timeout=SEARCH_TIMEOUT,
    )
    return [_Hit(int(hit["id"]), int(hit["distance"])) for hit in hits]


def _upto(hits: Iterable[_Hit], distance: int) -> list[int]:
    return [hit.image_id for hit in hits if hit.distance <= distance]


def _first_of_equals(scan: _Scan, where: str, hits: list[_Hit], k: int) -> list[int]:
    """Return the k nearest where more than MAX_HITS tie with the k-th.

    Those with the lowest ids are hits by bisecting the range of ids until it holds k
    of them, and no more than Milvus returns.
    """
    distance = hits[k - 1].distance
    low, high = 0, max(hit.image_id for hit in hits)
    last = high
    while True:
        some = scan(all_of(where, f"id <= {last}"), MAX_HITS)
        is_all = len(some) < MAX_HITS or some[-1].distance > distance
        nearest_ids = _upto(some, distance)
        if is_all and len(nearest_ids) >= k:
            return nearest_ids
        low, high = (last, high) if is_all else (low, last)
        last = (low + high) // 2


def _held(
    client: MilvusClient, name: str, where: str, *, level: str = "Session"
) -> dict[int, HeldRow]:
    """Query rows, with all that this process wrote; at level Strong, all writes."""
    rows = client.query(
        name,
        filter=where,
        output_fields=["id", "product_id", "state"],
        consistency_level=level,
        timeout=WRITE_TIMEOUT,
    )
    return {
        int(row["id"]): HeldRow(int(row["product_id"]), int(row["state"]))
        for row in rows
    }


def connect(uri: str, *, timeout: float) -> MilvusClient:
    """Connect to Milvus, or to Milvus Lite on a file.

    Raises MilvusException; SearchUnavailable where Milvus Lite cannot be started.
    """
    if not _is_file(uri):
        return MilvusClient(uri, timeout=timeout)
    # Milvus Lite hangs up on a client that asks every 10 s whether it is there.
    options = {"grpc.keepalive_time_ms": NEVER}
    return MilvusClient(lite.address_of(uri), timeout=timeout, grpc_options=options)


@contextmanager
def _asking(
    timeout: float = SEARCH_TIMEOUT, name: str | None = None
) -> Iterator[MilvusClient]:
    """Yield the connection, with this collection loaded. Raises SearchUnavailable."""
    if _pause.is_on():
        raise SearchUnavailable("Milvus did not answer a moment ago")
    try:
        client = _connected()
        if name is not None and name not in _loaded:
            # One that takes longer goes on loading there, and the next asks again.
            client.load_collection(name, timeout=timeout)
            _loaded.add(name)
        yield client
    except SearchUnavailable:
        _pause.begin()
        raise
    except (MilvusException, grpc.RpcError) as error:
        _forget_connection()
        _pause.begin()
        raise SearchUnavailable(f"Milvus cannot answer: {error}") from error
    _pause.end()


def _forget_connection() -> None:
    global _client  # noqa: PLW0603
    _client = None
    _loaded.clear()


def _connected() -> MilvusClient:
    """Return this process's connection, made after the fork and after failures."""
    global _client  # noqa: PLW0603
    with _lock:
        if _client is None:
            _client = connect(settings.MILVUS_URL, timeout=SEARCH_TIMEOUT)
        return _client


def _is_file(uri: str) -> bool:
    """Return whether it is a file of Milvus Lite, which has no index for numbers."""
    return uri.endswith(".db")
