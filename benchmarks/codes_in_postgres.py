"""The same codes in PostgreSQL, asked by its own bit_count and by pgvector."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.turns import RECALL_AT, K, Turn, search_of, take_turns
from hashing import CodeIndex, Codes
from tests.servers import PostgresServer

GRAPH_UP_TO = 200_000  # codes: beyond, pgvector builds its graph for many minutes


def bench_databases(codes: Codes, queries: Codes, rounds: int) -> dict[str, Any]:
    """Search the same codes in PostgreSQL: by bit_count, and by pgvector's distance."""
    n, n_bits = len(codes), codes.shape[1] * 8
    index = CodeIndex.build(np.arange(n), codes)
    texts = ["".join(f"{byte:08b}" for byte in code) for code in queries]
    folder = Path(tempfile.mkdtemp(prefix="semblance-bench-"))
    folder.chmod(0o711)
    facts: dict[str, dict[str, Any]] = {}
    with PostgresServer(folder) as server:
        one = psycopg.connect(server.url, autocommit=True)
        facts["bit_count"] = {"build s": copy_codes(one, codes)}

        def ask(distance: str) -> Turn:
            sql = f"SELECT {distance} AS d FROM codes ORDER BY d, id LIMIT {K}"
            return lambda turn: [row[0] for row in one.execute(sql, [texts[turn]])]

        flat = search_of(index, queries)
        contenders: dict[str, Turn] = {
            "flat": flat,
            "bit_count": ask(f"bit_count(code # %s::bit({n_bits}))"),
            "pgvector": ask(f"code <~> %s::bit({n_bits})"),
        }
        table = take_turns(contenders, rounds, base="flat")
        if n <= GRAPH_UP_TO:
            facts["pgvector hnsw"] = {"build s": build_graph(one)}
            graph = _search_graph(one, texts, n_bits)
            contenders = {"flat": flat, "pgvector hnsw": graph}
            table |= {
                name: line
                for name, line in take_turns(contenders, rounds, base="flat").items()
                if name not in table
            }
            recall = recall_of([graph(turn) for turn in range(rounds)], index, queries)
            facts["pgvector hnsw"]["recall"] = recall
        one.close()
    once = table["flat"]["p50 ms"]
    for name, line in table.items():
        line["times flat, clock"] = round(line["p50 ms"] / once, 1)
        line |= facts.get(name, {})
    return table


def copy_codes(one: psycopg.Connection, codes: Codes) -> float:
    """Into a table of PostgreSQL; the seconds that takes."""
    one.execute("CREATE EXTENSION vector")
    one.execute(
        f"CREATE TABLE codes (id bigint PRIMARY KEY, code bit({codes.shape[1] * 8}))"
    )
    start = time.perf_counter()
    with one.cursor().copy("COPY codes FROM STDIN") as rows:
        for number, code in enumerate(codes):
            rows.write_row((number, "".join(f"{byte:08b}" for byte in code)))
    one.execute("VACUUM ANALYZE codes")
    one.execute("SET max_parallel_workers_per_gather = 0")
    return round(time.perf_counter() - start, 1)


def build_graph(one: psycopg.Connection) -> float:
    """Build pgvector's index of these codes; return the seconds it takes."""
    start = time.perf_counter()
    one.execute("SET maintenance_work_mem = '1GB'")
    one.execute("CREATE INDEX ON codes USING hnsw (code bit_hamming_ops)")
    one.execute(f"SET hnsw.ef_search = {K}")
    return round(time.perf_counter() - start, 1)


def _search_graph(
    one: psycopg.Connection, texts: list[str], n_bits: int
) -> Callable[[int], list[int]]:
    sql = (
        f"SELECT code <~> %s::bit({n_bits}) FROM codes "
        f"ORDER BY code <~> %s::bit({n_bits}) LIMIT {K}"
    )
    return lambda turn: [row[0] for row in one.execute(sql, [texts[turn]] * 2)]


def recall_of(found: list[list[int]], index: CodeIndex, queries: Codes) -> float:
    """Of these distances of each query: the share that is as near as the true ones."""
    shares = []
    for turn, near in enumerate(found):
        true = index.search_rows(queries[[turn]], RECALL_AT)[0].distances[-1]
        shares.append(sum(each <= true for each in near[:RECALL_AT]) / RECALL_AT)
    return round(float(np.mean(shares)), 4)
