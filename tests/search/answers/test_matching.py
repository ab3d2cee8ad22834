"""What counts where the same item, kind or look is asked for."""

import numpy as np
import pytest

from hashing import Encoder
from hashing.encoder import SHIPPED, load_encoder
from search.answers.matching import WEIGHTS, MatchOn, embedding_weights
from tests.hashing.pictures import picture


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(SHIPPED)


@pytest.mark.parametrize("match_on", [MatchOn.KIND, MatchOn.LOOK])
def test_each_part_is_weighed_as_the_table_says(
    encoder: Encoder, match_on: MatchOn
) -> None:
    found = embedding_weights(encoder, match_on)
    assert found is not None and found.shape == (encoder.card.dim,)
    for part in encoder.card.parts:
        expected = WEIGHTS[match_on].get(part.name, 1.0)
        assert set(found[part.start : part.stop].tolist()) == {np.float32(expected)}


def test_by_look_a_thing_of_its_colour_is_nearer_and_by_kind_of_its_shape(
    encoder: Encoder,
) -> None:
    asked = picture("red", "ellipse")
    others = [picture("red", "rectangle", seed=1), picture("blue", "ellipse", seed=1)]
    query, *found = encoder.encode([asked, *others]).embeddings.astype(float)

    def ahead(match_on: str) -> float:
        """How much nearer the same colour is than the same shape."""
        scale = embedding_weights(encoder, match_on)
        scale = np.ones(encoder.card.dim) if scale is None else scale
        a, *both = (vector * scale for vector in (query, *found))
        same_colour, same_shape = (
            a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in both
        )
        return float(same_colour - same_shape)

    assert ahead(MatchOn.LOOK) > max(0, ahead(MatchOn.ITEM))
    assert ahead(MatchOn.KIND) < ahead(MatchOn.ITEM)
