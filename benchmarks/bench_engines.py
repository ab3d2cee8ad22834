"""A shop moved from memory to Milvus and back, and what each costs.

    unshare --net sh -c 'ip link set lo up && python -m benchmarks.bench_engines'

On PostgreSQL and the real Milvus 2.3.5 (`make test-milvus` installs it), whose parts
listen on every interface: hence the network of its own. First the 81 groceries: all 296
validation photos are asked before the move, after it, and back again, with and without
a filter; equal scores may change places. Then IMAGES pictures with uniform codes (seed
0): bytes and seconds of each engine.
"""

import csv
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import psycopg

from benchmarks.bench_grocery import TAR, write_catalogue
from benchmarks.shop import BASE_DIR, Shop, percentile, save_result
from tests.milvus_server import MilvusServer, reason_not_to_start
from tests.servers import PostgresServer

IMAGES = 200_000
ASKED = 200  # searches timed on each engine
CHANGED = 1000  # products carried over
TABLES = {
    "product": "catalogue_product",
    "picture": "catalogue_productimage",
    "code": "search_imagecode",
}

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
    here = {"DATABASE_URL": postgres.url, "MILVUS_URI": milvus.url}
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
            limited, _ = hits(shop, photos, in_stock="true", max_price="1.00")
            answers[name] = every + limited
            shop.stop()
    row = {
        "photos": len(photos),
        "searches": len(answers["before"]),
        "same on Milvus": same(answers["before"], answers["on Milvus"]),
        "same back again": same(answers["before"], answers["back"]),
        "search stage": stages,
    }
    print(row)
    return row


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def in_postgresql(url: str, images: int) -> dict[str, float]:
    """Bytes a picture, indexes included."""
    with psycopg.connect(url) as client:
        client.execute("COMMIT")
        sizes = {
            name: client.execute(
                "SELECT pg_total_relation_size(%s)", [table]
            ).fetchone()
            for name, table in TABLES.items()
        }
    return {name: size[0] / images for name, size in sizes.items() if size}


def timed_engine(shop: Shop, photo: bytes) -> Any:
    shop.serve()
    hits(shop, [photo] * 10)
    _, took = hits(shop, [photo] * ASKED)
    shop.stop()
    return took


def scale(postgres: PostgresServer, milvus: MilvusServer, images: int) -> Any:
    server = psutil.Process(milvus.process.pid)
    memory, disk = server.memory_info().rss, bytes_of(milvus.folder / "data")
    with Shop(DATABASE_URL=postgres.url, MILVUS_URI=milvus.url) as shop:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.many", str(images)],
            cwd=BASE_DIR,
            env=shop.environment,
            check=True,
        )
        filled = time.perf_counter() - start
        rows = in_postgresql(postgres.url, images)
        built = shop.manage("build_snapshot")
        snapshot = bytes_of(shop.folder / "data" / "snapshots")
        photo = (BASE_DIR / "catalogue/demo/pictures/street").glob("*.jpg")
        content = next(photo).read_bytes()
        embedded = timed_engine(shop, content)
        synced = shop.manage("sync_engine")
        again = shop.manage("sync_engine")
        after, kept = server.memory_info().rss, bytes_of(milvus.folder / "data")
        shop.environment["SEARCH_ENGINE"] = "milvus"
        distributed = timed_engine(shop, content)
        change = (
            "from catalogue.models import Product as P;"
            f"P.objects.filter(pk__in=list(P.objects.values_list('pk', flat=True)"
            f"[:{CHANGED}])).update(stock=99)"
        )
        shop.manage("shell", "-c", change)
        keep = "from search import engine; engine.keep_up()"
        nothing = shop.manage("shell", "-c", "from search import engine")
        carried = shop.manage("shell", "-c", keep) - nothing
    return {
        "images": images,
        "filled_s": filled,
        "postgresql bytes a picture": rows,
        "snapshot": {"bytes a picture": snapshot / images, "build_s": built},
        "milvus": {
            "memory bytes a picture": (after - memory) / images,
            "disk bytes a picture": (kept - disk) / images,
            "sync_s": synced,
            "compare_s": again,
            f"carry {CHANGED} products_s": carried,
        },
        "search stage": {"embedded": embedded, "milvus": distributed},
    }


def main() -> None:
    if reason := reason_not_to_start():
        sys.exit(reason)
    images = int(os.environ.get("IMAGES", IMAGES))
    result: dict[str, Any] = {"seed": 0}
    for name, measure in (
        ("grocery", move_there_and_back),
        ("scale", lambda *servers: scale(*servers, images)),
    ):
        folders = [Path(tempfile.mkdtemp(prefix="semblance-bench-")) for _ in range(2)]
        folders[0].chmod(0o711)
        with PostgresServer(folders[0]) as postgres, MilvusServer(folders[1]) as milvus:
            result[name] = measure(postgres, milvus)
    print(result)
    print(save_result("engines", result))


if __name__ == "__main__":
    main()
