"""From an upload in admin to the answer of a photo, on PostgreSQL, Redis and workers.

    python -m benchmarks.bench_freshness [--images 1000000] [--keep FOLDER]

A product with a picture is saved in admin; at once its photo is sent to the API, again
and again, until the product is the first answer. First with nothing else to do, then
while an import of 20,000 pictures runs, which is ended when enough was seen. Seconds
are counted from the moment in which the form is sent. The workers and beat are those of
the Procfile. With `--keep` the database is filled once and used again. Seed: the
pictures are drawn from numbers 0, 1, 2, …
"""

import argparse
import csv
import http.cookiejar
import io
import itertools
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.large import large_shop
from benchmarks.shop import BASE_DIR, Shop, percentile, save_result

UPLOADS = 10
UPLOADS_DURING = 25
SIDE = 800  # pixels of a picture
IMPORTED = 10_000  # products with two pictures each
FILES = 400  # which they share


def draw(seed: int) -> bytes:
    """Return a JPEG of rectangles in colours, different for each seed."""
    chance = np.random.default_rng(seed)
    pixels = np.empty((SIDE, SIDE, 3), np.uint8)
    pixels[:] = chance.integers(0, 256, 3)
    for _ in range(8):
        top, left = chance.integers(0, SIDE - 100, 2)
        height, width = chance.integers(80, SIDE, 2)
        pixels[top : top + height, left : left + width] = chance.integers(0, 256, 3)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=85)
    return out.getvalue()


class Staff:
    """Somebody at work in admin: a session that fills in forms."""

    def __init__(self, shop: Shop) -> None:
        self.base = f"http://127.0.0.1:{shop.port}"
        cookies = http.cookiejar.CookieJar()
        handler = urllib.request.HTTPCookieProcessor(cookies)
        self.opener = urllib.request.build_opener(handler)
        password = (shop.folder / "data" / "admin_password.txt").read_text().split()[-1]
        self.send(
            "/admin/login/?next=/admin/", {"username": "admin", "password": password}
        )

    def send(
        self, path: str, fields: dict[str, str], picture: bytes | None = None
    ) -> str:
        page = self.opener.open(self.base + path).read().decode()
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[:1]
        boundary = secrets.token_hex(16)
        parts = [
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {"csrfmiddlewaretoken": token, **fields}.items()
        ]
        if picture is not None:
            parts.append(
                f"--{boundary}\r\nContent-Disposition: form-data; "
                'name="new_pictures"; filename="a.jpg"\r\n\r\n'.encode()
                + picture
                + b"\r\n"
            )
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(self.base + path, body, headers)
        return self.opener.open(request).read().decode()

    def add_product(self, sku: str, category: str, picture: bytes) -> None:
        management = {"TOTAL": "0", "INITIAL": "0", "MIN_NUM": "0", "MAX_NUM": "1000"}
        answer = self.send(
            "/admin/catalogue/product/add/",
            {
                **{"name": sku, "sku": sku, "category": category, "price": "1"},
                **{"stock": "1", "active": "on", "_save": "Save"},
                **{f"images-{name}_FORMS": value for name, value in management.items()},
            },
            picture,
        )
        if "was added successfully" not in answer:
            raise RuntimeError(re.sub(r"<[^>]+>|\s+", " ", answer)[:2000])


def seconds_to_be_found(shop: Shop, staff: Staff, category: str, seed: int) -> float:
    picture = draw(seed)
    sku = f"upload-{secrets.token_hex(4)}"
    start = time.perf_counter()
    staff.add_product(sku, category, picture)
    while time.perf_counter() - start < 60:
        status, answer = shop.search(picture, limit="1")
        results = answer["results"] if status == 200 else []
        if results and results[0]["product"]["sku"] == sku:
            return time.perf_counter() - start
    raise RuntimeError(f"{sku} was not found within a minute")


def write_import(folder: Path) -> Path:
    for number in range(FILES):
        (folder / f"{number}.jpg").write_bytes(draw(10_000 + number))
    path, run = folder / "import.csv", secrets.token_hex(4)
    with path.open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["sku", "name", "category", "price", "images"])
        for number in range(IMPORTED):
            names = [f"{(2 * number + view) % FILES}.jpg" for view in (0, 1)]
            rows.writerow([f"{run}-{number}", "Thing", "Things", "1", ";".join(names)])
    return path


def workers(shop: Shop) -> None:
    celery = ("-m", "celery", "-A", "config")
    for queue in ("uploads", "bulk"):
        options = ("--pool", "solo", "--queues", queue, "--hostname", f"{queue}@%h")
        worker = shop.start(*celery, "worker", *options)
        if queue == "bulk":
            os.setpriority(os.PRIO_PROCESS, worker.pid, 10)  # as the Procfile has it
    schedule = str(shop.folder / "beat")
    shop.start(*celery, "beat", "--schedule", schedule, "--pidfile", "")


def measure(shop: Shop) -> dict[str, list[float]]:
    shop.manage("create_admin")
    shop.manage("build_snapshot")
    one = shop.folder / "one.csv"
    one.write_text("sku,name,category,price\nfirst,First,Things,1\n")
    shop.manage("import_catalogue", str(one))
    catalogue = write_import(shop.folder)
    workers(shop)
    shop.serve()
    shop.warm_up()
    staff = Staff(shop)
    page = staff.opener.open(staff.base + "/admin/catalogue/product/add/").read()
    (category,) = re.findall(r'<option value="(\d+)"[^>]*>\s*Things', page.decode())
    # Only a moment ago: what was uploaded before, to a database that is kept, is alike.
    seeds = itertools.count(int(time.time()))

    def found() -> float:
        return seconds_to_be_found(shop, staff, category, next(seeds))

    # The first also waits for the encoder to be loaded; it is not counted.
    found()
    idle = [found() for _ in range(UPLOADS)]
    command = ("manage.py", "import_catalogue", str(catalogue))
    importing = subprocess.Popen(
        ["nice", sys.executable, *command, "--images", str(shop.folder)],
        cwd=BASE_DIR,
        env=shop.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    during = []
    while importing.poll() is None and len(during) < UPLOADS_DURING:
        during.append(found())
    importing.terminate()
    importing.wait()
    return {"nothing else": idle, "during an import": during}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with large_shop(options.images, keep=options.keep) as shop:
        measured = measure(shop)
    result: dict[str, Any] = {"seed": 0, "images": options.images}
    for name, times in measured.items():
        row = {
            "uploads": len(times),
            "median_s": round(median(times), 2),
            "p95_s": round(percentile(times, 0.95), 2),
            "max_s": round(max(times), 2),
        }
        result[name] = row
        print(f"{name:20}", *(f"{key} {value:.2f}" for key, value in row.items()))
    print(save_result("freshness", result))


if __name__ == "__main__":
    main()
