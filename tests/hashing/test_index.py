"""The index against a scan in numpy, its files, and its life in a server."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing import CodeIndex, Hit, IndexFileError, RowFilter, hamming


def brute_force(ids, codes, query, k, allowed=None):
    """Every distance, sorted by (distance, id)."""
    distances = hamming(query[None], codes)[0]
    order = np.lexsort((ids, distances))
    if allowed is not None:
        order = order[allowed[order]]
    return [Hit(int(ids[row]), int(distances[row])) for row in order[:k]]


def random_set(seed, n, *, n_bytes=4, levels=256):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, levels, (n, n_bytes), dtype=np.uint8)
    return rng.permutation(5 * n + 5)[:n].astype(np.int64), codes, rng


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 300),
    n_bytes=st.sampled_from([1, 2, 8, 16, 32, 33]),
    levels=st.sampled_from([1, 2, 256]),  # 1 and 2 tie nearly everywhere
    k=st.integers(0, 320),
    share=st.sampled_from([None, 0.0, 0.01, 0.08, 0.12, 0.5, 0.99, 1.0]),
)
def test_hits_agree_with_brute_force_even_on_ties(seed, n, n_bytes, levels, k, share):
    ids, codes, rng = random_set(seed, n, n_bytes=n_bytes, levels=levels)
    allowed = None if share is None else rng.random(n) < share
    queries = rng.integers(0, levels, (3, n_bytes), dtype=np.uint8)
    index = CodeIndex.build(ids, codes)
    expected = [brute_force(ids, codes, q, k, allowed) for q in queries]
    assert index.search(queries, k, allowed=allowed) == expected


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 300),
    levels=st.sampled_from([1, 2, 256]),
    k=st.integers(0, 320),
    share=st.sampled_from([None, 0.0, 0.05, 0.5, 1.0]),
    cuts=st.lists(st.integers(0, 300), max_size=24),
)
def test_ranges_of_rows_are_searched_as_if_there_were_no_others(
    seed, n, levels, k, share, cuts
):
    ids, codes, rng = random_set(seed, n, levels=levels)
    edges = sorted(min(cut, n) for cut in cuts)
    ranges = list(zip(edges[::2], edges[1::2], strict=False))
    kept = np.ones(n, bool) if share is None else rng.random(n) < share
    allowed = np.zeros(n, bool)
    for start, stop in ranges:
        allowed[start:stop] = kept[start:stop]
    row_filter = RowFilter(ranges, None if share is None else kept.__getitem__)
    query = rng.integers(0, levels, (1, 4), dtype=np.uint8)
    (found,) = CodeIndex.build(ids, codes).search(query, k, allowed=row_filter)
    assert found == brute_force(ids, codes, query[0], k, allowed)


def test_a_condition_that_leaves_out_just_the_nearest_loses_nothing():
    """The share of all rows says nothing then, and the rows are read again."""
    ids, codes, _ = random_set(4, 4000)
    nearest = brute_force(ids, codes, codes[0], 3000)
    allowed = ~np.isin(ids, [hit.id for hit in nearest])
    (found,) = CodeIndex.build(ids, codes).search(codes[:1], 50, allowed=allowed)
    assert found == brute_force(ids, codes, codes[0], 50, allowed)


@pytest.mark.parametrize("n", [1, 9, 100, 1000])
def test_exactly_the_one_allowed_row_is_found(n):
    ids, codes, _ = random_set(n, n)
    index = CodeIndex.build(ids, codes)
    for row in (0, n // 2, n - 1):
        allowed = np.zeros(n, dtype=bool)
        allowed[row] = True
        (hits,) = index.search(codes[:1], 10, allowed=allowed)
        assert [hit.id for hit in hits] == [index.ids[row]]


def test_rows_keep_the_order_in_which_they_were_given():
    ids, codes, _ = random_set(1, 50)
    index = CodeIndex.build(ids, codes)
    assert np.array_equal(index.ids, ids)
    assert np.array_equal(index.codes, codes)
    assert (len(index), index.n_bits) == (50, 32)
    (found,) = index.search_rows(codes[7:8], 1)
    assert (found.rows.tolist(), found.distances.tolist()) == ([7], [0])


def test_ties_without_end_go_by_id():
    ids, _, rng = random_set(2, 5000)
    codes = np.zeros((5000, 32), dtype=np.uint8)
    index = CodeIndex.build(ids, codes)
    for allowed in (None, rng.random(5000) < 0.6, rng.random(5000) < 0.05):
        (hits,) = index.search(codes[:1], 20, allowed=allowed)
        expected = np.sort(ids if allowed is None else ids[allowed])[:20]
        assert [hit.id for hit in hits] == expected.tolist()


def test_fewer_than_k_come_back_without_padding():
    index = CodeIndex.build([7, 3], np.array([[0], [255]], dtype=np.uint8))
    (hits,) = index.search(np.array([[1]], dtype=np.uint8), 10)
    assert hits == [Hit(7, 1), Hit(3, 7)]


def test_an_empty_index_answers_with_nothing():
    index = CodeIndex.build([], np.empty((0, 32), dtype=np.uint8))
    allowed = np.empty(0, dtype=bool)
    query = np.zeros((2, 32), dtype=np.uint8)
    assert index.search(query, 5) == [[], []]
    assert index.search(query, 5, allowed=allowed) == [[], []]
    assert index.search(query[:0], 5) == []


def test_an_id_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="id 4 comes more than once"):
        CodeIndex.build([4, 1, 4], np.zeros((3, 2), dtype=np.uint8))


@pytest.mark.parametrize(
    ("ids", "codes"),
    [
        ([1], np.zeros((2, 2), np.uint8)),
        ([1], np.zeros((1, 2), np.int8)),
        ([1], np.zeros(2, np.uint8)),
        ([], np.zeros((0, 0), np.uint8)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(ids, codes):
    with pytest.raises(ValueError, match=r"codes"):
        CodeIndex.build(ids, codes)


def test_misuse_of_search_is_refused():
    index = CodeIndex.build([1], np.zeros((1, 2), dtype=np.uint8))
    query = np.zeros((1, 2), dtype=np.uint8)
    with pytest.raises(ValueError, match="k is -1"):
        index.search(query, -1)
    with pytest.raises(ValueError, match="24 bits, not 16"):
        index.search(np.zeros((1, 3), dtype=np.uint8), 1)
    with pytest.raises(ValueError, match="not bool"):
        index.search(query, 1, allowed=np.ones(2, dtype=bool))
    with pytest.raises(ValueError, match="not bool"):
        index.search(query, 1, allowed=np.ones(1, dtype=np.uint8))
    for ranges in ([(0, 2)], [(-1, 1)], [(1, 0)]):
        with pytest.raises(ValueError, match="not ascending within 1 rows"):
            index.search(query, 1, allowed=RowFilter(ranges))


def test_codes_cannot_be_written_through_the_view():
    index = CodeIndex.build([1], np.zeros((1, 2), dtype=np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        index.codes[0, 0] = 1


def test_codes_outlive_their_index():
    codes = CodeIndex.build([1], np.full((1, 64), 7, dtype=np.uint8)).codes
    CodeIndex.build(np.arange(500), np.zeros((500, 64), dtype=np.uint8))
    assert (codes == 7).all()


def test_eight_threads_search_at_once_each_with_its_own_bitmap():
    ids, codes, rng = random_set(3, 3000, levels=4)
    index = CodeIndex.build(ids, codes)
    shares = (0.02, 0.2, 0.5, 0.9)
    bitmaps = [rng.random(3000) < shares[turn % 4] for turn in range(64)]
    expected = [brute_force(ids, codes, codes[5], 50, bitmap) for bitmap in bitmaps]

    def search(turn):
        return index.search(codes[5:6], 50, allowed=bitmaps[turn])[0] == expected[turn]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(search, [*range(64)] * 5))


@pytest.mark.parametrize("n", [0, 1, 257])
def test_a_saved_index_answers_the_same_when_loaded(tmp_path, n):
    ids, codes, rng = random_set(n, n, levels=3)
    built = CodeIndex.build(ids, codes)
    built.save(tmp_path / "index")
    loaded = CodeIndex.load(tmp_path / "index")
    allowed = rng.random(n) < 0.5
    queries = rng.integers(0, 3, (4, 4), dtype=np.uint8)
    assert np.array_equal(loaded.ids, built.ids)
    assert np.array_equal(loaded.codes, built.codes)
    for bitmap in (None, allowed):
        answer = loaded.search(queries, 20, allowed=bitmap)
        assert answer == built.search(queries, 20, allowed=bitmap)


@pytest.fixture
def saved(tmp_path):
    ids, codes, _ = random_set(0, 100)
    CodeIndex.build(ids, codes).save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["codes.faiss", "ids.npy", "index.json"])
@pytest.mark.parametrize("harm", ["removed", "truncated", "emptied", "flipped"])
def test_a_harmed_file_is_noticed(saved, name, harm):
    path = saved / name
    content = path.read_bytes()
    path.unlink()
    if harm == "truncated":
        path.write_bytes(content[:-7])
    if harm == "emptied":
        path.write_bytes(b"")
    if harm == "flipped":
        middle = content.index(b"semblance") if name == "index.json" else 300
        changed = bytes([content[middle] ^ 1])
        path.write_bytes(content[:middle] + changed + content[middle + 1 :])
    with pytest.raises(IndexFileError):
        CodeIndex.load(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "semblance-index-0"},
        {"n": 99},
        {"n_bits": 64},
        {"n": "100"},
        {"files": {}},
        {"files": []},
    ],
)
def test_contents_that_do_not_fit_the_files_are_noticed(saved, change):
    path = saved / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(IndexFileError):
        CodeIndex.load(saved)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(IndexFileError, match="nowhere"):
        CodeIndex.load(tmp_path / "nowhere")


FORKING = """
import os, numpy as np
from hashing import CodeIndex
codes = np.random.default_rng(0).integers(0, 256, (20000, 32), dtype=np.uint8)
index = CodeIndex.build(np.arange(20000), codes)
index.search(codes[:64], 10)
child = os.fork()
if child == 0:
    os._exit(0 if index.search(codes[:64], 10)[9][0].id == 9 else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_searches_after_its_parent_did():
    run = subprocess.run([sys.executable, "-c", FORKING], timeout=20, check=False)
    assert run.returncode == 0
