"""How well codes keep the neighbours that the embeddings have. No labels are needed."""

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, hamming
from hashing.layers.linear import Embeddings, HashLayer, unit

NEIGHBOURS = 10


def recall(
    layer: HashLayer, queries: Embeddings, gallery: Embeddings, *, k: int = NEIGHBOURS
) -> float:
    """What `kept` gives for a layer's codes of queries and gallery."""
    codes = layer.codes(queries), layer.codes(gallery)
    return kept(*codes, queries, gallery, k=k)


def kept(
    query_codes: Codes,
    codes: Codes,
    queries: Embeddings,
    gallery: Embeddings,
    *,
    k: int = NEIGHBOURS,
) -> float:
    """Of each query's k nearest by cosine, the share among its k nearest by code.

    What ties at the last place counts by expectation; k is at most the gallery's
    number, which must not be 0.
    """
    k = min(k, len(gallery))
    if k == 0 or len(queries) == 0:
        raise ValueError(f"{len(queries)} queries in a gallery of {len(gallery)}")
    cosines = unit(queries) @ unit(gallery).T  # (queries, gallery)
    nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    shares = [
        _share(code[np.newaxis], codes, wanted, k)
        for code, wanted in zip(query_codes, nearest, strict=True)
    ]
    return float(np.mean(shares))


def _share(code: Codes, codes: Codes, wanted: npt.NDArray[np.intp], k: int) -> float:
    distances = hamming(code, codes)[0]
    last = np.partition(distances, k - 1)[k - 1]
    nearer = int((distances < last).sum())
    tied = int((distances == last).sum())
    found = (distances[wanted] < last).sum()
    chance = (k - nearer) / tied  # that one of the tied is among the k
    return float(found + chance * (distances[wanted] == last).sum()) / k
