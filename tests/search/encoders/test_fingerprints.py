"""Law 6: codes of two encoders meet in no path.

Beside the encoder that serves lives another. Its rows are a trap: one product has in
them the very code and embedding that is asked for, though it looks like nothing of the
kind. Whoever reads them finds that product at no distance.
"""

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from catalogue.media.images import open_photo
from catalogue.models import Product, ProductImage
from hashing import IndexFileError
from search import changes
from search.answers.query import Query
from search.answers.similar import (
    ranking,
    similar_to_photo,
    similar_to_product,
    similar_to_query,
)
from search.duplicates import finding
from search.encoders import filling, registry
from search.engines.engine import current_gallery
from search.engines.verification import compare
from search.errors import ForeignEncoder
from search.gallery.on_disk import snapshots
from search.models import ImageCode, Snapshot
from search.models.duplicates import Resemblance
from search.rollout import switching
from tests.builders import make_image
from tests.search import variants
from tests.search.asking import API
from tests.search.shops import open_shop

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

ASKED = 2  # the seed of the picture that is asked for


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """Return the fingerprint of the other one, which has a code of every picture."""
    open_shop(6)
    row = switching.add(variants.refitted(tmp_path / "refitted"))
    filling.fill(row)
    return row.fingerprint


@pytest.fixture
def query(foreign: str) -> Query:
    """Return what serves makes of the picture that is asked for."""
    return Query.from_token(similar_to_photo(photo()).query)


@pytest.fixture
def trap(foreign: str, query: Query) -> Product:
    """Return the product least like it, with its code among the other encoder's."""
    farthest = Product.objects.get(pk=ranking(query)[-1])
    rows = ImageCode.objects.by(foreign).filter(image__product=farthest)
    rows.update(code=query.codes.tobytes(), embedding=query.embedding.tobytes())
    changes.record([farthest.pk])
    return farthest


def photo() -> Any:
    return open_photo(BytesIO(make_image(ASKED)))


def asked_product() -> Product:
    return Product.objects.get(name=f"Thing {ASKED}")


def from_device(query: Query) -> list[int]:
    body = {
        "encoder": query.encoder,
        "code": base64.b64encode(query.codes.tobytes()).decode(),
        "embedding": base64.b64encode(query.embedding.tobytes()).decode(),
    }
    answer = APIClient().post(f"{API}search/code/", body, format="json").json()
    return [result["product"]["id"] for result in answer["results"]]


def after_a_rebuild(query: Query) -> list[int]:
    assert snapshots.build() is not None
    return ranking(query)


def like_the_product(query: Query) -> list[int]:
    return [result.product.pk for result in similar_to_product(asked_product())]


def resembling(query: Query) -> list[int]:
    image = asked_product().images.get()
    finding.compare(image)
    pairs = Resemblance.objects.filter(newer=image) | Resemblance.objects.filter(
        older=image
    )
    return [
        ProductImage.objects.get(pk=pk).product_id
        for pair in pairs
        for pk in (pair.newer_id, pair.older_id)
    ]


PATHS: dict[str, Callable[[Query], list[int]]] = {
    "a photo": lambda query: [r.product.pk for r in similar_to_photo(photo()).results],
    "a token": lambda query: [
        r.product.pk for r in similar_to_query(query.token()).results
    ],
    "a device": from_device,
    "a product": like_the_product,
    "golden queries": ranking,
    "after a rebuild": after_a_rebuild,
    "duplicates": resembling,
}


@pytest.mark.parametrize("path", PATHS)
def test_no_path_finds_by_the_other_encoders_codes(
    query: Query, trap: Product, path: str
) -> None:
    found = PATHS[path](query)
    assert found[:1] != [trap.pk]
    assert path == "duplicates" or len(found) >= 5
    assert path != "duplicates" or trap.pk not in found


def test_the_comparison_with_the_database_looks_at_those_that_serve(
    trap: Product,
) -> None:
    current_gallery()
    assert compare(0).differences == []


def refused_device(query: Query) -> None:
    body = {"encoder": query.encoder, "code": "AA==", "embedding": "AA=="}
    answer = APIClient().post(f"{API}search/code/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "foreign_encoder")
    raise ForeignEncoder(query.encoder)


@pytest.mark.parametrize(
    "ask",
    [
        lambda query: similar_to_query(query.token()),
        refused_device,
        lambda query: current_gallery().search(query, 5),
        lambda query: current_gallery(registry.serving().fingerprint).search(query, 5),
    ],
    ids=["a token", "a device", "the gallery", "the gallery by name"],
)
def test_a_query_of_the_other_encoder_is_refused_everywhere(
    foreign: str, ask: Callable[[Query], object]
) -> None:
    with pytest.raises(ForeignEncoder):
        ask(Query(foreign, np.ones(registry.encoder().card.dim, np.int8)))


def test_a_snapshot_of_the_other_encoder_is_not_taken_for_ones_own(
    foreign: str,
) -> None:
    snapshot = Snapshot.objects.serving(registry.serving().fingerprint).first()
    assert snapshot is not None
    snapshot.encoder = foreign
    with pytest.raises(IndexFileError):
        snapshots.load(snapshot)
