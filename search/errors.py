"""What search raises for its callers.

SearchError
├── SearchUnavailable   cannot answer now; later may work: no snapshot, no encoder
├── QueryExpired        the token is unknown, altered or too old: send the photo again
├── ForeignEncoder      made by another encoder than the one that serves
└── Refused             what staff asked for would harm the shop; says why
    └── LosesGoldenQueries  a switch by which saved photos lose their products
"""


class SearchError(Exception):
    """Search cannot answer."""


class SearchUnavailable(SearchError):
    """Cannot answer now; later may work."""


class QueryExpired(SearchError):
    """The query token is unknown, altered or too old."""


class ForeignEncoder(SearchError):
    """The codes were made by another encoder than the one that serves."""


class Refused(SearchError):
    """What staff asked for would harm the shop; the text says why."""


class LosesGoldenQueries(Refused):
    """By this switch, photos that staff saved would not find their products."""

    def __init__(self, name: str, lost: list[str]) -> None:
        super().__init__(
            f"{name} loses {len(lost)} golden "
            f"{'query' if len(lost) == 1 else 'queries'}: {', '.join(lost)}. "
            "Nothing was switched."
        )
        self.lost = lost
