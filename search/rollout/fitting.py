"""A hash layer fitted to this shop's own catalogue, as an encoder beside the serving.

Embeddings are stored, so no picture is opened and no label asked for.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from hashing.embeddings import Embeddings
from hashing.errors import NoImprovement
from hashing.fitting.look_weight import (
    LookWeight,
    choose_look_factor,
    write_look_factor,
)
from hashing.fitting.refitting import (
    MAX_GALLERY,
    MAX_HELD_OUT,
    MIN_EMBEDDINGS,
    FittedLayer,
    fit_hash_layer,
    write_refitted_encoder,
)
from search.encoders import registry
from search.errors import Refused
from search.gallery.reading import IDS_A_QUERY
from search.models import Encoder, ImageCode
from search.rollout import switching


@dataclass(frozen=True)
class Added:
    """An encoder that was fitted, found better and added."""

    row: Encoder
    fitted: FittedLayer
    look: (
        LookWeight  # how much the look counts for the same item, from the shop's twins
    )


def fit(*, name: str | None = None, seed: int = 0) -> Added:
    """Fit, measure, and add what is better. Raises Refused for what is not.

    Also for a catalogue of under twenty pictures: nothing can be measured there.
    """
    serving = registry.keep_first()
    encoder = registry.load(serving)
    vectors, products = stored_pictures(
        serving.fingerprint, limit=MAX_GALLERY + MAX_HELD_OUT, seed=seed
    )
    if len(vectors) < MIN_EMBEDDINGS:
        raise Refused(
            f"{len(vectors)} pictures have codes; {MIN_EMBEDDINGS} are needed"
        )
    try:
        fitted = fit_hash_layer(encoder.layer, vectors, seed=seed)
    except NoImprovement as error:
        raise Refused(f"{error}: nothing is added") from error
    look = choose_look_factor(vectors, products, encoder.card.parts)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "fitted"
        name = name or f"fitted-{timezone.now():%Y%m%d-%H%M%S}"
        write_refitted_encoder(
            serving.folder,
            fitted.learned_from,
            out,
            name=name,
            seed=seed,
            layer=fitted.layer,
        )
        write_look_factor(out, look.factor)
        row = switching.add(out)
    return Added(row, fitted, look)


def stored_pictures(
    fingerprint: str, *, limit: int, seed: int
) -> tuple[Embeddings, npt.NDArray[np.int64]]:
    """Embeddings (n, dim) and products (n,) of so many pictures at most.

    They are drawn by chance, and in an order by chance.
    """
    coded = ImageCode.objects.by(fingerprint).current().filter(code__isnull=False)
    ids = np.array(coded.order_by("pk").values_list("pk", flat=True), np.int64)
    drawn = np.random.default_rng(seed).permutation(ids)[:limit].tolist()
    by_id: dict[int, tuple[bytes | memoryview | None, int]] = {}
    for start in range(0, len(drawn), IDS_A_QUERY):
        some = coded.filter(pk__in=drawn[start : start + IDS_A_QUERY])
        for code in some.select_related("image").only("embedding", "image__product"):
            by_id[code.pk] = (code.embedding, code.image.product_id)
    found = [by_id[pk] for pk in drawn if pk in by_id]
    kept = [(vector, product) for vector, product in found if vector is not None]
    vectors = np.frombuffer(b"".join(vector for vector, _ in kept), np.int8)
    products = np.array([product for _, product in kept], np.int64)
    return vectors.reshape(len(kept), -1), products
