"""A shop that moves from one encoder to another while it is searched without a pause.

    python -m benchmarks.bench_switch

gunicorn with two processes; CLIENTS clients send photos, one after the other, from the
beginning to the end. Meanwhile another encoder (another network file, another rotation,
seed 2) is added, filled at PACE pictures a second, verified and switched to; 100 more
products come in, and all of them must be found first by their own pictures; the shop
goes back, and all must be found again; at last the other encoder is retired. Every
answer is then compared with the codes in the database: each distance must be that
between codes of one encoder. Seed: pictures are drawn from numbers 0, 1, 2, …
"""

import csv
import itertools
import os
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.bench_freshness import draw
from benchmarks.shop import Shop, percentile, save_result
from tests.search.variants import another_network

PRODUCTS = 120
MORE = 100
CLIENTS = 3
PACE = 40
PHASE = 3.0  # seconds of searches between the steps, at least


def write_catalogue(folder: Path, numbers: range) -> Path:
    path = folder / f"{numbers.start}.csv"
    with path.open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["sku", "name", "category", "price", "images"])
        for number in numbers:
            (folder / f"{number}.jpg").write_bytes(draw(number))
            rows.writerow([f"p{number}", "Thing", "Things", "1", f"{number}.jpg"])
    return path


@dataclass
class Answers:
    """What the clients got."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def keep_asking(self, shop: Shop, photos: list[bytes], first: int) -> None:
        for number in itertools.count(first, CLIENTS):
            if self.stop.is_set():
                return
            start = time.perf_counter()
            try:
                status, answer = shop.search(photos[number % len(photos)], limit="50")
            except OSError as error:
                status, answer = 0, {"code": repr(error)}
            self.took.append(1000 * (time.perf_counter() - start))
            if status == 200:
                self.seen.append(answer)
            else:
                self.errors[f"{status} {answer.get('code')}"] += 1


def found_first(shop: Shop, numbers: range) -> int:
    """How many of these products are the first answer to their own picture."""
    found = 0
    for number in numbers:
        status, answer = shop.search(draw(number), limit="1")
        results = answer["results"] if status == 200 else []
        found += bool(results) and results[0]["product"]["sku"] == f"p{number}"
    return found


def codes_of(shop: Shop) -> dict[str, dict[int, bytes]]:
    """By encoder and image id, as the database has them."""
    codes: dict[str, dict[int, bytes]] = {}
    with sqlite3.connect(shop.folder / "data" / "db.sqlite3") as database:
        query = "SELECT encoder, image_id, code FROM search_imagecode"
        for encoder, image_id, code in database.execute(query):
            codes.setdefault(encoder, {})[image_id] = code
    return codes


def mixed(
    shop: Shop, seen: list[dict[str, Any]], codes: dict[str, dict[int, bytes]]
) -> int:
    """Answers in which a distance is not one between its own encoder's codes."""
    os.environ.update(shop.environment, DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()
    from django.core import signing
    from django.utils.http import urlsafe_base64_decode

    from hashing import load_encoder
    from search.answers.query import HEAD, SALT

    layers = {
        fingerprint: load_encoder(shop.folder / "data" / "encoders" / fingerprint).layer
        for fingerprint in codes
    }
    signer = signing.TimestampSigner(salt=SALT)
    wrong = 0
    for answer in seen:
        packed = urlsafe_base64_decode(signer.unsign(answer["query"]))
        encoder = packed[:8].hex()
        layer = layers[encoder]
        embedding = np.frombuffer(packed[HEAD : HEAD + layer.dim], np.int8)
        (query,) = layer.codes(embedding[np.newaxis])
        is_right = encoder in answer["gallery"]["snapshot"] and all(
            result["distance"]
            == np.bitwise_count(
                query ^ np.frombuffer(codes[encoder][result["image_id"]], np.uint8)
            ).sum()
            for result in answer["results"]
        )
        wrong += not is_right
    return wrong


def measure(shop: Shop, folder: Path) -> dict[str, Any]:
    images = ("--images", str(folder))
    shop.manage(
        "import_catalogue", str(write_catalogue(folder, range(PRODUCTS))), *images
    )
    shop.manage("encode_missing")
    shop.manage("build_snapshot")
    shop.serve()
    more = range(PRODUCTS, PRODUCTS + MORE)
    late = write_catalogue(folder, more)
    photos = [draw(number) for number in range(0, PRODUCTS, 4)]
    answers = Answers()
    clients = [
        threading.Thread(target=answers.keep_asking, args=(shop, photos, first))
        for first in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    row: dict[str, Any] = {}

    def step(name: str, *command: str) -> None:
        row[f"{name}_s"] = shop.manage(*command)
        time.sleep(PHASE)

    time.sleep(PHASE)
    other = str(another_network(folder / "other", name="other"))
    step("add", "add_encoder", other, "--pace", str(PACE))
    step("fill", "encode_missing")
    step("switch", "switch_encoder", "other")
    step("import", "import_catalogue", str(late), *images)
    row["found after the switch"] = found_first(shop, more)
    step("back", "switch_encoder", "--back")
    row["found after going back"] = found_first(shop, more)
    codes = codes_of(shop)
    compared = answers.seen.copy()
    wrong = mixed(shop, compared, codes)
    step("retire", "retire_encoder", "other")
    answers.stop.set()
    for client in clients:
        client.join()
    by = Counter(answer["gallery"]["snapshot"].split("-")[1] for answer in answers.seen)
    return {
        **row,
        "uploads": MORE,
        "searches": len(answers.took),
        "by encoder": dict(by),
        "errors": dict(answers.errors),
        "answers compared": len(compared),
        "answers with mixed codes": wrong,
        "p50_ms": median(answers.took),
        "p95_ms": percentile(answers.took, 0.95),
        "max_ms": max(answers.took),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Shop() as shop:
        row = measure(shop, Path(folder))
    for name, value in row.items():
        print(f"{name:28}{value}")
    print(save_result("switch", {"seed": 0, **row}))


if __name__ == "__main__":
    main()
