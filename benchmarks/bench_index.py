"""How fast codes are searched: the gallery, the index, and what others would take.

    python -m benchmarks.bench_index [--quick]

All contenders take turns, query by query, in one thread, so that whatever else the
machine does falls on all of them; ratios are of processor time, medians over the turns;
k = 200. The gallery has
1,000 changed products, its filters go from their values to the neighbours. Codes are
uniform, or clustered: those of grocery pictures with bits flipped. Seeds are fixed.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["OMP_NUM_THREADS"] = "1"

import django
import faiss
import numpy as np
from django.core.management import call_command

from benchmarks.shop import DATA, save_result
from hashing import CodeIndex, Codes, hamming

K = 200
SEED = 0
Turn = Callable[[int], object]


def take_turns(
    contenders: dict[str, Turn], rounds: int, *, base: str
) -> dict[str, dict[str, float]]:
    """Milliseconds of each, and times as long as `base` by the median of the turns."""
    wall, busy = np.empty((2, len(contenders), rounds))
    for turn in range(-2, rounds):  # two to warm up
        for row, run in enumerate(contenders.values()):
            start, start_busy = time.perf_counter(), time.thread_time()
            run(turn)
            busy[row, turn] = (time.thread_time() - start_busy) * 1e3
            wall[row, turn] = (time.perf_counter() - start) * 1e3
    base_busy = busy[list(contenders).index(base)]
    return {
        name: {
            "p50 ms": round(float(np.median(wall[row])), 3),
            "p99 ms": round(float(np.quantile(wall[row], 0.99)), 3),
            "cpu p50 ms": round(float(np.median(busy[row])), 3),
            f"of {base}": round(float(np.median(busy[row] / base_busy)), 3),
        }
        for row, name in enumerate(contenders)
    }


def bench_gallery(n: int, rounds: int) -> dict[str, Any]:
    from benchmarks.galleries import BRANDS, a_gallery, uniform
    from search.encoders import encoder
    from search.filters import Filters
    from search.query import Query

    codes = uniform(n, encoder().n_bits)
    raw = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    raw.add(codes)
    vectors = np.random.default_rng(1).integers(-127, 128, (rounds + 2, 256), np.int8)
    queries = [Query(encoder().fingerprint, vector) for vector in vectors]
    asked = [query.codes for query in queries]
    with tempfile.TemporaryDirectory() as folder:
        before = private_bytes()
        start = time.perf_counter()
        now = a_gallery(codes, Path(folder), changed=1000)
        seconds = time.perf_counter() - start
        del codes
        private = (private_bytes() - before) / n

        def by(filters: Filters) -> Turn:
            return lambda turn: now.search(queries[turn], K, filters=filters)

        rows = now.snapshot.rows

        def mask_then_gather(turn: int) -> object:
            mask = (rows.category_id == 7) & (rows.price >= 0) & rows.in_stock
            gathered = rows.codes.take(np.flatnonzero(mask), axis=0)
            return faiss.knn_hamming(asked[turn], gathered, K)

        category, stock = frozenset([7]), Filters(in_stock=True)
        half = Filters(min_price=Decimal(25), max_price=Decimal(75))
        narrow = Filters(min_price=Decimal(25), max_price=Decimal(26))
        brand = Filters(brands=frozenset([f"Brand {BRANDS // 2}"]))
        all_of_it = Filters(category, Decimal(10), Decimal(60), in_stock=True)
        faiss.omp_set_num_threads(1)
        contenders: dict[str, Turn] = {
            "raw faiss": lambda turn: raw.search(asked[turn], K),
            "gallery": by(Filters()),
            "category, 5 %": by(Filters(category)),
            "category, stock, price": by(all_of_it),
            "in stock, 80 %": by(stock),
            "price, 50 %": by(half),
            "price, 1 %": by(narrow),
            "brand, 0.5 %": by(brand),
            "numpy mask, gather": mask_then_gather,
        }
        table = take_turns(contenders, rounds, base="raw faiss")
    plain = table["gallery"]["cpu p50 ms"]
    for line in table.values():
        line["of gallery"] = round(line["cpu p50 ms"] / plain, 3)
    return {"rows": table, "write and load s": seconds, "private bytes a code": private}


def bench_codes(codes: Codes, queries: Codes, rounds: int) -> dict[str, Any]:
    """One set of codes in every kind of index."""
    raw = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    raw.add(codes)
    start = time.perf_counter()
    index = CodeIndex.build(np.arange(len(codes)), codes)
    built = time.perf_counter() - start
    contenders: dict[str, Turn] = {
        "raw faiss": lambda turn: raw.search(queries[[turn]], K),
        "flat": lambda turn: index.search_rows(queries[[turn]], K),
    }
    if len(codes) <= 1_000_000:
        contenders["numpy"] = lambda turn: np.argpartition(
            hamming(queries[[turn]], codes)[0], K
        )
    faiss.omp_set_num_threads(1)
    table = take_turns(contenders, rounds, base="raw faiss")
    facts = {"build s": round(built, 2), "bytes": codes.nbytes + 8 * len(codes)}
    table["flat"] |= {**facts, "recall": 1.0}
    return table


def private_bytes() -> int:
    pages = Path("/proc/self/smaps_rollup").read_text().splitlines()
    kilobytes = [int(line.split()[1]) for line in pages if "Private_Dirty" in line]
    return kilobytes[0] * 1024


def print_table(title: str, table: dict[str, dict[str, float]]) -> None:
    columns = list(dict.fromkeys(key for line in table.values() for key in line))
    print(f"\n{title:28}" + "".join(f"{column:>14}" for column in columns))
    for name, line in table.items():
        cells = "".join(f"{line.get(column, ''):>14}" for column in columns)
        print(f"{name:28}{cells}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 k codes, few rounds")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:  # an empty shop knows its encoder
        os.environ |= {"DATA_DIR": folder, "DATABASE_URL": ""}
        django.setup()
        call_command("migrate", verbosity=0)
        bench(quick=quick)


def bench(*, quick: bool) -> None:
    from benchmarks.galleries import Clusters, uniform

    size, rounds = (100_000, 20) if quick else (1_000_000, 100)
    gallery = bench_gallery(size, rounds)
    print_table(f"gallery of {size:,} x 256", gallery["rows"])
    print(f"private bytes a code: {gallery['private bytes a code']:.1f}")
    clusters = Clusters.of_pictures(DATA / "grocery.tar", 256)
    histograms = clusters.histograms()
    print(f"deciles of the nearest neighbour's share of bits: {histograms}")
    codes: dict[str, Any] = {}
    for n in (100_000,) if quick else (100_000, 1_000_000, 10_000_000):
        turns = min(rounds, max(10, 40_000_000 // n))
        for n_bits in (128, 256):
            draws = {"uniform": uniform, "clustered": clusters.cut(n_bits).draw}
            for name, draw in draws.items():
                if name == "uniform":
                    drawn, asked = uniform(n, n_bits), uniform(turns + 2, n_bits, 1)
                else:
                    drawn, asked = draw(n), draw(turns + 2, 1)
                title = f"{n:,} x {n_bits} {name}"
                codes[title] = bench_codes(drawn, asked, turns)
                print_table(title, codes[title])
    result = {"seed": SEED, "k": K, "gallery": gallery, "histograms": histograms}
    path = save_result("index-quick" if quick else "index", {**result, "codes": codes})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak {peak} MB; {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
