"""Approved feedback as arrays, to calibrate, to measure and to train on."""

from pathlib import Path

import numpy as np

from disk.whole import whole_file
from search.encoders import registry
from search.models import Feedback


def export(path: Path) -> int:
    """Write what staff approved, of the encoder that serves; returns how many.

    Arrays of n: `embedding` (n, dim) int8 and `code` (n, n_bits / 8) uint8 of the
    queries, `sku`, `right` (bool), `sender` (which tells senders apart), and `encoder`,
    its fingerprint. Of one sender's verdicts on one query and product the last counts.
    """
    now = registry.encoder()
    approved = Feedback.objects.filter(
        approved=True, encoder=now.fingerprint, embedding__gt=b""
    ).select_related("product")
    last = {
        (given.sender, bytes(given.embedding), given.product_id): given
        for given in approved.order_by("pk")
    }
    rows = list(last.values())
    embeddings = b"".join(bytes(row.embedding) for row in rows)
    codes = b"".join(bytes(row.code) for row in rows)
    with whole_file(path, "wb") as file:
        np.savez_compressed(
            file,
            embedding=np.frombuffer(embeddings, np.int8).reshape(-1, now.layer.dim),
            code=np.frombuffer(codes, np.uint8).reshape(-1, now.n_bits // 8),
            sku=np.array([row.product.sku for row in rows], dtype=np.str_),
            right=np.array(
                [row.verdict == Feedback.Verdict.RIGHT for row in rows], bool
            ),
            sender=np.array([row.sender for row in rows], dtype=np.str_),
            encoder=np.array(now.fingerprint),
        )
    return len(rows)
