"""A query of words: what was typed, and how it was understood."""

import json
from dataclasses import dataclass
from typing import Self

from django.core import signing

from search.errors import QueryExpired
from search.words.language.tokens import words

SALT = "search.words"
PREFIX = "words."
# As much as is read of what somebody types.
LONGEST = 200


@dataclass(frozen=True)
class WordsQuery:
    """said: as it was typed; ranked: what of it ranks, its slips corrected."""

    said: str
    ranked: str

    @property
    def is_corrected(self) -> bool:
        """Whether slips were forgiven: it ranks by words that were not typed."""
        return not set(words(self.ranked)) <= set(words(self.said))

    def token(self) -> str:
        """Signed; good for ever, since it hangs on nothing but itself."""
        signed = signing.dumps([self.said, self.ranked], salt=SALT, compress=True)
        return f"{PREFIX}{signed}"

    def packed(self) -> bytes:
        """As part of the token of a photo's query."""
        return json.dumps([self.said, self.ranked], ensure_ascii=False).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        return cls(*json.loads(packed))

    @staticmethod
    def is_token(token: str) -> bool:
        return token.startswith(PREFIX)

    @classmethod
    def from_token(cls, token: str) -> Self:
        """Raises QueryExpired for one that is not ours."""
        try:
            said, ranked = signing.loads(token.removeprefix(PREFIX), salt=SALT)
        except (signing.BadSignature, ValueError, json.JSONDecodeError) as error:
            raise QueryExpired("the query is unknown") from error
        return cls(str(said), str(ranked))
