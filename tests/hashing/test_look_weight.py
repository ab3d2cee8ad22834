"""How much the look counts in a shop."""

import numpy as np
import pytest

from hashing.cards import Part
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.fitting.look_weight import choose_look_factor

PARTS = (Part("item", 0, 8, 1.0), Part("look", 8, 12, 0.5))


def shop(*, items, looks, pictures=3, noise=0.05, seed=0):
    """Return a product for each item in each look, with so many pictures of it."""
    rng = np.random.default_rng(seed)
    things, colours = rng.normal(size=(items, 8)), rng.normal(size=(looks, 4))
    vectors, products = [], []
    for thing in range(items):
        for colour in range(looks):
            for _ in range(pictures):
                item = l2_normalise((things[thing] + noise * rng.normal(size=8))[None])
                look = l2_normalise(
                    (colours[colour] + noise * rng.normal(size=4))[None]
                )
                vectors.append(np.hstack([item[0], 0.1 * look[0]]))
                products.append(thing * looks + colour)
    return quantise_embeddings(np.array(vectors)), np.array(products)


def test_a_shop_of_recoloured_twins_weighs_the_look_more():
    weighed = choose_look_factor(*shop(items=10, looks=4, noise=0.3), PARTS)
    assert weighed.factor > 1
    assert weighed.after > weighed.before
    assert weighed.n_queries == 120


def test_a_shop_whose_colours_mislead_weighs_it_less():
    embeddings, products = shop(items=40, looks=1, noise=0.2)
    rng = np.random.default_rng(1)
    embeddings[:, 8:] = rng.integers(-90, 90, embeddings[:, 8:].shape)
    assert choose_look_factor(embeddings, products, PARTS).factor < 1


def test_one_picture_a_product_keeps_the_weight_as_it_is():
    weighed = choose_look_factor(*shop(items=60, looks=1, pictures=1), PARTS)
    assert (weighed.factor, weighed.n_queries) == (1.0, 0)


def test_no_gain_beyond_chance_keeps_the_weight_as_it_is():
    weighed = choose_look_factor(*shop(items=60, looks=1, noise=0.01), PARTS)
    assert weighed.factor == 1.0
    assert weighed.after == pytest.approx(weighed.before) == pytest.approx(1)
