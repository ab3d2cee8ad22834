"""What every gallery answers, whichever engine holds its codes."""

from datetime import datetime
from typing import Protocol

from search.changes import Position
from search.encoders.encoded_query import EncodedQuery
from search.gallery.calibration import Curves
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.neighbours import Shortlist


class Gallery(Protocol):
    """What can be found as of the last commit.

    It is immutable: a search that has begun is not disturbed by the next change.
    """

    @property
    def name(self) -> str: ...
    @property
    def encoder(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def position(self) -> Position: ...
    @property
    def changed_products(self) -> frozenset[int]: ...
    @property
    def pending(self) -> int:
        """How many products changed since its base was made."""
        ...

    @property
    def curves(self) -> Curves | None: ...
    def __len__(self) -> int: ...
    def search(
        self, query: EncodedQuery, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist:
        """Return the k nearest pictures that the filters allow.

        They are ordered by distance, then image id; fewer than k are returned only
        where fewer are allowed. Raises ForeignEncoder for another encoder's query.
        """
        ...
