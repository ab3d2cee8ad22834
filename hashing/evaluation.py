"""Measure an encoder: every stage of its search, beside what it has to beat.

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
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, hamming, unpack
from hashing.data import PictureSet
from hashing.encoder import Encoder, Features
from hashing.layers.itq import fit_itq, recentre
from hashing.layers.linear import Embeddings, HashLayer, quantise, unit
from hashing.layers.lsh import random_layer
from hashing.metrics import same, summarise

SHORTLIST = 200

Scores = npt.NDArray[np.float64]  # (queries, gallery), higher is nearer


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


def evaluate(
    encoder: Encoder, *, gallery: PictureSet, queries: PictureSet, label: str
) -> dict[str, Any]:
    """The report of a measurement, as it goes into `report.json`."""
    found = Side.encode(encoder, gallery, label)
    asked = found if gallery == queries else Side.encode(encoder, queries, label)
    return {
        "encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint},
        "gallery": gallery.text,
        "queries": queries.text,
        "label": label,
        "n_queries": len(asked),
        "n_gallery": len(found),
        "n_answerable": answerable(asked, found),
        "rows": measure(encoder.layer, asked, found),
        "codes": describe(found.codes),
    }


def answerable(queries: Side, gallery: Side) -> int:
    """Queries to which the gallery holds a right answer; the others count as zero."""
    right = same(queries.labels, gallery.labels) & ~same(queries.keys, gallery.keys)
    return int(right.any(axis=1).sum())


def measure(layer: HashLayer, queries: Side, gallery: Side) -> list[dict[str, Any]]:
    """One row of figures for each ranking, each query taken out of the gallery."""
    itself = same(queries.keys, gallery.keys)
    rows = []
    for name, n_bits, scores in rankings(layer, queries, gallery):
        figures = summarise(
            np.where(itself, -np.inf, scores),
            query_labels=queries.labels,
            gallery_labels=gallery.labels,
        )
        rows.append({"ranking": name, "n_bits": n_bits, **figures})
    return rows


def rankings(
    layer: HashLayer, queries: Side, gallery: Side
) -> list[tuple[str, int | None, Scores]]:
    """Name, bits and scores (queries, gallery) of every ranking."""
    n_bits = layer.n_bits
    by_code = closeness(queries.codes, gallery.codes)
    by_embedding = cosines(queries.embeddings, gallery.embeddings)
    asked, found = queries.features, gallery.features
    rows: list[tuple[str, int | None, Scores]] = [
        ("code", n_bits, by_code),
        ("asymmetric", n_bits, asymmetric(layer, queries.embeddings, gallery.codes)),
        ("rerank", n_bits, rerank(by_code, by_embedding)),
        ("float", None, cosines(asked.embedding, found.embedding)),
        ("features", None, cosines(asked.item, found.item)),
    ]
    if len(gallery) >= n_bits <= layer.dim:
        refitted = fit_itq(gallery.embeddings, n_bits)
        rows.append(("itq", n_bits, _hashed(refitted, queries, gallery)))
    lsh = recentre(random_layer(found.item.shape[1], n_bits), quantise(found.item))
    codes = [lsh.codes(quantise(side.item)) for side in (asked, found)]
    rows.append(("lsh", n_bits, closeness(*codes)))
    rows.append(("histogram", None, cosines(asked.look, found.look)))
    return rows


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


def describe(codes: Codes) -> dict[str, float]:
    """How evenly codes are used: 0 of bias is best, so is 1 of distinct."""
    ones = unpack(codes).mean(axis=0)
    counts = np.unique(codes, axis=0, return_counts=True)[1]
    return {
        "bias": round(float(np.abs(2 * ones - 1).mean()), 4),
        "distinct": round(len(counts) / len(codes), 4),
        "largest_bucket": int(counts.max()),
    }


def _hashed(layer: HashLayer, queries: Side, gallery: Side) -> Scores:
    return closeness(*(layer.codes(side.embeddings) for side in (queries, gallery)))


def row_of(rows: Sequence[dict[str, Any]], ranking: str) -> dict[str, Any]:
    """The row of a ranking; raises KeyError if it was not measured."""
    return {row["ranking"]: row for row in rows}[ranking]
