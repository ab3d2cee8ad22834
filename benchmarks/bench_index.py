"""How fast codes are searched: the gallery, the index, and what others would take.

    python -m benchmarks.bench_index gallery
    python -m benchmarks.bench_index codes --sizes 100000,1000000
    python -m benchmarks.bench_index codes --sizes 10000000 --bits 256
    python -m benchmarks.bench_index databases --sizes 100000,1000000

Each run keeps what others wrote to results/index.json of other parts and sizes, and
says of each table at which commit it was measured. All contenders take turns,
query by query, in one thread, so that whatever else the machine does falls on all of
them; ratios are of processor time, medians over the turns (of the databases, which run
elsewhere, of time on the clock); k = 200. The gallery has 1,000 changed products, its
filters go from their values to the neighbours. Codes are uniform, or clustered: those
of grocery pictures with bits flipped. Recall is of the 100 nearest, ties counted as
found. usearch builds its graph with all cores, else it would take an hour in all. Seeds
are fixed.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["OMP_NUM_THREADS"] = "1"

import django
import faiss
import numpy as np
from django.core.management import call_command
from usearch.index import Index as UsearchIndex
from usearch.index import MetricKind

from benchmarks.codes_in_postgres import bench_databases
from benchmarks.shop import DATA, commit, load_result, save_result
from benchmarks.turns import RECALL_AT, K, Turn, search_of, take_turns
from hashing import CodeIndex, Codes, IndexKind, RecallTooLow, hamming

SEED = 0
KINDS = list(IndexKind)
Draw = Callable[[int, int, int], Codes]


def bench_gallery(n: int, rounds: int) -> dict[str, Any]:
    from benchmarks.galleries import BRANDS, a_gallery, uniform
    from search.answers.query import Query
    from search.encoders.registry import encoder
    from search.gallery.filters import Filters

    codes = uniform(n, encoder().n_bits)
    raw = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    raw.add(codes)
    shape = (rounds + 2, encoder().card.dim)
    vectors = np.random.default_rng(1).integers(-127, 128, shape, np.int8)
    queries = [Query(encoder().fingerprint, vector) for vector in vectors]
    asked = [query.codes for query in queries]
    with tempfile.TemporaryDirectory() as folder:
        before = private_bytes()
        start = time.perf_counter()
        now = a_gallery(codes, Path(folder), changed=1000)
        seconds = time.perf_counter() - start
        del codes
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        mapped = sum(file.stat().st_size for file in files) / n
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
        brand = Filters().with_words(brand=[f"Brand {BRANDS // 2}"])
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
    return {
        "rows": table,
        "write and load s": seconds,
        "private bytes a code": private,
        "mapped bytes a code": mapped,
    }


def bench_codes(codes: Codes, queries: Codes, rounds: int) -> dict[str, Any]:
    """One set of codes in every kind of index."""
    n, n_bits = len(codes), codes.shape[1] * 8
    raw = faiss.IndexBinaryFlat(n_bits)
    raw.add(codes)
    indexes: dict[str, CodeIndex] = {}
    facts: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        start = time.perf_counter()
        try:
            indexes[kind] = CodeIndex.build(np.arange(n), codes, kind=kind)
        except RecallTooLow as error:
            facts[kind] = {"refused": str(error)}
            continue
        facts[kind] = {"build s": round(time.perf_counter() - start, 1)}
    contenders: dict[str, Turn] = {
        "raw faiss": lambda turn: raw.search(queries[[turn]], K)[0][0],
        **{kind: search_of(index, queries) for kind, index in indexes.items()},
    }
    if n <= 1_000_000:
        contenders["numpy"] = lambda turn: np.sort(
            np.partition(hamming(queries[[turn]], codes)[0], K)[:K]
        )
        start = time.perf_counter()
        graph = UsearchIndex(ndim=n_bits, metric=MetricKind.Hamming, dtype="b1")
        graph.add(np.arange(n), codes, threads=os.cpu_count() or 1)
        facts["usearch"] = {"build s": round(time.perf_counter() - start, 1)}
        facts["usearch"]["bytes a code"] = round(graph.memory_usage / n, 1)
        contenders["usearch"] = lambda turn: (
            graph.search(queries[turn], K, threads=1).distances
        )
    faiss.omp_set_num_threads(1)
    table = take_turns(contenders, rounds, base="raw faiss")
    for kind, index in indexes.items():
        with tempfile.TemporaryDirectory() as folder:
            index.save(Path(folder))
            n_bytes = sum(file.stat().st_size for file in Path(folder).iterdir())
        facts[kind]["bytes a code"] = round(n_bytes / n, 1)
        if index.probes:
            facts[kind]["lists read"] = "{} of {}".format(*index.probes)
    truth = [raw.search(queries[[turn]], RECALL_AT)[0][0, -1] for turn in range(rounds)]
    for name, run in contenders.items():
        near = [np.asarray(run(turn))[:RECALL_AT] for turn in range(rounds)]
        shares = [
            np.count_nonzero(found <= last) / RECALL_AT
            for found, last in zip(near, truth, strict=True)
        ]
        table[name]["recall"] = round(float(np.mean(shares)), 4)
    flat = table[IndexKind.FLAT]["cpu p50 ms"]
    for name, line in table.items():
        line["flat / it"] = round(flat / line["cpu p50 ms"], 2)
        line |= facts.get(name, {})
    return table | {k: v for k, v in facts.items() if k not in table}


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
    parser.add_argument("part", choices=["gallery", "codes", "databases"])
    parser.add_argument("--sizes", default="1000000")
    parser.add_argument("--bits", default="128,256")
    parser.add_argument("--draws", default="uniform,clustered")
    parser.add_argument("--flat", action="store_true", help="build no lists")
    options = parser.parse_args()
    if options.flat:
        KINDS.remove(IndexKind.IVF)
    with tempfile.TemporaryDirectory() as folder:  # an empty shop knows its encoder
        os.environ |= {"DATA_DIR": folder, "DATABASE_URL": ""}
        django.setup()
        call_command("migrate", verbosity=0)
        found = bench(
            options.part,
            sizes=[int(n) for n in options.sizes.split(",")],
            widths=[int(n) for n in options.bits.split(",")],
            draws=options.draws.split(","),
        )
        merged = {**load_result("index"), "seed": SEED, "k": K}
        commits = {
            f"{part} {title}": commit() for part in found for title in found[part]
        }
        for part, tables in {**found, "commits": commits}.items():
            merged[part] = {**merged.get(part, {}), **tables}
        print(save_result("index", merged), file=sys.stderr)


def bench(
    part: str, *, sizes: list[int], widths: list[int], draws: list[str]
) -> dict[str, dict[str, Any]]:
    if part == "gallery":
        return {"gallery": {f"{n:,}": bench_and_print_gallery(n) for n in sizes}}
    draw, histograms = drawn_by(draws)
    print(f"deciles of the nearest neighbour's share of bits: {histograms}")
    measure = bench_codes if part == "codes" else bench_databases
    found: dict[str, Any] = {}
    for n, n_bits, name in product(sizes, widths, draws):
        rounds = min(100, max(12, 40_000_000 // n)) if part == "codes" else 12
        codes, queries = draw[name](n, n_bits, 0), draw[name](rounds + 2, n_bits, 1)
        title = f"{n:,} x {n_bits} {name}"
        found[title] = measure(codes, queries, rounds)
        print_table(title, found[title])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak {peak} MB", file=sys.stderr)
    return {part: found, "histograms": histograms}


def drawn_by(draws: list[str]) -> tuple[dict[str, Draw], dict[str, Any]]:
    """By name, what draws (n, bits, seed); and the histograms of what is clustered."""
    from benchmarks.galleries import Clusters, uniform

    if "clustered" not in draws:
        return {"uniform": uniform}, {}
    clusters = Clusters.of_pictures(DATA / "grocery.tar", 256)

    def clustered(n: int, n_bits: int, seed: int) -> Codes:
        return clusters.cut(n_bits).draw(n, seed)

    return {"uniform": uniform, "clustered": clustered}, clusters.histograms()


def bench_and_print_gallery(n: int) -> dict[str, Any]:
    gallery = bench_gallery(n, 100)
    print_table(f"gallery of {n:,} x 256", gallery["rows"])
    for name in ("private bytes a code", "mapped bytes a code"):
        print(f"{name}: {gallery[name]:.1f}")
    return gallery


if __name__ == "__main__":
    main()
