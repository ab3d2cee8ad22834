"""A query of words: what was typed, and what of it ranks products."""

import json
from dataclasses import dataclass
from typing import Self

from django.core import signing

from search.errors import QueryExpired
from search.words.language.tokens import split_words

SALT = "search.words"
PREFIX = "words."
MAX_CHARACTERS = 200  # that are read of what somebody types


@dataclass(frozen=True)
class WordsQuery:
    """Words as they were typed, and what of them ranks, with its spelling corrected."""

    typed: str
    ranked: str

    @property
    def is_corrected(self) -> bool:
        """Whether spelling was corrected: it ranks by words that were not typed."""
        return not set(split_words(self.ranked)) <= set(split_words(self.typed))

    def token(self) -> str:
        """Return the query signed; the token never expires."""
        fields = [self.typed, self.ranked]
        signed = signing.dumps(fields, salt=SALT, compress=True)
        return f"{PREFIX}{signed}"

    def to_bytes(self) -> bytes:
        """Return the query as a part of the token of a photo's query."""
        return json.dumps([self.typed, self.ranked], ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        return cls(*json.loads(packed))

    @staticmethod
    def is_token(token: str) -> bool:
        """Return whether this is the token of a query of words, not of a photo."""
        return token.startswith(PREFIX)

    @classmethod
    def from_token(cls, token: str) -> Self:
        """Return the query of a token; raises QueryExpired for one we did not sign."""
        signed = token.removeprefix(PREFIX)
        try:
            typed, ranked = signing.loads(signed, salt=SALT)
        except (signing.BadSignature, ValueError, json.JSONDecodeError) as error:
            raise QueryExpired("the query is unknown") from error
        return cls(str(typed), str(ranked))
