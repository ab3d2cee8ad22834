"""Codes and galleries without a database, for benchmarks to search."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hashing import Codes, hamming
from hashing.picture_sets import PictureSet
from search.encoders.registry import encoder
from search.gallery.columns import WordColumn, narrow
from search.gallery.on_disk.snapshot_files import read_rows, write
from search.gallery.on_disk.snapshots import LoadedSnapshot
from search.gallery.rows import Rows
from search.gallery.snapshot_gallery import SnapshotGallery

CATEGORIES = 20  # of the same size: one of them is 5 %
BRANDS = 200
COLOURS = 12
IMAGES_A_PRODUCT = 2


def uniform(n: int, n_bits: int, seed: int = 0) -> Codes:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, n_bits // 8), np.uint8)


@dataclass(frozen=True)
class Clusters:
    """Codes of real pictures, repeated with bits flipped.

    How many are flipped in each is drawn from the pictures' own distances to their
    nearest others, less a margin that fits the two histograms to each other.
    """

    centres: Codes
    shares: npt.NDArray[np.float64]
    margin: float = 0.5

    @classmethod
    def of_pictures(cls, source: Path, n_bits: int) -> "Clusters":
        """Of a picture set, by the shipped encoder; the first n_bits of each code."""
        pictures = list(PictureSet.parse(str(source)).pictures())[:1500]
        codes = np.concatenate(
            [
                encoder().encode(pictures[start : start + 16]).codes
                for start in range(0, len(pictures), 16)
            ]
        )
        codes = np.ascontiguousarray(codes[:, : n_bits // 8])
        distances = hamming(codes, codes)
        np.fill_diagonal(distances, n_bits)
        return cls(codes, distances.min(axis=1) / n_bits)

    def cut(self, n_bits: int) -> "Clusters":
        codes = np.ascontiguousarray(self.centres[:, : n_bits // 8])
        return Clusters(codes, self.shares, self.margin)

    def draw(self, n: int, seed: int = 0) -> Codes:
        rng = np.random.default_rng(seed)
        n_bytes = self.centres.shape[1]
        drawn = np.empty((n, n_bytes), np.uint8)
        for start in range(0, n, 50_000):
            some = min(50_000, n - start)
            centres = self.centres[rng.integers(0, len(self.centres), some)]
            # A byte is coarse enough for a share, and quick to draw.
            flips = rng.integers(0, 256, (some, n_bytes * 8), np.uint8)
            shares = rng.choice(self.shares, some) * self.margin * 256
            drawn[start : start + some] = centres ^ np.packbits(
                flips < shares.astype(np.uint8)[:, None], axis=1
            )
        return drawn

    def histograms(self) -> dict[str, list[float]]:
        """Deciles of the nearest other's distance: of pictures, of as many drawn."""
        n_bits = self.centres.shape[1] * 8
        drawn = self.draw(len(self.centres), 1)
        distances = hamming(drawn, drawn)
        np.fill_diagonal(distances, n_bits)
        deciles = np.arange(0.1, 1, 0.1)
        nearest = distances.min(axis=1) / n_bits
        return {
            "pictures": np.quantile(self.shares, deciles).round(3).tolist(),
            "drawn": np.quantile(nearest, deciles).round(3).tolist(),
        }


def a_gallery(codes: Codes, folder: Path, *, changed: int) -> SnapshotGallery:
    """Written as a snapshot and loaded from it, with so many changed products."""
    rows = _rows(codes)
    fingerprint = encoder().fingerprint
    write(rows, folder / "snapshot", fingerprint=fingerprint)
    found, index = read_rows(folder / "snapshot", fingerprint)
    now = datetime.now(UTC)
    loaded = SnapshotGallery.of(
        LoadedSnapshot("bench", fingerprint, 0, now, found, index)
    )
    products = np.random.default_rng(1).choice(rows.product_id, changed)
    touched = np.flatnonzero(np.isin(rows.product_id, products))
    return loaded.changed(np.unique(products).tolist(), rows.take(touched))


def _rows(codes: Codes) -> Rows:
    n = len(codes)
    rng = np.random.default_rng(0)
    products = np.arange(n) // IMAGES_A_PRODUCT
    n_products = int(products[-1]) + 1
    return Rows(
        image_id=rng.permutation(n).astype(np.int64),
        product_id=products,
        category_id=products * CATEGORIES // n_products,
        price=narrow(rng.integers(0, 100_00, n_products)[products]),
        in_stock=(rng.random(n_products) < 0.8)[products],
        codes=codes,
        embeddings=rng.integers(-127, 128, (n, encoder().card.dim), np.int8),
        words={
            "brand": WordColumn(
                narrow(rng.integers(0, BRANDS, n_products)[products]),
                tuple(f"brand {number:03}" for number in range(BRANDS)),
            ),
            "colour": WordColumn(
                narrow(rng.integers(0, COLOURS, n_products)[products]),
                tuple(f"colour {number:02}" for number in range(COLOURS)),
            ),
        },
    )
