"""Explain why a picture is in an answer: in words, and in two highlighted pictures.

Nothing of it is stored.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL.Image import Image

import hashing
from catalogue.models import ProductImage
from hashing.explain import (
    Explanation,
    RegionEncoding,
    encode_regions,
    explain_encoded,
    name_place,
    spotlight,
)
from pictures.errors import UnreadableImage
from search.answers.query import Query
from search.encoders import encoding, registry
from search.errors import SearchUnavailable

SHOWN_PIXELS = 480  # the longer side
MIN_SHARE = 0.1  # of the agreement; a smaller part is not worth a sentence

PLACES: dict[str, Promise] = {
    "upper left": _("at the upper left"),
    "top": _("at the top"),
    "upper right": _("at the upper right"),
    "left": _("on the left"),
    "centre": _("in the middle"),
    "right": _("on the right"),
    "lower left": _("at the lower left"),
    "bottom": _("at the bottom"),
    "lower right": _("at the lower right"),
    "everywhere": _("all over it"),
}
PARTS: dict[str, Promise] = {
    "item": _("what it is: its form and its kind"),
    "look": _("how it looks: its colours and its pattern"),
}


@dataclass(frozen=True)
class Reason:
    """One part of the agreement, in words, with its share in per cent."""

    words: str
    percent: int


@dataclass(frozen=True)
class Why:
    """What the page shows. Pictures are data URLs; `query` is empty without a photo.

    A photo that is no longer there is compared by its embedding alone.
    """

    n_bits: int
    agreement: int  # per cent of them
    reasons: list[Reason]
    query: str
    answer: str
    query_place: str
    answer_place: str


def why(query: Query, photo: Image | None, answer: ProductImage) -> Why:
    """Explain why this picture answers the query; `photo` is the part searched with.

    Raises SearchUnavailable if the picture's file is lost, or if the encoder has no
    regions.
    """
    encoder = registry.by_fingerprint(query.encoder)
    if not encoder.can_explain:
        raise SearchUnavailable("the encoder has no regions")
    try:
        picture = encoding.read(answer)
    except (UnreadableImage, FileNotFoundError) as error:
        raise SearchUnavailable(str(error)) from error
    (found,) = encode_regions(encoder, [picture])
    asked = (
        encode_regions(encoder, [photo])[0]
        if photo
        else _by_its_numbers(encoder, query)
    )
    told = explain_encoded(encoder, asked, found)
    return Why(
        n_bits=encoder.n_bits,
        agreement=round(100 * told.agreement),
        reasons=_reasons(told),
        query=_lit(photo, told.query) if photo else "",
        answer=_lit(picture, told.answer),
        query_place=str(PLACES[name_place(told.query)]) if photo else "",
        answer_place=str(PLACES[name_place(told.answer)]),
    )


def _by_its_numbers(encoder: hashing.Encoder, query: Query) -> RegionEncoding:
    """Return a photo that is no longer there as one region, its whole embedding."""
    regions = query.embedding.astype(np.float32)[np.newaxis, np.newaxis]
    return RegionEncoding(regions, query.codes)


def _reasons(told: Explanation) -> list[Reason]:
    return [
        Reason(str(PARTS.get(part.name, part.name)), round(100 * part.share))
        for part in told.parts
        if part.share >= MIN_SHARE
    ]


def _lit(image: Image, cells: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """Return the picture with what agrees highlighted, as a data URL."""
    lit = spotlight(image, cells)
    lit.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
    out = io.BytesIO()
    lit.save(out, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
