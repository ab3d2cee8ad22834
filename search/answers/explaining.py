"""Why a picture is in the answer: two pictures with light on what made them agree, and
the same in words. Nothing of it is kept.
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

SHOWN_SIDE = 480  # pixels
# Of all that agrees, a part with a smaller share is not worth a sentence.
LEAST_SHARE = 0.1

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
    """One part of the agreement, in words, and its share in per cent."""

    words: str
    percent: int


@dataclass(frozen=True)
class Why:
    """What a page shows. Pictures as data URLs; `query` is empty where the photo is
    not at hand: then it is told by its numbers alone.
    """

    n_bits: int
    agreement: int  # per cent of them
    reasons: list[Reason]
    query: str
    answer: str
    query_place: str
    answer_place: str


def why(query: Query, photo: Image | None, answer: ProductImage) -> Why:
    """Why this picture answers the query; `photo`: the part of it that was searched.

    Raises SearchUnavailable where it cannot be told: the file is lost, or the encoder
    tells no regions apart.
    """
    encoder = registry.by_fingerprint(query.encoder)
    if not encoder.can_explain:
        raise SearchUnavailable("the encoder tells no regions apart")
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
    """A photo that is not at hand any more: one region, its whole embedding."""
    regions = query.embedding.astype(np.float32)[np.newaxis, np.newaxis]
    return RegionEncoding(regions, query.codes)


def _reasons(told: Explanation) -> list[Reason]:
    return [
        Reason(str(PARTS.get(part.name, part.name)), round(100 * part.share))
        for part in told.parts
        if part.share >= LEAST_SHARE
    ]


def _lit(image: Image, cells: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """The picture with light on what agrees, as a data URL."""
    lit = spotlight(image, cells)
    lit.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    out = io.BytesIO()
    lit.save(out, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
