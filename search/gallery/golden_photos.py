"""The photos of golden queries, as a test set for calibration."""

import numpy as np
import structlog
from PIL.Image import Image

import hashing
from catalogue.media.images import open_stored
from hashing import CodeIndex
from pictures.errors import UnreadableImage
from search.gallery.calibration import JudgedAnswers, judge_answers
from search.gallery.rows import Rows
from search.models.golden import GoldenQuery

log = structlog.get_logger(__name__)

MAX_PHOTOS = 300  # the newest: about two seconds
BATCH = 16  # photos encoded together


def photo_of(query: GoldenQuery) -> Image | None:
    """Open its photo; None where the file is lost or damaged."""
    try:
        with query.photo.open("rb") as file:
            return open_stored(file)
    except (OSError, UnreadableImage) as error:
        log.warning("golden photo lost", query=query.pk, reason=str(error))
        return None


def answers(
    rows: Rows, index: CodeIndex, encoder: hashing.Encoder
) -> JudgedAnswers | None:
    """Ask for all golden photos whose product is in these rows; None without any."""
    queries = GoldenQuery.objects.order_by("-pk").filter(product__active=True)[
        :MAX_PHOTOS
    ]
    products_found = set(rows.product_id.tolist())
    photos = [
        (photo, query.product_id)
        for query in queries
        if query.product_id in products_found and (photo := photo_of(query))
    ]
    if not photos:
        return None
    pictures, products = zip(*photos, strict=True)
    encoded = [
        encoder.encode(pictures[start : start + BATCH])
        for start in range(0, len(pictures), BATCH)
    ]
    return judge_answers(
        *(rows, index),
        np.concatenate([each.embeddings for each in encoded]),
        np.concatenate([each.codes for each in encoded]),
        *(np.array(products, np.int64), np.full(len(products), -1)),
    )
