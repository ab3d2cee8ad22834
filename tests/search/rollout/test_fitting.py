"""A hash layer fitted to the shop: measured, added beside, refused if worse."""

import json
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from hashing import hamming
from hashing.embeddings import quantise_embeddings
from hashing.evaluation.neighbour_recall import layer_recall
from hashing.fitting import refitting
from hashing.layers.lsh import random_hyperplanes
from search.answers import matching
from search.answers.query import Query
from search.encoders import registry
from search.gallery.on_disk import snapshots
from search.models import Encoder, ImageCode
from tests.builders import new_product
from tests.search.catalogues import add_coded_image

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def catalogue(count: int, *, seed: int = 0) -> None:
    """Embeddings far to one side of where the shipped thresholds expect them."""
    rng = np.random.default_rng(seed)
    product = new_product()
    centre = 3 * rng.standard_normal(registry.encoder().card.dim)
    for vector in quantise_embeddings(
        centre + rng.standard_normal((count, len(centre)))
    ):
        add_coded_image(product, vector)


def fit(*options: str) -> Any:
    out = StringIO()
    call_command("fit_hash_layer", "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def test_it_is_better_on_pictures_apart_and_switched_to_without_opening_one() -> None:
    catalogue(120)
    snapshots.build()
    old = registry.encoder()
    figures = fit("--name", "ours")
    assert figures["before"] < figures["after"] <= 1
    assert (figures["held_out"], figures["learned_from"]) == (24, 96)
    row = Encoder.objects.get(name="ours")
    assert ImageCode.objects.by(row.fingerprint).count() == 120
    # Its card and its codes go together: each is that of its embedding.
    layer = registry.load(row).layer
    for code in ImageCode.objects.by(row.fingerprint)[:20]:
        query = Query(row.fingerprint, np.frombuffer(code.embedding, np.int8))
        assert layer.codes(query.embedding[np.newaxis]).tobytes() == code.code
    assert registry.encoder() is old


def test_what_is_no_better_is_refused_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue(60)
    monkeypatch.setattr(refitting, "refit_layer", lambda layer, vectors, seed: layer)
    with pytest.raises(CommandError, match="nothing is added"):
        fit()
    assert Encoder.objects.count() == 1


def test_a_shop_of_a_few_pictures_is_told_so() -> None:
    catalogue(5)
    with pytest.raises(CommandError, match="20 are needed"):
        fit()


def test_recall_agrees_with_a_slow_count_over_all_orders_of_ties() -> None:
    rng = np.random.default_rng(3)
    gallery, queries = (
        quantise_embeddings(rng.standard_normal((n, 16))) for n in (40, 5)
    )
    layer = random_hyperplanes(16, 8)  # eight bits: ties everywhere
    shares = []
    for query in queries:
        cosines = (gallery.astype(float) @ query) / np.linalg.norm(gallery, axis=1)
        wanted = set(np.argsort(-cosines)[:10].tolist())
        near = hamming(layer.codes(query[np.newaxis]), layer.codes(gallery))[0]
        orders = [np.lexsort((rng.permutation(40), near))[:10] for _ in range(4000)]
        shares.append(np.mean([len(wanted & set(o.tolist())) / 10 for o in orders]))
    assert layer_recall(layer, queries, gallery) == pytest.approx(
        np.mean(shares), abs=0.01
    )


def twins(*, styles: int, colours: int) -> None:
    """Two pictures of every style in every colour; colours differ a little."""
    rng = np.random.default_rng(0)
    parts = registry.encoder().card.parts
    look = next(part for part in parts if part.name == "look")
    dim = parts[-1].stop
    dyes = 0.1 * rng.standard_normal((colours, look.stop - look.start))
    for _ in range(styles):
        style = rng.standard_normal(dim)
        style[look.start : look.stop] = 0
        for dye in dyes:
            product = new_product()
            for _ in range(2):
                vector = style + 0.3 * rng.standard_normal(dim)
                vector[look.start : look.stop] = 2 * dye
                add_coded_image(product, quantise_embeddings(vector[np.newaxis])[0])


def test_a_shop_of_recoloured_twins_weighs_colours_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twins(styles=8, colours=4)
    better = iter([0.5, 0.6])
    monkeypatch.setattr(refitting, "layer_recall", lambda *sides: next(better))
    figures = fit("--name", "ours")
    assert figures["look"]["factor"] > 1
    ours = registry.load(Encoder.objects.get(name="ours"))
    weights = matching.embedding_weights(ours, "item")
    assert weights is not None
    assert weights[0] == 1 < weights[-1] == figures["look"]["factor"]
    assert matching.embedding_weights(registry.encoder(), "item") is None
