"""A large gallery from PostgreSQL to one that serves, and what it takes to serve it.

    python -m benchmarks.bench_rebuild [--images 1000000] [--keep FOLDER]

`build_snapshot` is run as a command, from its start to its end: once alone, and once
while shoppers search. They ask with the embeddings of pictures of the shop, so that
each answer is known: it is wrong unless that picture's product comes first, at no
distance. How soon every process goes over to the new snapshot is the time from its row
in the database to the last answer of the one before. What a process needs is taken from
one that loads the gallery and has searched it, less what it took before. With `--keep`
the database is filled once and used again. Seed 0.
"""

import argparse
import base64
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.large import embeddings, large_shop
from benchmarks.shop import BASE_DIR, Shop, percentile, save_result
from hashing import SHIPPED, load_encoder

ASKED = 200  # pictures
SHOPPERS = 6
NEWEST = "SELECT name FROM search_snapshot ORDER BY id DESC LIMIT 1"

FOOTPRINT = """
import django, os, json
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
import numpy as np
from search.engines.engine import current_gallery
from search.encoders.registry import encoder
from search.answers.query import Query
def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "Private_Dirty" in line) * 1024
query = Query(encoder().fingerprint, np.ones(encoder().card.dim, np.int8))
query.codes
before = private()
now = current_gallery()
now.search(query, 200).with_cosines(query.embedding, None)
taken = private() - before
files = Path(os.environ["DATA_DIR"]).glob(f"snapshots/{now.name}/**/*")
mapped = sum(file.stat().st_size for file in files if file.is_file())
print(json.dumps({"private": taken / len(now), "mapped": mapped / len(now)}))
"""


class Shoppers:
    """Some who search all the time, and note what was answered when."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.stop = shop, threading.Event()
        self.took: list[float] = []
        self.wrong: list[str] = []
        self.seen: list[tuple[float, str]] = []  # when asked, and by which snapshot
        encoder = load_encoder(SHIPPED)
        vectors = embeddings(0, ASKED, encoder.card.dim)
        self.bodies = [
            {
                "encoder": encoder.fingerprint,
                "code": base64.b64encode(code.tobytes()).decode(),
                "embedding": base64.b64encode(vector.tobytes()).decode(),
            }
            for vector, code in zip(vectors, encoder.layer.codes(vectors), strict=True)
        ]
        self.threads = [
            threading.Thread(target=self._ask, args=(number,))
            for number in range(SHOPPERS)
        ]

    def __enter__(self) -> "Shoppers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _ask(self, number: int) -> None:
        while not self.stop.is_set():
            number = (number + SHOPPERS) % ASKED
            start = time.time()
            try:
                status, answer = self.shop.post(
                    "/api/v1/search/code/?limit=1", self.bodies[number]
                )
                best = answer["results"][0] if status == 200 else {}
                if (best.get("image_id"), best.get("distance")) != (number + 1, 0):
                    self.wrong.append(f"{status}: {str(answer)[:200]}")
                else:
                    self.seen.append((start, answer["gallery"]["snapshot"]))
            except (OSError, IndexError) as error:
                self.wrong.append(repr(error))
            self.took.append(time.time() - start)


def build(shop: Shop) -> tuple[float, float]:
    """Seconds that the command took; and when its row was there, on the clock."""
    with psycopg.connect(shop.environment["DATABASE_URL"], autocommit=True) as database:
        before = database.execute(NEWEST).fetchone()
        start = time.perf_counter()
        command = [sys.executable, "manage.py", "build_snapshot"]
        building = subprocess.Popen(
            ["nice", "-n", "10", *command],
            cwd=BASE_DIR,
            env=shop.environment,
            stdout=subprocess.DEVNULL,
        )
        published = 0.0
        while building.poll() is None:
            if not published and database.execute(NEWEST).fetchone() != before:
                published = time.time()
            time.sleep(0.02)
        if building.returncode:
            raise RuntimeError("build_snapshot failed")
        return time.perf_counter() - start, published


def measure(shop: Shop) -> dict[str, Any]:
    alone, _ = build(shop)
    print(f"alone {alone:.1f} s", flush=True)
    shop.serve()
    shop.warm_up()
    with Shoppers(shop) as shoppers:
        time.sleep(3)
        asked = len(shoppers.took)
        busy, published = build(shop)
        time.sleep(4)
    newest = shoppers.seen[-1][1]
    of_old = [when for when, name in shoppers.seen if name != newest]
    shop.stop()
    command = [sys.executable, "-c", FOOTPRINT]
    footprint = subprocess.run(
        command, cwd=BASE_DIR, env=shop.environment, capture_output=True, check=True
    )
    during = shoppers.took[asked:]
    return {
        "alone s": round(alone, 1),
        "while shoppers search s": round(busy, 1),
        "searches meanwhile": len(during),
        "p95 of them ms": round(1000 * percentile(during, 0.95), 1),
        "failed or wrong": len(shoppers.wrong),
        "first wrong": shoppers.wrong[0] if shoppers.wrong else "",
        "taken over by every process after s": round(
            max(0.0, max(of_old, default=0.0) - published), 2
        ),
        **{
            f"{name} bytes a code": round(value, 1)
            for name, value in json.loads(footprint.stdout).items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with large_shop(options.images, keep=options.keep) as shop:
        found = measure(shop)
    for name, value in found.items():
        print(f"{name:40} {value}")
    print(save_result("rebuild", {"seed": 0, "images": options.images, **found}))


if __name__ == "__main__":
    main()
