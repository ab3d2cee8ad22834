"""Many clients at a large shop: alone, while its snapshot is rebuilt, while it imports.

    python -m benchmarks.bench_load [--images 1000000] [--clients 4] [--keep FOLDER]
    python -m benchmarks.bench_load --compare

PostgreSQL, gunicorn and the clients share this machine's cores. Photos are JPEGs of
1024 pixels, each of another picture; the limit is 20 results. An answer is an error
unless its status is 200 and its page full. Rebuild and import are niced as workers
are. `--compare` serves alone by several numbers of processes, threads and clients.
With `--keep` the database is filled once and used again. Seed: photos are drawn by
their number.
"""

import argparse
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.large import large_shop
from benchmarks.shop import BASE_DIR, Shop, load_result, percentile, save_result

PHOTOS = 40
SIDE = 1024
LEAST_S = 15.0  # of each phase
COMPARED_S = 6.0  # of each way to serve
# Processes, threads of each, clients.
WAYS = (
    *((1, 4, 4), (2, 1, 4), (2, 2, 4), (2, 4, 4), (2, 8, 8)),
    *((3, 2, 6), (4, 1, 4), (4, 2, 8)),
)


def photo(seed: int) -> bytes:
    """Return a JPEG of soft shapes with some noise, as large in bytes as a photo."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (24, 24, 3), np.uint8))
    pixels = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.int16)
    noisy = pixels + chance.integers(-6, 7, pixels.shape)
    out = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=85)
    return out.getvalue()


class Clients:
    """So many at once, each sending one photo after another."""

    def __init__(self, shop: Shop, photos: list[bytes], clients: int) -> None:
        self.shop, self.photos = shop, photos
        self.clients = clients

    def run(self, is_over: Any, least: float = LEAST_S) -> dict[str, Any]:
        """Until `is_over()`, and for some seconds at least."""
        self.took: list[float] = []
        self.errors: list[str] = []
        start = time.perf_counter()
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._client, args=(number, stop))
            for number in range(self.clients)
        ]
        for thread in threads:
            thread.start()
        while time.perf_counter() - start < least or not is_over():
            time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        milliseconds = [1000 * each for each in self.took]
        return {
            "seconds": round(seconds, 1),
            "requests a second": round(len(self.took) / seconds, 1),
            "p50 ms": round(median(milliseconds), 1),
            "p95 ms": round(percentile(milliseconds, 0.95), 1),
            "max ms": round(max(milliseconds), 1),
            "errors": len(self.errors),
            "first error": self.errors[0] if self.errors else "",
        }

    def _client(self, number: int, stop: threading.Event) -> None:
        turn = number
        while not stop.is_set():
            start = time.perf_counter()
            try:
                status, answer = self.shop.search(self.photos[turn % PHOTOS])
                if status != 200 or len(answer["results"]) != 20:
                    self.errors.append(f"{status}: {str(answer)[:200]}")
            except OSError as error:
                self.errors.append(repr(error))
            self.took.append(time.perf_counter() - start)
            turn += self.clients


def write_import(folder: Path, products: int) -> Path:
    """Products of one picture each, small ones: the work is that of encoding."""
    lines = ["sku,name,category,price,images"]
    for number in range(products):
        chance = np.random.default_rng(50_000 + number)
        small = Image.fromarray(chance.integers(0, 256, (12, 12, 3), np.uint8))
        small.resize((640, 640), Image.Resampling.BICUBIC).save(
            folder / f"{number}.jpg"
        )
        lines.append(f"new-{number},New {number},Category 1,1,{number}.jpg")
    path = folder / "import.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def niced(shop: Shop, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["nice", "-n", "10", sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=shop.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measure(shop: Shop, clients: int) -> dict[str, Any]:
    build = shop.manage("build_snapshot")
    print(f"built in {build:.1f} s", flush=True)
    workers(shop)
    shop.serve()
    crowd = Clients(shop, [photo(seed) for seed in range(PHOTOS)], clients)
    shop.warm_up()
    crowd.run(lambda: True, 3.0)
    found: dict[str, Any] = {"alone": crowd.run(lambda: True)}
    report("alone", found["alone"])
    building = niced(shop, "build_snapshot")
    found["during a rebuild"] = crowd.run(lambda: building.poll() is not None, 1.0)
    report("during a rebuild", found["during a rebuild"])
    folder = shop.folder / "import"
    folder.mkdir()
    path = write_import(folder, 300)
    importing = niced(shop, "import_catalogue", str(path), "--images", str(folder))
    found["during an import"] = crowd.run(lambda: importing.poll() is not None)
    report("during an import", found["during an import"])
    return found


def compare(shop: Shop, images: int) -> list[dict[str, Any]]:
    """Several ways to serve, each alone."""
    shop.manage("build_snapshot")
    photos = [photo(seed) for seed in range(PHOTOS)]
    rows = []
    for processes, threads, clients in WAYS:
        shop.serve(processes, "--threads", str(threads))
        shop.warm_up()
        crowd = Clients(shop, photos, clients)
        crowd.run(lambda: True, 2.0)
        found = crowd.run(lambda: True, COMPARED_S)
        way = {"processes": processes, "threads": threads, "clients": clients}
        rows.append({"images": images, **way})
        rows[-1] |= found
        report("", rows[-1])
        shop.stop()
    return rows


def workers(shop: Shop) -> None:
    """As the Procfile has them."""
    celery = ("-m", "celery", "-A", "config", "worker", "--pool", "solo")
    for queue in ("uploads", "bulk"):
        worker = shop.start(*celery, "--queues", queue, "--hostname", f"{queue}@%h")
        if queue == "bulk":
            os.setpriority(os.PRIO_PROCESS, worker.pid, 10)


def report(name: str, row: dict[str, Any]) -> None:
    print(f"{name:18}", *(f"{key} {value}" for key, value in row.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with large_shop(options.images, keep=options.keep) as shop:
        if options.compare:
            found: dict[str, Any] = {"ways to serve": compare(shop, options.images)}
        else:
            header = {"seed": 0, "images": options.images, "clients": options.clients}
            found = {**header, "rows": measure(shop, options.clients)}
    print(save_result("load", {**load_result("load"), **found}))


if __name__ == "__main__":
    main()
