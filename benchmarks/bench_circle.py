"""A grocery shop that learns from its own pictures, by commands alone.

    python -m benchmarks.bench_circle [TWIN]

81 products by CSV, a catalogue picture each; the encoder that serves is a twin of the
shipped one that never saw a grocery. Then, as docs/training.md tells an operator:
export the shop's pictures, with eight phone photos of each product (of the train part);
train; add the encoder, fill it, switch to it, and go back. From the addition to the end
CLIENTS clients search without a pause. Figures are hits of 296 validation photos, sent
to the running shop: nobody learned from those. Seconds are those of a machine that did
other work too. TWIN: a folder with that encoder, else it is made.
"""

import csv
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.bench_grocery import TAR, write_catalogue
from benchmarks.bench_own_shop import PHOTOS_PER_PRODUCT, make_twin
from benchmarks.bench_switch import Answers
from benchmarks.shop import BASE_DIR, Shop, percentile, save_result
from hashing import load_encoder

CLIENTS = 1
RECIPE = """
name = "own"
set = "{folder}/training"
licence = "MIT, Klasson, Zhang, Kjellström, WACV 2019"
out = "{folder}/own"
start = "{twin}"
mode = "kind"
"""


class Operator:
    """Runs commands in a shop's environment, and notes what they took and said."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.commands: list[dict[str, Any]] = []

    def run(self, *command: str) -> None:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *command],
            cwd=BASE_DIR,
            env=self.shop.environment,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
        written = " ".join(command).replace(str(self.shop.folder), "DIR")
        said = done.stdout.replace(str(self.shop.folder), "DIR").strip()
        print(f"$ python {written}\n{said}", flush=True)
        row = {"command": f"python {written}", "seconds": round(seconds, 1)}
        self.commands.append(row | {"says": said})

    def manage(self, *command: str) -> None:
        self.run("manage.py", *command)


def put_photos(folder: Path) -> None:
    """Return some of the train part, in a folder for each product."""
    taken: Counter[str] = Counter()
    for row in _rows(folder):
        sku = row["product_id"]
        if row["split"] == "train" and taken[sku] < PHOTOS_PER_PRODUCT:
            taken[sku] += 1
            own = folder / "photos" / sku
            own.mkdir(parents=True, exist_ok=True)
            photo = folder / row["path"]
            (own / photo.name).write_bytes(photo.read_bytes())


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def ask(shop: Shop, when: str) -> dict[str, Any]:
    """Hits of every validation photo now, and which encoder answered."""
    hits: list[tuple[bool, bool]] = []
    by: Counter[str] = Counter()
    for row in _rows(shop.folder):
        if row["split"] != "val":
            continue
        status, answer = shop.search((shop.folder / row["path"]).read_bytes())
        if status != 200:
            raise RuntimeError(f"{row['path']}: {status} {answer}")
        skus = [result["product"]["sku"] for result in answer["results"][:5]]
        hits.append((skus[0] == row["product_id"], row["product_id"] in skus))
        by[answer["gallery"]["snapshot"].split("-")[1]] += 1
    first, fifth = (mean(column) for column in zip(*hits, strict=True))
    found = {"hit@1": round(first, 4), "hit@5": round(fifth, 4), "photos": len(hits)}
    row = {"when": when, **found, "encoder": ", ".join(by)}
    print(row, flush=True)
    return row


def go_round(shop: Shop, twin: Path) -> dict[str, Any]:
    operator = Operator(shop)
    images = ("--images", str(shop.folder))
    catalogue = str(write_catalogue(shop.folder))
    operator.manage("import_catalogue", catalogue, *images)
    operator.manage("build_snapshot")
    shop.serve()
    rows = [ask(shop, "before")]
    training = str(shop.folder / "training")
    photos = ("--photos", str(shop.folder / "photos"))
    operator.manage("export_training_images", training, *photos)
    recipe = shop.folder / "own.toml"
    recipe.write_text(RECIPE.format(folder=shop.folder, twin=twin))
    operator.run("-m", "hashing", "train", str(recipe))
    asked = sorted((shop.folder / "photos").rglob("*.jpg"))[::8]
    answers = Answers()
    contents = [photo.read_bytes() for photo in asked]
    clients = [
        threading.Thread(target=answers.keep_asking, args=(shop, contents, first))
        for first in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        operator.manage("add_encoder", str(shop.folder / "own"))
        operator.manage("encode_missing")
        operator.manage("switch_encoder", "own")
        rows.append(ask(shop, "after the switch"))
        operator.manage("switch_encoder", "--back")
        rows.append(ask(shop, "after going back"))
    finally:
        answers.stop.set()
        for client in clients:
            client.join()
    by = Counter(answer["gallery"]["snapshot"].split("-")[1] for answer in answers.seen)
    steady = {
        "searches": len(answers.took),
        "errors": sum(answers.errors.values()),
        **{f"answered by {name}": count for name, count in by.items()},
        "p50_ms": median(answers.took),
        "p95_ms": percentile(answers.took, 0.95),
        "max_ms": max(answers.took),
    }
    print(steady, dict(answers.errors))
    return {
        "rows": rows,
        "steady searches meanwhile": steady,
        "commands": operator.commands,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        twin = Path(sys.argv[1]) if len(sys.argv) > 1 else make_twin(Path(folder))
        with Shop(ENCODER=str(twin)) as shop:
            with tarfile.open(TAR) as tar:
                tar.extractall(shop.folder, filter="data")
            put_photos(shop.folder)
            result = go_round(shop, twin)
        begun = load_encoder(twin).fingerprint
    print(save_result("circle", {"seed": 0, "encoder": begun, **result}))


if __name__ == "__main__":
    main()
