"""A query and its signed token, which carries everything: nothing is stored."""

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
from django.core import signing
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from search.encoders import registry
from search.encoders.encoded_query import EncodedQuery
from search.errors import ForeignEncoder, QueryExpired
from search.words.words_query import WordsQuery

MAX_AGE_SECONDS = 24 * 3600
SALT = "search.query.2"  # changes with the format, so that older tokens are refused
HEADER_BYTES = 8 + 16 + 2  # before the embedding

Box = tuple[float, float, float, float]  # x, y, w, h as shares of 1
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Query(EncodedQuery):
    """What was searched with, beyond its code.

    box: the part of the photo that was encoded; words: what was typed beside it.
    """

    box: Box = WHOLE
    words: WordsQuery | None = None

    def token(self) -> str:
        """Return the token: about 470 characters, valid for a day on every host."""
        packed = (
            bytes.fromhex(self.encoder)
            + struct.pack("<4fH", *self.box, len(self.embedding))
            + self.embedding.tobytes()
            + (self.words.to_bytes() if self.words else b"")
        )
        signer = signing.TimestampSigner(salt=SALT)
        return signer.sign(urlsafe_base64_encode(packed))

    @classmethod
    def from_token(cls, token: str) -> Self:
        """Read a token. Raises QueryExpired, also if altered, or ForeignEncoder."""
        signer = signing.TimestampSigner(salt=SALT)
        try:
            packed = urlsafe_base64_decode(
                signer.unsign(token, max_age=MAX_AGE_SECONDS)
            )
            *box, dim = struct.unpack("<4fH", packed[8:HEADER_BYTES])
            words = packed[HEADER_BYTES + dim :]
        except (signing.BadSignature, ValueError, struct.error) as error:
            raise QueryExpired("the query is unknown or too old") from error
        query = cls(
            encoder=packed[:8].hex(),
            box=(box[0], box[1], box[2], box[3]),
            embedding=np.frombuffer(packed[HEADER_BYTES : HEADER_BYTES + dim], np.int8),
            words=WordsQuery.from_bytes(words) if words else None,
        )
        if query.encoder != registry.serving().fingerprint:
            raise ForeignEncoder(query.encoder)
        return query
