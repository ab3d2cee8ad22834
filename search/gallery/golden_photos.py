"""The photos of golden queries, and what a gallery answers to them."""

import numpy as np
import structlog
from PIL.Image import Image

import hashing
from catalogue.images import open_stored
from hashing import CodeIndex
from pictures.errors import UnreadableImage
from search.gallery.calibration import Asked, asked_with
from search.gallery.rows import Rows
from search.models.golden import GoldenQuery

log = structlog.get_logger(__name__)

MOST = 300  # the newest: some two seconds
BATCH = 16  # encoded together


def photo_of(query: GoldenQuery) -> Image | None:
    """None where its file is lost or damaged."""
    try:
        with query.photo.open("rb") as file:
            return open_stored(file)
    except (OSError, UnreadableImage) as error:
        log.warning("golden photo lost", query=query.pk, reason=str(error))
        return None


def answers(found: Rows, index: CodeIndex, encoder: hashing.Encoder) -> Asked | None:
    """To all golden queries whose product is among these rows; None without any."""
    wanted = GoldenQuery.objects.order_by("-pk").filter(product__active=True)[:MOST]
    known = set(found.product_id.tolist())
    photos = [
        (photo, query.product_id)
        for query in wanted
        if query.product_id in known and (photo := photo_of(query))
    ]
    if not photos:
        return None
    pictures, products = zip(*photos, strict=True)
    encoded = [
        encoder.encode(pictures[start : start + BATCH])
        for start in range(0, len(pictures), BATCH)
    ]
    return asked_with(
        *(found, index),
        np.concatenate([each.embeddings for each in encoded]),
        np.concatenate([each.codes for each in encoded]),
        *(np.array(products, np.int64), np.full(len(products), -1)),
    )
