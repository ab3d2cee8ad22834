"""The share of nearest neighbours by embedding that codes keep; without labels."""

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, hamming
from hashing.embeddings import Embeddings, l2_normalise
from hashing.layers.hash_layer import HashLayer

NEIGHBOURS = 10


def layer_recall(
    layer: HashLayer, queries: Embeddings, gallery: Embeddings, *, k: int = NEIGHBOURS
) -> float:
    """Return `neighbour_recall` of a layer's codes of queries and gallery."""
    codes = layer.codes(queries), layer.codes(gallery)
    return neighbour_recall(*codes, queries, gallery, k=k)


def neighbour_recall(
    query_codes: Codes,
    gallery_codes: Codes,
    queries: Embeddings,
    gallery: Embeddings,
    *,
    k: int = NEIGHBOURS,
) -> float:
    """Return the share of each query's k nearest by cosine among its k nearest by code.

    Ties at the last place count by expectation; k is at most the size of the gallery.
    Raises ValueError without queries or gallery.
    """
    k = min(k, len(gallery))
    if k == 0 or len(queries) == 0:
        raise ValueError(f"{len(queries)} queries in a gallery of {len(gallery)}")
    cosines = l2_normalise(queries) @ l2_normalise(gallery).T  # (queries, gallery)
    nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    recalls = [
        _recall_of_one(code[np.newaxis], gallery_codes, rows, k)
        for code, rows in zip(query_codes, nearest, strict=True)
    ]
    return float(np.mean(recalls))


def _recall_of_one(
    code: Codes, gallery_codes: Codes, nearest: npt.NDArray[np.intp], k: int
) -> float:
    """Return the recall of one query (1, n_bits // 8), whose k nearest are given."""
    distances = hamming(code, gallery_codes)[0]
    last = np.partition(distances, k - 1)[k - 1]
    n_nearer = int((distances < last).sum())
    n_tied = int((distances == last).sum())
    chance = (k - n_nearer) / n_tied  # that one of the tied is among the k
    n_found = (distances[nearest] < last).sum()
    n_expected = chance * (distances[nearest] == last).sum()
    return float(n_found + n_expected) / k
