"""296 phone photos against a shop of 81 groceries, through a running server.

    python -m benchmarks.bench_grocery

The 81 catalogue pictures are imported from a CSV; every validation photo is sent to
POST /api/v1/search/photo/, and the first box that its answer suggests, if any, is
asked for by its token. Beside it, of the same pictures: the float features, a colour
histogram and 256-bit LSH on the same features, by `python -m hashing evaluate`.
Nothing is random; `seed` in the result is LSH's.
"""

import csv
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.shop import BASE_DIR, DATA, Shop, percentile, save_result

TAR = DATA / "grocery.tar"
COLUMNS = ["sku", "name", "category", "price", "stock", "description", "images"]


def write_catalogue(folder: Path) -> Path:
    """Return the import file of the 81 products; pictures are at `iconic_path`."""
    path = folder / "catalogue.csv"
    with (folder / "products.csv").open() as source, path.open("w") as target:
        rows = csv.writer(target)
        rows.writerow(
            ["sku", "name", "category", "price", "stock", "description", "images"]
        )
        for row in csv.DictReader(source):
            name = row["fine_label"].replace("-", " ")
            category = f"{row['group']} > {row['coarse_label']}"
            place = [row["description"], row["iconic_path"]]
            rows.writerow([row["product_id"], name, category, "1.00", "5", *place])
    return path


class Asked(NamedTuple):
    """What came of each photo."""

    whole: list[dict[str, bool]]
    box: list[dict[str, bool]]  # as the whole where no box was suggested
    n_boxed: int
    took_ms: list[float]


def ask(shop: Shop, folder: Path) -> Asked:
    """Every photo, and the box that is suggested first."""
    with (folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    coarse = {row["product_id"]: row["coarse_label"] for row in rows}
    asked = Asked([], [], 0, [])
    for row in rows:
        if row["split"] != "val":
            continue
        photo = (folder / row["path"]).read_bytes()
        status, answer = shop.search(photo, limit="5", boxes="true")
        if status != 200:
            raise RuntimeError(f"{row['path']}: {status} {answer}")
        asked.whole.append(_hits(answer, row, coarse))
        asked.took_ms.append(answer["took_ms"])
        if answer["boxes"]:
            query = {"query": answer["boxes"][0]["query"], "limit": "5"}
            status, answer = shop.get(f"/api/v1/search/?{urlencode(query)}")
            if status != 200:
                raise RuntimeError(f"{row['path']}, its box: {status} {answer}")
            asked = asked._replace(n_boxed=asked.n_boxed + 1)
        asked.box.append(_hits(answer, row, coarse))
    return asked


def _hits(
    answer: dict[str, Any], row: dict[str, str], coarse: dict[str, str]
) -> dict[str, bool]:
    skus = [result["product"]["sku"] for result in answer["results"]]
    kinds = [coarse[sku] for sku in skus]
    return {
        "fine hit@1": skus[0] == row["product_id"],
        "fine hit@5": row["product_id"] in skus,
        "coarse hit@1": kinds[0] == row["coarse_label"],
        "coarse hit@5": row["coarse_label"] in kinds,
    }


def _means(hits: list[dict[str, bool]]) -> dict[str, float]:
    return {key: mean(hit[key] for hit in hits) for key in hits[0]}


def baselines(folder: Path) -> dict[str, dict[str, float]]:
    """Rankings of the library on the same pictures, by fine and coarse label."""
    table: dict[str, dict[str, float]] = {}
    for label in ("fine", "coarse"):
        report = folder / label
        subprocess.run(
            [
                *(sys.executable, "-m", "hashing", "evaluate"),
                *("--encoder", "hashing/shipped", "--label", f"{label}_label"),
                *("--gallery", f"{TAR}:iconic", "--queries", f"{TAR}:val"),
                *("--report", str(report)),
            ],
            cwd=BASE_DIR,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for row in json.loads((report / "report.json").read_text())["rows"]:
            if row["n_bits"] in (None, 0, 256):
                line = table.setdefault(row["ranking"], {})
                line[f"{label} hit@1"] = row["hit@1"]
                line[f"{label} hit@5"] = row["hit@5"]
    return table


def print_table(table: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(table.values())))
    print(f"{'':28}" + "".join(f"{column:>14}" for column in columns))
    for name, line in table.items():
        cells = "".join(f"{line.get(column, float('nan')):14.3f}" for column in columns)
        print(f"{name:28}{cells}")


def main() -> None:
    with Shop() as shop:
        with tarfile.open(TAR) as tar:
            tar.extractall(shop.folder, filter="data")
        catalogue = write_catalogue(shop.folder)
        images = ("--images", str(shop.folder))
        seconds = shop.manage("import_catalogue", str(catalogue), *images)
        shop.manage("build_snapshot")
        shop.serve()
        asked = ask(shop, shop.folder)
        took = asked.took_ms
        table = {
            "the shop, by photo": _means(asked.whole),
            "the shop, by its first box": _means(asked.box),
        }
        table |= baselines(shop.folder)
    print_table(table)
    kept = table["the shop, by photo"]["fine hit@1"] / table["float"]["fine hit@1"]
    kept5 = table["the shop, by photo"]["fine hit@5"] / table["float"]["fine hit@5"]
    print(f"kept of float: hit@1 {kept:.3f}, hit@5 {kept5:.3f}")
    print(f"took_ms: median {median(took):.1f}, p95 {percentile(took, 0.95):.1f}")
    print(f"import of 81 products: {seconds:.1f} s")
    result: dict[str, Any] = {
        "seed": 0,
        "photos": len(asked.whole),
        "photos with a box": asked.n_boxed,
        "rows": table,
        "kept of float": {"hit@1": kept, "hit@5": kept5},
        "took_ms": {"median": median(took), "p95": percentile(took, 0.95)},
        "import_s": seconds,
    }
    print(save_result("grocery", result))


if __name__ == "__main__":
    main()
