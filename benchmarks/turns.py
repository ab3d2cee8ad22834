"""Contenders that take turns, query by query, so that all suffer alike."""

import time
from collections.abc import Callable

import numpy as np

from hashing import CodeIndex, Codes

K = 200
RECALL_AT = 100
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


def search_of(index: CodeIndex, queries: Codes) -> Turn:
    return lambda turn: index.search_rows(queries[[turn]], K)[0].distances
