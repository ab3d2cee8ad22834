"""A query: what a photo became. Its signed token carries all; nothing is kept."""

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

MAX_AGE = 24 * 3600  # seconds
SALT = "search.query.2"  # the format, too: an older token is one that is unknown
HEAD = 8 + 16 + 2  # bytes before the embedding

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
        """Signed, some 470 characters; good for a day, on any host with the key."""
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
        """Raises QueryExpired (also if altered) or ForeignEncoder."""
        signer = signing.TimestampSigner(salt=SALT)
        try:
            packed = urlsafe_base64_decode(signer.unsign(token, max_age=MAX_AGE))
            *box, dim = struct.unpack("<4fH", packed[8:HEAD])
            words = packed[HEAD + dim :]
        except (signing.BadSignature, ValueError, struct.error) as error:
            raise QueryExpired("the query is unknown or too old") from error
        query = cls(
            encoder=packed[:8].hex(),
            box=(box[0], box[1], box[2], box[3]),
            embedding=np.frombuffer(packed[HEAD : HEAD + dim], np.int8),
            words=WordsQuery.from_bytes(words) if words else None,
        )
        if query.encoder != registry.serving().fingerprint:
            raise ForeignEncoder(query.encoder)
        return query
