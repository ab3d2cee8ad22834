"""A query as a gallery takes it: an embedding, and the code its encoder makes of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hashing import Codes
from search.encoders import registry


@dataclass(frozen=True)
class EncodedQuery:
    """encoder: fingerprint; embedding: (dim,) int8."""

    encoder: str
    embedding: npt.NDArray[np.int8]

    @cached_property
    def codes(self) -> Codes:
        """Return the code, (1, n_bits // 8).

        Raises ForeignEncoder if the encoder has been retired.
        """
        encoder = registry.by_fingerprint(self.encoder)
        return encoder.layer.codes(self.embedding[np.newaxis])
