"""Which views of which pictures a step learns from, each product as often as another.

A sampler holds no state: what a step draws follows from seed and step alone, so a run
that is taken up again draws what the unbroken one would have drawn.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Draw:
    """One picture of a step: its place in the set, its view, and its product."""

    place: int
    view: int  # 0 is the picture itself
    label: int


class BalancedSampler:
    """Some products a step, each with as many views, whatever number of pictures."""

    def __init__(
        self,
        places: Sequence[int],
        labels: Sequence[str],
        *,
        products: int,
        views: int,
        seed: int,
    ) -> None:
        """`places[i]` is a picture of the product `labels[i]`."""
        grouped: defaultdict[str, list[int]] = defaultdict(list)
        for place, label in zip(places, labels, strict=True):
            grouped[label].append(place)
        self._grouped = [grouped[label] for label in sorted(grouped)]
        self.n_products = len(self._grouped)  # labels of draws are below it
        self.products = min(products, self.n_products)
        self._views = views
        self._seed = seed

    def draw(self, step: int, *, n_views: Sequence[int]) -> list[Draw]:
        """What a step learns from; `n_views[place]` says how many views there are.

        The first of a product's draws is a picture itself: what is in the gallery.
        """
        rng = np.random.default_rng([self._seed, step])
        draws = []
        for label in self._products_of(step):
            own = self._grouped[label]
            for turn in range(self._views):
                place = own[int(rng.integers(len(own)))]
                view = int(rng.integers(n_views[place])) if turn else 0
                draws.append(Draw(place, view, label))
        return draws

    def _products_of(self, step: int) -> list[int]:
        """All products in one random order after another, cut into steps."""
        count = len(self._grouped)
        first = step * self.products
        orders = {
            turn: np.random.default_rng([self._seed, 1, turn]).permutation(count)
            for turn in {first // count, (first + self.products - 1) // count}
        }
        wanted = range(first, first + self.products)
        # Where two orders meet a product may come twice; once is enough for a step.
        return list(dict.fromkeys(int(orders[n // count][n % count]) for n in wanted))
