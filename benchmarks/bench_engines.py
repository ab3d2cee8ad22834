"""A shop moved from memory to Milvus and back.

    unshare --net sh -c 'ip link set lo up && python -m benchmarks.bench_engines'

On PostgreSQL and the real Milvus 2.3.5 (`make test-milvus` installs it), whose parts
listen on every interface: hence the network of its own. The shop has the 81 groceries;
all 296 validation photos are asked before the move, after it, and back again, and every
fourth also with a filter. Equal scores may change places. Nothing is random.
"""

import csv
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bench_grocery import TAR, write_catalogue
from benchmarks.shop import Shop, percentile, save_result
from tests.milvus_server import MilvusServer, reason_not_to_start
from tests.servers import PostgresServer

FILTERED = 4  # of so many photos, one is also asked with a filter

Hits = list[tuple[float, int, str]]  # similarity, distance, sku


def hits(shop: Shop, photos: list[bytes], **fields: str) -> tuple[list[Hits], Any]:
    """Of each photo; and the milliseconds of the search's own stage."""
    found, took = [], []
    for photo in photos:
        status, answer = shop.search(photo, limit="50", **fields)
        if status != 200:
            raise RuntimeError(f"{status}: {answer}")
        results = answer["results"]
        found.append(
            [(r["similarity"], r["distance"], r["product"]["sku"]) for r in results]
        )
        took.append(answer["stages"]["search"])
    return found, {"p50_ms": median(took), "p95_ms": percentile(took, 0.95)}


def same(one: list[Hits], other: list[Hits]) -> int:
    """Photos with the same hits; equal similarities in any order."""
    return sum(sorted(a) == sorted(b) for a, b in zip(one, other, strict=True))


def photos_of(folder: Path) -> list[bytes]:
    with (folder / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    return [(folder / row["path"]).read_bytes() for row in rows]


def move_there_and_back(postgres: PostgresServer, milvus: MilvusServer) -> Any:
    here = {"DATABASE_URL": postgres.url, "MILVUS_URL": milvus.url}
    with Shop(**here) as shop:
        with tarfile.open(TAR) as tar:
            tar.extractall(shop.folder, filter="data")
        catalogue = write_catalogue(shop.folder)
        images = ("--images", str(shop.folder))
        shop.manage("import_catalogue", str(catalogue), *images)
        photos = photos_of(shop.folder)
        answers, stages = {}, {}
        for name, engine, command in (
            ("before", "embedded", "build_snapshot"),
            ("on Milvus", "milvus", "sync_engine"),
            ("back", "embedded", "build_snapshot"),
        ):
            shop.manage(command)
            shop.environment["SEARCH_ENGINE"] = engine
            shop.serve()
            every, stages[name] = hits(shop, photos)
            some = photos[::FILTERED]
            limited, _ = hits(shop, some, in_stock="true", max_price="1.00")
            answers[name] = every + limited
            shop.stop()
    asked = len(answers["before"])
    table = [
        {
            "engine": name,
            "same hits as before": f"{same(answers['before'], found)} of {asked}",
            "search stage p50 ms": stages[name]["p50_ms"],
            "search stage p95 ms": stages[name]["p95_ms"],
        }
        for name, found in answers.items()
    ]
    return {"photos": len(photos), "table": table}


def main() -> None:
    with servers() as (postgres, milvus):
        result = move_there_and_back(postgres, milvus)
    print(result)
    print(save_result("engines", {"seed": 0, **result}))


@contextmanager
def servers() -> Iterator[tuple[PostgresServer, MilvusServer]]:
    """PostgreSQL and Milvus, where that may be started."""
    if reason := reason_not_to_start():
        sys.exit(reason)
    with (
        tempfile.TemporaryDirectory(prefix="semblance-bench-") as first,
        tempfile.TemporaryDirectory(prefix="semblance-bench-") as second,
    ):
        Path(first).chmod(0o711)  # PostgreSQL runs as another user
        with (
            PostgresServer(Path(first)) as postgres,
            MilvusServer(Path(second)) as milvus,
        ):
            yield postgres, milvus


if __name__ == "__main__":
    main()
