"""Rank a gallery by every stage of a search, and by what that has to beat.

rankings
    code        Hamming distance between the codes that are shipped
    asymmetric  the query's real-valued projection against the gallery's codes
    rerank      the 200 nearest codes, sorted by cosine between int8 embeddings: what
                the shop does; what ties with the 200th is taken in
    float       cosine between embeddings as they leave the network
    features    cosine between the network's pooled features, nothing fitted
    itq         Hamming, with the hash layer fitted to this gallery
    lsh         Hamming, random hyperplanes through the gallery's mean of `features`
    histogram   cosine between colour histograms
    classifier  the class that a linear classifier on `features` predicts, as a code
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, hamming, unpack
from hashing.data import PictureSet
from hashing.encoder import Encoder, Features
from hashing.evaluation.classifying import fit_classifier
from hashing.evaluation.metrics import Measured, same
from hashing.layers.itq import fit_itq, recentre
from hashing.layers.linear import Embeddings, HashLayer, quantise, unit
from hashing.layers.lsh import random_layer

SHORTLIST = 200
LENGTH = 32  # bits by which prefixes grow

Scores = npt.NDArray[np.float64]  # (queries, gallery), higher is nearer
Ranked = tuple[str, int | None, Scores]  # name, bits, scores


@dataclass(frozen=True)
class Side:
    """Queries or gallery, encoded."""

    features: Features
    embeddings: Embeddings
    codes: Codes
    labels: list[str]
    keys: tuple[str, ...]  # equal for the same picture

    @classmethod
    def encode(
        cls,
        encoder: Encoder,
        pictures: PictureSet,
        label: str,
        *,
        altered: bool = False,
    ) -> "Side":
        """Let the encoder see every picture of a set, or an altered copy of each."""
        images = pictures.altered() if altered else pictures.pictures()
        features = encoder.features(images)
        embeddings = quantise(features.embedding)
        codes = encoder.layer.codes(embeddings)
        return cls(features, embeddings, codes, pictures.column(label), pictures.keys)

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, rows: npt.NDArray[np.intp]) -> "Side":
        """Some of its pictures."""
        seen = self.features
        return Side(
            Features(seen.embedding[rows], seen.item[rows], seen.look[rows]),
            self.embeddings[rows],
            self.codes[rows],
            [self.labels[row] for row in rows],
            tuple(self.keys[row] for row in rows),
        )


def without(side: Side, keys: Sequence[str]) -> Side | None:
    """The pictures that are none of these; None if no two classes are left."""
    left = side.of(np.flatnonzero(~np.isin(side.keys, keys)))
    return left if len({*left.labels}) > 1 else None


def itself(queries: Side, gallery: Side) -> npt.NDArray[np.bool_]:
    """Which of the gallery is the query's own picture: (queries, gallery)."""
    return same(queries.keys, gallery.keys)


def answerable(queries: Side, gallery: Side) -> int:
    """Queries to which the gallery holds a right answer; the others count as zero."""
    return int((right_answers(queries, gallery) > 0).sum())


def right_answers(queries: Side, gallery: Side) -> npt.NDArray[np.int64]:
    """How many of them the gallery holds for each query (queries,)."""
    right = same(queries.labels, gallery.labels) & ~itself(queries, gallery)
    counts: npt.NDArray[np.int64] = right.sum(axis=1)
    return counts


def measure(layer: HashLayer, queries: Side, gallery: Side) -> list[dict[str, Any]]:
    """One row of figures for each ranking, each query taken out of the gallery."""
    own = itself(queries, gallery)
    labels = {"query_labels": queries.labels, "gallery_labels": gallery.labels}
    return [
        {
            "ranking": name,
            "n_bits": n_bits,
            **Measured.of(np.where(own, -np.inf, scores), **labels).means(),
        }
        for name, n_bits, scores in rankings(layer, queries, gallery)
    ]


