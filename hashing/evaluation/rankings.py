"""Rank a gallery by every stage of a search, and by the baselines that it has to beat.

code        Hamming distance between the shipped codes
asymmetric  the query's real-valued projection against the gallery's codes; linear
            layers only
rerank      the 200 nearest codes, with those that tie with the 200th, sorted by cosine
            between int8 embeddings: what the shop does
float       cosine between embeddings before rounding
features    cosine between the network's pooled features, nothing fitted
itq         Hamming distance, with a hash layer fitted to this gallery
lsh         Hamming distance, random hyperplanes through the mean of `features`
histogram   cosine between colour histograms
classifier  the class that a linear classifier on `features` predicts, as a code
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hashing.arrays import BoolArray, Float64Array, IntArray
from hashing.codes import Codes, hamming, unpack
from hashing.embeddings import Embeddings, l2_normalise, quantise_embeddings
from hashing.encoder import Encoder, Features
from hashing.evaluation.classifier import fit_classifier
from hashing.evaluation.metrics import QueryFigures, equal_pairs
from hashing.layers.hash_layer import HashLayer
from hashing.layers.itq import fit_itq
from hashing.layers.linear import LinearHashLayer, recentre
from hashing.layers.lsh import random_hyperplanes
from hashing.picture_sets import PictureSet

SHORTLIST = 200
LENGTH_STEP = 32  # bits by which prefixes grow

Scores = Float64Array  # (queries, gallery), higher is nearer
RankingScores = tuple[str, int | None, Scores]  # name, bits, scores


@dataclass(frozen=True)
class EncodedSet:
    """A set of pictures, encoded and labelled: the queries, or the gallery."""

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
    ) -> "EncodedSet":
        """Encode every picture of a set, or an altered copy of each."""
        images = pictures.altered_pictures() if altered else pictures.pictures()
        features = encoder.features(images)
        embeddings = quantise_embeddings(features.embedding)
        codes = encoder.layer.codes(embeddings)
        return cls(features, embeddings, codes, pictures.column(label), pictures.keys)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.intp]) -> "EncodedSet":
        """Return some of its pictures."""
        whole = self.features
        return EncodedSet(
            Features(whole.embedding[rows], whole.item[rows], whole.look[rows]),
            self.embeddings[rows],
            self.codes[rows],
            [self.labels[row] for row in rows],
            tuple(self.keys[row] for row in rows),
        )


def exclude(pictures: EncodedSet, keys: Sequence[str]) -> EncodedSet | None:
    """Return the pictures without those keys; None if fewer than two classes remain."""
    remaining = pictures.take(np.flatnonzero(~np.isin(pictures.keys, keys)))
    return remaining if len({*remaining.labels}) > 1 else None


def same_picture_pairs(queries: EncodedSet, gallery: EncodedSet) -> BoolArray:
    """Mark the pairs (queries, gallery) that are the same picture."""
    return equal_pairs(queries.keys, gallery.keys)


def count_answerable(queries: EncodedSet, gallery: EncodedSet) -> int:
    """Count the queries with a right answer in the gallery; others count as zero."""
    return int((count_right_answers(queries, gallery) > 0).sum())


def count_right_answers(queries: EncodedSet, gallery: EncodedSet) -> IntArray:
    """Count the right answers in the gallery for each query: (queries,)."""
    is_same_label = equal_pairs(queries.labels, gallery.labels)
    counts: IntArray = (is_same_label & ~same_picture_pairs(queries, gallery)).sum(1)
    return counts


def measure_rankings(
    layer: HashLayer, queries: EncodedSet, gallery: EncodedSet
) -> list[dict[str, Any]]:
    """Measure every ranking, one row each; no query finds its own picture."""
    is_itself = same_picture_pairs(queries, gallery)
    labels = {"query_labels": queries.labels, "gallery_labels": gallery.labels}
    return [
        {
            "ranking": name,
            "n_bits": n_bits,
            **QueryFigures.from_scores(
                np.where(is_itself, -np.inf, scores), **labels
            ).means(),
        }
        for name, n_bits, scores in score_rankings(layer, queries, gallery)
    ]


def score_rankings(
    layer: HashLayer,
    queries: EncodedSet,
    gallery: EncodedSet,
    *,
    classifier_set: EncodedSet | None = None,
) -> Iterator[RankingScores]:
    """Yield name, bits and scores (queries, gallery) of every ranking.

    classifier_set: what the baseline `classifier` learns from; left out without it.
    """
    n_bits = layer.n_bits
    by_code = code_similarity(queries.codes, gallery.codes)
    by_embedding = cosines(queries.embeddings, gallery.embeddings)
    ours, theirs = queries.features, gallery.features
    yield "code", n_bits, by_code
    if isinstance(layer, LinearHashLayer):
        scores = asymmetric_similarity(layer, queries.embeddings, gallery.codes)
        yield "asymmetric", n_bits, scores
    yield "rerank", n_bits, rerank(by_code, by_embedding)
    yield "float", None, cosines(ours.embedding, theirs.embedding)
    yield "features", None, cosines(ours.item, theirs.item)
    if can_fit_itq(layer, gallery, n_bits):
        yield "itq", n_bits, code_similarity(*_itq_codes(queries, gallery, n_bits))
    yield "lsh", n_bits, code_similarity(*_lsh_codes(queries, gallery, n_bits))
    yield "histogram", None, cosines(ours.look, theirs.look)
    if classifier_set is not None:
        classify = fit_classifier(classifier_set.features.item, classifier_set.labels)
        classes = [[*map(str, classify(each.item))] for each in (ours, theirs)]
        yield "classifier", classify.n_bits, equal_pairs(*classes).astype(np.float64)


def score_lengths(
    layer: HashLayer, queries: EncodedSet, gallery: EncodedSet
) -> Iterator[RankingScores]:
    """Yield the rankings code, itq and lsh for shorter codes.

    Of the shipped code the first bits are taken; the others are fitted to each length.
    """
    for n_bits in range(LENGTH_STEP, layer.n_bits + 1, LENGTH_STEP):
        n_bytes = n_bits // 8
        prefixes = [side.codes[:, :n_bytes] for side in (queries, gallery)]
        yield "code", n_bits, code_similarity(*prefixes)
        if can_fit_itq(layer, gallery, n_bits):
            yield "itq", n_bits, code_similarity(*_itq_codes(queries, gallery, n_bits))
        yield "lsh", n_bits, code_similarity(*_lsh_codes(queries, gallery, n_bits))


def can_fit_itq(layer: HashLayer, gallery: EncodedSet, n_bits: int) -> bool:
    """Check that a gallery is large enough to learn a rotation to n_bits."""
    return len(gallery) >= n_bits <= layer.dim


def _itq_codes(queries: EncodedSet, gallery: EncodedSet, n_bits: int) -> list[Codes]:
    layer = fit_itq(gallery.embeddings, n_bits, prefixes=False)
    return [layer.codes(side.embeddings) for side in (queries, gallery)]


def _lsh_codes(queries: EncodedSet, gallery: EncodedSet, n_bits: int) -> list[Codes]:
    items = [quantise_embeddings(side.features.item) for side in (queries, gallery)]
    layer = recentre(random_hyperplanes(items[1].shape[1], n_bits), items[1])
    return [layer.codes(item) for item in items]


def code_similarity(queries: Codes, gallery: Codes) -> Scores:
    """Return 1 - 2 · share of differing bits: 1 for equal codes, -1 for opposite."""
    n_bits = 8 * queries.shape[1]
    similarity: Scores = 1 - 2 * hamming(queries, gallery) / n_bits
    return similarity


def cosines(queries: npt.NDArray[Any], gallery: npt.NDArray[Any]) -> Scores:
    """Compute the cosines between queries (q, dim) and gallery (g, dim)."""
    products: Scores = (l2_normalise(queries) @ l2_normalise(gallery).T).astype(
        np.float64
    )
    return products


def asymmetric_similarity(
    layer: LinearHashLayer, queries: Embeddings, gallery: Codes
) -> Scores:
    """Compute cosines between the queries' projections and the gallery's bits, ±1."""
    return cosines(layer.project(queries), unpack(gallery) * 2.0 - 1.0)


def rerank(by_code: Scores, by_embedding: Scores) -> Scores:
    """Score the shortlist by embedding; others stay behind it, ordered by code."""
    size = min(SHORTLIST, by_code.shape[1])
    border = -np.partition(-by_code, size - 1, axis=1)[:, size - 1 : size]
    # Both similarities are in -1..1: minus 3 is behind every shortlisted entry.
    return np.where(by_code >= border, by_embedding, by_code - 3)


def find_row(rows: Sequence[dict[str, Any]], ranking: str) -> dict[str, Any]:
    """Return the row of a ranking; raises KeyError if it was not measured."""
    return {row["ranking"]: row for row in rows}[ranking]
