"""Which views of which pictures a step trains on, with equally many of each product.

A sampler has no state: what a step draws follows from seed and step, so a resumed run
draws what the unbroken one would have drawn.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DrawnView:
    """One view of a step."""

    picture: int  # index in the training set
    view: int  # 0 is the picture itself
    label: int  # of its product


class BalancedSampler:
    """Draws some products each step, and as many views of each."""

    def __init__(
        self,
        pictures: Sequence[int],
        labels: Sequence[str],
        *,
        products: int,
        views: int,
        seed: int,
    ) -> None:
        """Sample from pictures by index; `labels` are their products."""
        grouped: defaultdict[str, list[int]] = defaultdict(list)
        for picture, label in zip(pictures, labels, strict=True):
            grouped[label].append(picture)
        self._by_product = [grouped[label] for label in sorted(grouped)]
        self.n_products = len(self._by_product)  # labels of draws are below it
        self.products = min(products, self.n_products)  # in a step
        self._views = views
        self._seed = seed

    def draw(self, step: int, *, n_views: Sequence[int]) -> list[DrawnView]:
        """Draw the views of a step; `n_views[picture]` is how many there are of each.

        A product's first view is a picture itself, as the gallery holds it.
        """
        rng = np.random.default_rng([self._seed, step])
        draws = []
        for label in self._products_of(step):
            pictures = self._by_product[label]
            for number in range(self._views):
                picture = pictures[int(rng.integers(len(pictures)))]
                view = int(rng.integers(n_views[picture])) if number else 0
                draws.append(DrawnView(picture, view, label))
        return draws

    def _products_of(self, step: int) -> list[int]:
        """Cut one random order of all products after another into steps."""
        count = len(self._by_product)
        first = step * self.products
        epochs = {first // count, (first + self.products - 1) // count}
        orders = {
            epoch: np.random.default_rng([self._seed, 1, epoch]).permutation(count)
            for epoch in epochs
        }
        positions = range(first, first + self.products)
        products = (int(orders[n // count][n % count]) for n in positions)
        # Where two orders meet, a product may come twice: it is drawn once.
        return list(dict.fromkeys(products))
