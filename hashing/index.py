"""A searchable, immutable set of codes.

On disk an index is a folder: `codes.faiss`, `ids.npy` and, of the kind with lists,
`lists.faiss`, all memory-mapped when loaded, so that their pages are shared between
processes; and `index.json`, which names the format and the digests of the others.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from hashing.codes import Codes
from hashing.errors import IndexFileError
from hashing.indexfiles import read_contents, write_contents
from hashing.lists import LEAST_RECALL, Lists
from hashing.near import NOTHING, Found, Near, by_counting
from hashing.scan import SPARE, TIMES, codes_in, nearest, sampled, scan
from hashing.where import EVERYWHERE, Bitmap, Ids, Stretch, Where

Allowed = Bitmap | Where

FILES = {"codes.faiss", "ids.npy"}
LISTS = "lists.faiss"
GATHER_BELOW = 0.1  # share allowed under which copying the rows is quicker
MOST_STRETCHES = 8  # above which it is, too
TRIES = (1, 8)  # times as many as k asked for, before all that are allowed are read


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: an id and how many bits its code differs from the query's."""

    id: int
    distance: int


class Kind(StrEnum):
    """flat reads all codes and is exact; ivf reads some lists of them (see Lists)."""

    FLAT = "flat"
    IVF = "ivf"


