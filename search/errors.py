"""What search raises for its callers.

SearchError
├── SearchUnavailable   cannot answer now; later may work: no snapshot, no encoder
├── QueryExpired        the token is unknown, altered or too old: send the photo again
├── ForeignEncoder      made by another encoder than the one that serves
├── WrongLength         code or embedding of a device: not as long as its encoder's
├── UnknownProduct      feedback on a product that is not on sale
├── NotAnswered         feedback on a product that did not answer the query
├── KeyReused           an Idempotency-Key that came with another body before
├── CodeMismatch        code and embedding of a device do not belong together
├── NewerSnapshot       one was published since staff looked
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

    def __init__(self, fingerprint: str) -> None:
        super().__init__(fingerprint)
        self.fingerprint = fingerprint


class WrongLength(SearchError):
    """A device's code or embedding, `name`, has not the `expected` number of bytes."""

    def __init__(self, name: str, expected: int) -> None:
        super().__init__(name, expected)
        self.name = name
        self.expected = expected


class UnknownProduct(SearchError):
    """There is no such product on sale."""


class NotAnswered(SearchError):
    """The product is not in the answer to this query."""


class KeyReused(SearchError):
    """The Idempotency-Key came with another body before."""


class CodeMismatch(SearchError):
    """A device's code differs in `bits` from that of the embedding beside it."""

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.bits = bits


class NewerSnapshot(SearchError):
    """Another snapshot serves than the one that staff looked at; its name."""


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