def rankings(
    layer: HashLayer, queries: Side, gallery: Side, *, taught: Side | None = None
) -> Iterator[Ranked]:
    """Name, bits and scores (queries, gallery) of every ranking."""
    n_bits = layer.n_bits
    by_code = closeness(queries.codes, gallery.codes)
    by_embedding = cosines(queries.embeddings, gallery.embeddings)
    asked, found = queries.features, gallery.features
    yield "code", n_bits, by_code
    yield "asymmetric", n_bits, asymmetric(layer, queries.embeddings, gallery.codes)
    yield "rerank", n_bits, rerank(by_code, by_embedding)
    yield "float", None, cosines(asked.embedding, found.embedding)
    yield "features", None, cosines(asked.item, found.item)
    if fits(layer, gallery, n_bits):
        yield "itq", n_bits, closeness(*_refitted(queries, gallery, n_bits))
    yield "lsh", n_bits, closeness(*_hyperplanes(queries, gallery, n_bits))
    yield "histogram", None, cosines(asked.look, found.look)
    if taught is not None:
        classify = fit_classifier(taught.features.item, taught.labels)
        classes = [[*map(str, classify(side.item))] for side in (asked, found)]
        yield "classifier", classify.n_bits, same(*classes).astype(np.float64)


def by_length(layer: HashLayer, queries: Side, gallery: Side) -> Iterator[Ranked]:
    """Codes of other lengths: prefixes of the shipped one, ITQ and LSH of so many."""
    for n_bits in range(LENGTH, layer.n_bits + 1, LENGTH):
        n_bytes = n_bits // 8
        prefixes = [side.codes[:, :n_bytes] for side in (queries, gallery)]
        yield "code", n_bits, closeness(*prefixes)
        if fits(layer, gallery, n_bits):
            yield "itq", n_bits, closeness(*_refitted(queries, gallery, n_bits))
        yield "lsh", n_bits, closeness(*_hyperplanes(queries, gallery, n_bits))


def fits(layer: HashLayer, gallery: Side, n_bits: int) -> bool:
    """Whether a rotation to so many bits can be learned from a gallery."""
    return len(gallery) >= n_bits <= layer.dim


def _refitted(queries: Side, gallery: Side, n_bits: int) -> list[Codes]:
    layer = fit_itq(gallery.embeddings, n_bits, prefixes=False)
    return [layer.codes(side.embeddings) for side in (queries, gallery)]


def _hyperplanes(queries: Side, gallery: Side, n_bits: int) -> list[Codes]:
    items = [quantise(side.features.item) for side in (queries, gallery)]
    layer = recentre(random_layer(items[1].shape[1], n_bits), items[1])
    return [layer.codes(item) for item in items]


def closeness(queries: Codes, gallery: Codes) -> Scores:
    """One minus twice the share of bits that differ: 1 equal, -1 opposite."""
    n_bits = 8 * queries.shape[1]
    close: Scores = 1 - 2 * hamming(queries, gallery) / n_bits
    return close


def cosines(queries: npt.NDArray[Any], gallery: npt.NDArray[Any]) -> Scores:
    """Cosine between queries (q, dim) and gallery (g, dim)."""
    between: Scores = (unit(queries) @ unit(gallery).T).astype(np.float64)
    return between


def asymmetric(layer: HashLayer, queries: Embeddings, gallery: Codes) -> Scores:
    """Cosine between the queries' projections and the gallery's bits as -1 and 1."""
    return cosines(layer.project(queries), unpack(gallery) * 2.0 - 1.0)


def rerank(by_code: Scores, by_embedding: Scores) -> Scores:
    """Cosine for the shortlist; the others stay behind it, in the order of codes."""
    size = min(SHORTLIST, by_code.shape[1])
    border = -np.partition(-by_code, size - 1, axis=1)[:, size - 1 : size]
    return np.where(by_code >= border, by_embedding, by_code - 3)


def row_of(rows: Sequence[dict[str, Any]], ranking: str) -> dict[str, Any]:
    """The row of a ranking; raises KeyError if it was not measured."""
    return {row["ranking"]: row for row in rows}[ranking]