class CodeIndex:
    """Codes by id.

    Nearest first, equal distances by ascending id. Among allowed rows every kind is
    exact; among all, `ivf` has the recall that it was built with. Rows keep the order
    in which they were given: what is often asked for together should lie together.
    Immutable, hence safe to search from several threads at once.
    """

    def __init__(self, ids: Ids, flat: Any, lists: Lists | None = None) -> None:
        """Use `build` or `load`. `flat` is a faiss.IndexBinaryFlat, rows as `ids`."""
        self._ids = ids
        self._flat = flat
        self._codes = codes_in(flat)
        self._lists = lists
        self._sample = sampled(self._codes, [(0, len(ids))])

    @classmethod
    def build(
        cls,
        ids: npt.ArrayLike,
        codes: Codes,
        *,
        kind: str = Kind.FLAT,
        least_recall: float = LEAST_RECALL,
        probes: int | None = None,
    ) -> Self:
        """Index `codes` (n, n_bits // 8) under `ids` (n,).

        n may be 0. Of kind ivf as many lists are read as give the least recall, or
        `probes` of them. Raises ValueError if an id comes twice or shapes do not fit,
        RecallTooLow if ivf would lose more than that.
        """
        id_array = np.array(ids, dtype=np.int64).reshape(-1)
        _check_codes(codes)
        if len(id_array) != len(codes):
            raise ValueError(f"{len(id_array)} ids for {len(codes)} codes")
        ordered = np.sort(id_array)
        twice = ordered[1:][np.diff(ordered) == 0]
        if len(twice):
            raise ValueError(f"id {twice[0]} comes more than once")
        flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        flat.add(np.ascontiguousarray(codes))
        if Kind(kind) == Kind.FLAT or len(codes) == 0:
            return cls(id_array, flat)
        lists = Lists.build(codes, least_recall=least_recall, probes=probes)
        return cls(id_array, flat, lists)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, memory-mapped.

        Raises IndexFileError if something is missing, damaged or of another format.
        Every byte is read once to compare digests.
        """
        expected = read_contents(folder, FILES, optional=LISTS)
        # An empty file cannot be mapped.
        mode: Any = "r" if expected["n"] else None
        try:
            ids = np.load(folder / "ids.npy", mmap_mode=mode, allow_pickle=False)
            # Mapped is immutable: add or remove_ids would kill the process.
            flat = faiss.read_index_binary(
                str(folder / "codes.faiss"), faiss.IO_FLAG_MMAP_IFC
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise IndexFileError(f"{folder} cannot be read: {error}") from error
        found = (len(ids), flat.ntotal, flat.d)
        if found != (expected["n"], expected["n"], expected["n_bits"]):
            raise IndexFileError(f"{folder} holds {found}, index.json says {expected}")
        return cls(np.asarray(ids), flat, _load_lists(folder, expected))

    def save(self, folder: Path) -> None:
        """Write the index into `folder`, made if missing, down to the disk.

        Never save over a folder that may be mapped by somebody: publish a new one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index_binary(self._flat, str(folder / "codes.faiss"))
        np.save(folder / "ids.npy", self._ids)
        facts: dict[str, Any] = {"n": len(self), "n_bits": self.n_bits}
        if self._lists is None:
            write_contents(folder, sorted(FILES), facts)
            return
        self._lists.save(folder / LISTS)
        facts |= {"probes": self._lists.probes, "recall": self._lists.recall}
        write_contents(folder, sorted({*FILES, LISTS}), facts)

    @property
    def ids(self) -> Ids:
        """Ids (n,); row i of `codes` belongs to ids[i]. Do not write to it."""
        return self._ids

    @property
    def codes(self) -> Codes:
        """A view of the codes (n, n_bits // 8), memory-mapped after `load`."""
        return self._codes

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return int(self._flat.d)

    @property
    def kind(self) -> Kind:
        return Kind.FLAT if self._lists is None else Kind.IVF

    @property
    def recall(self) -> float:
        """Of a search among all rows, measured on a sample when it was built."""
        return 1.0 if self._lists is None else self._lists.recall

    @property
    def probes(self) -> tuple[int, int] | None:
        """How many lists a search reads, of how many; None where there are none."""
        lists = self._lists
        return None if lists is None else (lists.probes, lists.n_lists)

    def __len__(self) -> int:
        return len(self._ids)

    def search(
        self, queries: Codes, k: int, *, allowed: Allowed | None = None
    ) -> list[list[Hit]]:
        """The k nearest of each query (q, n_bits // 8), among the allowed rows.

        Nearest first, equal distances by ascending id; fewer than k where fewer exist
        or are allowed. `allowed` is a Where, or a bitmap with one entry per row.
        """
        return [
            [
                Hit(*hit)
                for hit in zip(
                    self._ids[found.rows].tolist(),
                    found.distances.tolist(),
                    strict=True,
                )
            ]
            for found in self.search_rows(queries, k, allowed=allowed)
        ]

    def search_rows(
        self,
        queries: Codes,
        k: int,
        *,
        allowed: Allowed | None = None,
        live: Bitmap | None = None,
    ) -> list[Found]:
        """As `search`, by the rows of the index instead of ids.

        live: rows that still hold, an entry for each. It limits as `allowed` does, but
        does not ask of an ivf to be exact.
        """
        _check_codes(queries)
        if queries.shape[1] * 8 != self.n_bits:
            raise ValueError(f"query of {queries.shape[1] * 8} bits, not {self.n_bits}")
        if k < 0:
            raise ValueError(f"k is {k}")
        where = self._where(allowed)
        if live is not None:
            self._check_bitmap(live)
        stretches = where.within(len(self))
        queries = np.ascontiguousarray(queries)
        # OpenMP counts threads per calling thread, so this must be said in each. One is
        # right for a server: requests are the parallelism, each calling thread would
        # bring a pool of its own, and a pool does not survive a fork (a child hangs).
        faiss.omp_set_num_threads(1)
        return [
            self._nearest(query[np.newaxis], k, where, stretches, live)
            for query in queries
        ]

    def _where(self, allowed: Allowed | None) -> Where:
        if allowed is None:
            return EVERYWHERE
        if isinstance(allowed, Where):
            return allowed
        self._check_bitmap(allowed)
        return Where(keep=allowed.__getitem__)

    def _check_bitmap(self, bitmap: Bitmap) -> None:
        if bitmap.dtype != np.bool_ or bitmap.shape != (len(self),):
            raise ValueError(
                f"a bitmap is {bitmap.dtype} {bitmap.shape}, not bool ({len(self)},)"
            )

    def _nearest(
        self,
        query: Codes,
        k: int,
        where: Where,
        stretches: list[Stretch],
        live: Bitmap | None,
    ) -> Found:
        """Of one query (1, n_bits // 8).

        Where a good share is allowed, ask for more than k and drop what is not: the
        condition is then read for few rows. Else copy the rows that are allowed.
        """
        if k == 0 or not stretches:
            return NOTHING
        share = where.share(stretches)
        if share >= GATHER_BELOW and len(stretches) <= MOST_STRETCHES:
            for times in TRIES:
                near = self._scanned(query, ceil(times * k / share), where, stretches)
                if live is not None:
                    near = near.only(live.take(near.found.rows))
                if where.keep is not None:
                    near = near.only(where.keep(near.found.rows))
                found = near.first(k, self._ids)
                if found is not None:
                    return found
        rows = where.numbers(stretches)
        return self._among(query, k, rows if live is None else rows[live.take(rows)])

    def _scanned(
        self, query: Codes, k: int, where: Where, stretches: list[Stretch]
    ) -> Near:
        if self._lists is not None and where.is_everywhere:
            return self._lists.scan(query, k)
        of_all = stretches == [(0, len(self))]
        sample = self._sample if of_all else sampled(self._codes, stretches)
        return scan(query, self._codes, k, stretches, sample)

    def _among(self, query: Codes, k: int, rows: Ids) -> Found:
        """The k nearest of these rows."""
        k = min(k, len(rows))
        if k == 0:
            return NOTHING
        codes = self._codes.take(rows, axis=0)  # 60 times as fast as self._codes[rows]
        near = nearest(query, codes, int(TIMES * k) + SPARE, rows)
        found = near.first(k, self._ids)
        if found is None:
            ties = by_counting(query, codes, k)
            found = Found(rows[ties.rows], ties.distances).first(k, self._ids)
        return found


def _load_lists(folder: Path, expected: dict[str, Any]) -> Lists | None:
    if LISTS not in expected["files"]:
        return None
    probes, recall = expected.get("probes"), expected.get("recall")
    if type(probes) is not int or type(recall) is not float:
        raise IndexFileError(f"{folder / 'index.json'} is damaged: probes, recall")
    lists = Lists.load(folder / LISTS, probes=probes, recall=recall)
    if len(lists) != expected["n"]:
        raise IndexFileError(f"{folder / LISTS} holds {len(lists)} codes")
    return lists


def _check_codes(codes: Codes) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] == 0:
        raise ValueError(f"codes are uint8 (n, bytes), got {codes.dtype} {codes.shape}")
