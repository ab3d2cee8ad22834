"""What a picture takes in the database, in a snapshot and in Milvus.

    unshare --net sh -c 'ip link set lo up && python -m benchmarks.bench_sizes'

IMAGES pictures with uniform codes (seed 0), two a product, on PostgreSQL and the real
Milvus 2.3.5: bytes and seconds of each. See bench_engines for the network of its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.bench_engines import hits, servers
from benchmarks.shop import BASE_DIR, Shop, save_result
from tests.milvus_server import MilvusServer
from tests.servers import PostgresServer

IMAGES = 100_000
ASKED = 50  # searches timed on each engine
CHANGED = 1000  # products carried over
TABLES = {
    "product": "catalogue_product",
    "picture": "catalogue_productimage",
    "code": "search_imagecode",
    "words": "search_producttext",
}


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
    with Shop(DATABASE_URL=postgres.url, MILVUS_URL=milvus.url) as shop:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.many", str(images)],
            cwd=BASE_DIR,
            env=shop.environment,
            check=True,
        )
        rows = in_postgresql(postgres.url, images)
        built = shop.manage("build_snapshot")
        snapshot = bytes_of(shop.folder / "data" / "snapshots")
        photo = (BASE_DIR / "demo/pictures/street").glob("*.jpg")
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
        keep = "from search.engines.engine import engine; engine().keep_up()"
        nothing = shop.manage("shell", "-c", "from search.engines.engine import engine")
        carried = shop.manage("shell", "-c", keep) - nothing
    figures = {
        **{f"PostgreSQL, {name}, bytes a picture": size for name, size in rows.items()},
        "snapshot, bytes a picture": snapshot / images,
        "Milvus, memory, bytes a picture": (after - memory) / images,
        "Milvus, disk, bytes a picture": (kept - disk) / images,
        "build_snapshot, s": built,
        "sync_engine, s": synced,
        "sync_engine again, s": again,
        f"{CHANGED} changed products carried over, s": carried,
        "search stage embedded, p50 ms": embedded["p50_ms"],
        "search stage on Milvus, p50 ms": distributed["p50_ms"],
    }
    table = [{"what": name, "measured": value} for name, value in figures.items()]
    return {"images": images, "table": table}


def main() -> None:
    images = int(os.environ.get("IMAGES", IMAGES))
    with servers() as (postgres, milvus):
        result = scale(postgres, milvus, images)
    print(result)
    print(save_result("sizes", {"seed": 0, **result}))


if __name__ == "__main__":
    main()
