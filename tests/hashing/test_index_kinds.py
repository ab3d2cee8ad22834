"""Each kind of index, and each way through it, against a scan in numpy."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from hashing import (
    CodeIndex,
    IndexFileError,
    IndexKind,
    RecallTooLow,
    RowFilter,
    hamming,
)
from hashing.index import scan
from hashing.index.inverted_lists import FLIPPED_BITS_SHARE, MIN_PROBES

ALL = 10_000  # lists


def expected(ids, codes, query, k, allowed):
    """Return (distance, id) of the first k, by sorting all."""
    distances = hamming(query, codes)[0]
    order = np.lexsort((ids, distances))
    order = order[allowed[order]][:k]
    return list(zip(distances[order].tolist(), ids[order].tolist(), strict=True))


def answer(index, query, k, **limits):
    (hits,) = index.search_rows(query, k, **limits)
    return list(
        zip(hits.distances.tolist(), index.ids[hits.rows].tolist(), strict=True)
    )


def clustered(n, *, centres=40, n_bytes=8, seed=0):
    """Draw codes around some centres, with ids in random order."""
    rng = np.random.default_rng(seed)
    middles = rng.integers(0, 256, (centres, n_bytes), np.uint8)
    flips = rng.random((n, n_bytes * 8)) < 0.06
    codes = middles[rng.integers(0, centres, n)] ^ np.packbits(flips, axis=1)
    return rng.permutation(3 * n)[:n].astype(np.int64), codes, rng


@contextmanager
def built(kind, ids, codes):
    """Build an index that scans with a heap, within a radius, or all of its lists."""
    with pytest.MonkeyPatch.context() as patch:
        if kind == "radius":
            patch.setattr(scan, "MIN_SAMPLED_ROWS", 40)
            patch.setattr(scan, "MIN_SAMPLE_STEP", 2)
            patch.setattr(scan, "SAMPLE_RUN_ROWS", 1)
        if kind == IndexKind.IVF:
            yield CodeIndex.build(ids, codes, kind=kind, probes=ALL)
        else:
            yield CodeIndex.build(ids, codes)


@pytest.mark.parametrize("kind", ["heap", "radius", IndexKind.IVF])
@examples(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 400),
    levels=st.sampled_from([1, 2, 256]),  # 1 and 2 tie nearly everywhere
    k=st.integers(1, 120),
    live_share=st.sampled_from([None, 0.02, 0.7, 1.0]),
    share=st.sampled_from([None, 0.0, 0.03, 0.4, 1.0]),
    cuts=st.none() | st.lists(st.integers(0, 400), max_size=24),
)
def test_every_kind_answers_as_a_sort_of_all_does(
    kind, seed, n, levels, k, live_share, share, cuts
):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, levels, (n, 4), np.uint8)
    ids = rng.permutation(3 * n)[:n].astype(np.int64)
    live = None if live_share is None else rng.random(n) < live_share
    kept = None if share is None else rng.random(n) < share
    ranges = None
    allowed = np.ones(n, bool)
    if cuts is not None:
        edges = sorted(min(cut, n) for cut in cuts)
        ranges = list(zip(edges[::2], edges[1::2], strict=False))
        allowed[:] = False
        for start, stop in ranges:
            allowed[start:stop] = True
    allowed &= True if kept is None else kept
    allowed &= True if live is None else live
    row_filter = RowFilter(ranges, None if kept is None else kept.__getitem__)
    query = rng.integers(0, levels, (1, 4), np.uint8)
    with built(kind, ids, codes) as index:
        found = answer(index, query, k, allowed=row_filter, live=live)
    assert found == expected(ids, codes, query, k, allowed)


def test_many_codes_are_searched_by_a_radius_exactly():
    ids, codes, rng = clustered(120_000, centres=300)
    index = CodeIndex.build(ids, codes)
    assert index._flat._sample is not None
    live = rng.random(len(ids)) < 0.99
    for query in codes[::24_000]:
        found = answer(index, query[None], 50, live=live)
        assert found == expected(ids, codes, query[None], 50, live)


def test_a_sample_that_knows_nothing_of_the_nearest_costs_nothing_but_time():
    """All the nearest lie where no row of the sample is, or all of the sample does."""
    ids, codes, _ = clustered(120_000, centres=300)
    query = ~codes[:1]
    step = len(codes) // scan.MAX_SAMPLE_ROWS * scan.SAMPLE_RUN_ROWS
    for first, copies in ((0, 50), (0, 38), (scan.SAMPLE_RUN_ROWS, 50)):
        changed = codes.copy()
        changed[first : first + copies * step : step] = query
        found = answer(CodeIndex.build(ids, changed), query, 40)
        everything = np.ones(len(ids), bool)
        assert found == expected(ids, changed, query, 40, everything)


# Lists


def test_the_recall_of_lists_is_measured_and_kept(tmp_path):
    ids, codes, _ = clustered(6000)
    index = CodeIndex.build(ids, codes, kind="ivf", min_recall=0.9)
    read, of = index.probes
    assert (index.kind, of) == (IndexKind.IVF, 64)
    assert read < of
    assert 0.9 <= index.recall <= 1
    index.save(tmp_path)
    loaded = CodeIndex.load(tmp_path)
    assert (loaded.kind, loaded.probes, loaded.recall) == (
        IndexKind.IVF,
        (read, of),
        index.recall,
    )
    for query in codes[:20]:
        assert answer(loaded, query[None], 30) == answer(index, query[None], 30)


def test_searches_reach_the_measured_recall():
    ids, codes, rng = clustered(20_000, centres=4000)
    everything = np.ones(len(ids), bool)
    for probes in (4, 16):
        index = CodeIndex.build(ids, codes, kind="ivf", probes=probes)
        shares = []
        for query in codes[rng.integers(0, len(codes), 100)]:
            flips = np.packbits(rng.random(64) < FLIPPED_BITS_SHARE)
            asked = (query ^ flips)[None]
            last = expected(ids, codes, asked, 100, everything)[-1][0]
            near = answer(index, asked, 100)
            shares.append(sum(distance <= last for distance, _ in near) / 100)
        assert np.mean(shares) == pytest.approx(index.recall, abs=0.06)


def test_more_lists_are_read_until_the_recall_is_reached():
    ids, codes, _ = clustered(6000, centres=2000)
    few = CodeIndex.build(ids, codes, kind="ivf", probes=MIN_PROBES)
    more = CodeIndex.build(ids, codes, kind="ivf", min_recall=few.recall + 0.05)
    assert more.probes[0] > MIN_PROBES
    assert more.recall >= few.recall + 0.05


def test_lists_that_lose_too_much_are_refused_with_the_figures():
    rng = np.random.default_rng(0)  # uniform codes lie in no clusters
    codes = rng.integers(0, 256, (4000, 32), np.uint8)
    with pytest.raises(RecallTooLow, match=r"of 64 lists hold 0\.\d+ of the nearest"):
        CodeIndex.build(np.arange(4000), codes, kind="ivf", min_recall=0.99)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.95])
def test_filters_are_exact_however_few_lists_are_read(share):
    ids, codes, rng = clustered(4000, centres=4000)
    index = CodeIndex.build(ids, codes, kind="ivf", probes=1)
    query = rng.integers(0, 256, (1, 8), np.uint8)  # near no centre
    allowed = rng.random(4000) < share
    everything = np.ones(len(ids), bool)
    nearest = expected(ids, codes, query, 3, allowed)
    assert answer(index, query, 3, allowed=allowed) == nearest
    assert answer(index, query, 3) != expected(ids, codes, query, 3, everything)


def test_lists_with_too_few_live_rows_are_not_all_that_is_looked_at():
    ids, codes, rng = clustered(4000, centres=500)
    index = CodeIndex.build(ids, codes, kind="ivf", probes=1)
    live = rng.random(4000) < 0.004
    found = answer(index, codes[:1], 30, live=live)
    assert found == expected(ids, codes, codes[:1], 30, live)


def test_eight_threads_search_lists_at_once():
    ids, codes, _ = clustered(5000)
    index = CodeIndex.build(ids, codes, kind="ivf", probes=6)
    alone = [answer(index, code[None], 40) for code in codes[:64]]

    def search(turn):
        return answer(index, codes[turn : turn + 1], 40) == alone[turn]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(search, [*range(64)] * 4))


FORKING = """
import os, sys, numpy as np
from pathlib import Path
from hashing import CodeIndex
index = CodeIndex.load(Path(sys.argv[1]))
before = index.search(index.codes[:64], 10)
child = os.fork()
if child == 0:
    os._exit(0 if index.search(index.codes[:64], 10) == before else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_searches_lists_after_its_parent_did(tmp_path):
    ids, codes, _ = clustered(5000)
    CodeIndex.build(ids, codes, kind="ivf", probes=6).save(tmp_path)
    command = [sys.executable, "-c", FORKING, str(tmp_path)]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("harm", ["removed", "truncated", "flipped", "foreign", "fact"])
def test_harmed_lists_are_noticed(tmp_path, harm):
    ids, codes, _ = clustered(1000)
    CodeIndex.build(ids, codes, kind="ivf", probes=6).save(tmp_path)
    path, facts = tmp_path / "lists.faiss", tmp_path / "index.json"
    content = path.read_bytes()
    if harm == "removed":
        path.unlink()
    if harm == "truncated":
        path.write_bytes(content[:-9])
    if harm == "flipped":
        path.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    if harm == "foreign":
        path.write_bytes((tmp_path / "codes.faiss").read_bytes())
    if harm == "fact":
        said = json.loads(facts.read_text())
        facts.write_text(json.dumps(said | {"probes": "all"}))
    with pytest.raises(IndexFileError):
        CodeIndex.load(tmp_path)


def test_an_empty_index_of_any_kind_is_flat():
    index = CodeIndex.build([], np.empty((0, 4), np.uint8), kind="ivf")
    assert (index.kind, index.recall, index.probes) == (IndexKind.FLAT, 1.0, None)
