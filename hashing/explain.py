"""Why two pictures are near: which regions, and which parts, made their codes agree.

An embedding is a sum over the cells of a grid (`Encoder.regions`), and a linear hash
layer's bits are linear in it. So each cell's contribution to the agreement with another
picture's bits is computed exactly, without gradients: layer-wise relevance of the last,
linear stretch (Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier
Decisions by Layer-Wise Relevance Propagation", PLOS ONE 2015; Zhou et al., "Learning
Deep Features for Discriminative Localization", CVPR 2016).

`measure_deletion` tests such a map as Samek et al. do, "Evaluating the Visualization of
What a Deep Neural Network Has Learned", TNNLS 2017: it hides what the map says matters,
and measures how far the agreement falls.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from hashing.arrays import Float32Array, Float64Array
from hashing.codes import Codes, hamming, unpack
from hashing.embeddings import quantise_embeddings
from hashing.encoder import Encoder
from hashing.errors import CheckpointError
from hashing.layers.linear import LinearHashLayer

CellMap = npt.NDArray[np.float64]  # (rows, columns), starting at the upper left

# The fewest cells that hold this share of the agreement are its core …
CORE_SHARE = 0.5
# … unless they are more than this share of all cells: then it is everywhere.
MAX_CORE_AREA = 0.3
DIMMED_BRIGHTNESS = 0.25  # left to a region that adds nothing
TILE_SIDE, TILE_GAP = 320, 12  # pixels of a picture and around it, in a drawing
HIDDEN_SHARE = 0.2  # of the cells, by `measure_deletion`
PLACE_NAMES = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)
EVERYWHERE = "everywhere"


@dataclass(frozen=True)
class RegionEncoding:
    """A picture encoded by regions, to be compared with many others."""

    regions: Float32Array  # (rows, columns, dim); their sum is the embedding
    code: Codes  # (1, n_bits // 8)


@dataclass(frozen=True)
class PartAgreement:
    """How far one part of the embedding is responsible for an agreement."""

    name: str  # as on the card: item, look …
    cosine: float  # between this part of both pictures
    share: float  # of the whole agreement, 0 to 1; the parts' shares add up to one
    query: CellMap
    answer: CellMap


@dataclass(frozen=True)
class Explanation:
    """How much each cell of two pictures adds to the agreement of their codes.

    A cell's number is how far it moves the picture to the side on which the other's
    bits are; it is negative where it moves it away. A map is the sum of its parts'
    maps, and its cells add up to the cosine between the embedding's projection and the
    other picture's bits, thresholds left aside.
    """

    agreement: float  # share of the bits that are equal
    query: CellMap
    answer: CellMap
    parts: tuple[PartAgreement, ...]  # the one with the largest share first


def explain(encoder: Encoder, query: Image.Image, answer: Image.Image) -> Explanation:
    """Explain why an answer is near a query; both are RGB and upright.

    Raises CheckpointError for an encoder without regions or without a linear layer.
    """
    return explain_encoded(encoder, *encode_regions(encoder, [query, answer]))


def encode_regions(
    encoder: Encoder, images: Iterable[Image.Image]
) -> list[RegionEncoding]:
    """Encode at least one picture by regions. Raises CheckpointError as `explain`."""
    regions = encoder.regions(images)  # (n, rows, columns, dim)
    codes = encoder.layer.codes(quantise_embeddings(regions.sum(axis=(1, 2))))
    pairs = zip(regions, codes[:, np.newaxis], strict=True)
    return [RegionEncoding(*pair) for pair in pairs]


def explain_encoded(
    encoder: Encoder, query: RegionEncoding, answer: RegionEncoding
) -> Explanation:
    """Explain why one picture is near another, both encoded by this encoder.

    Raises CheckpointError for an encoder without a linear layer.
    """
    layer = encoder.layer
    if not isinstance(layer, LinearHashLayer):
        raise CheckpointError(f"the hash layer of {encoder.name} is not linear")
    contributions = (
        _contributions(layer, query, answer.code),
        _contributions(layer, answer, query.code),
    )
    embeddings = [each.regions.sum(axis=(0, 1)) for each in (query, answer)]
    parts = []
    for part in encoder.card.parts:
        inside = slice(part.start, part.stop)
        maps = [each[..., inside].sum(axis=-1) for each in contributions]
        cosine = _cosine(*(embedding[inside] for embedding in embeddings))
        added = max(sum(float(each.sum()) for each in maps), 0.0)
        parts.append(PartAgreement(part.name, cosine, added, *maps))
    total = sum(part.share for part in parts) or 1.0
    return Explanation(
        agreement=_equal_bits(query, answer),
        query=contributions[0].sum(axis=-1),
        answer=contributions[1].sum(axis=-1),
        parts=tuple(
            PartAgreement(p.name, p.cosine, p.share / total, p.query, p.answer)
            for p in sorted(parts, key=lambda part: -part.share)
        ),
    )


def _contributions(
    layer: LinearHashLayer, picture: RegionEncoding, code: Codes
) -> Float64Array:
    """Compute what each cell adds towards a code: (rows, columns, dim)."""
    rotation = layer.rotation.astype(np.float64)  # (dim, n_bits)
    signs = unpack(code)[0] * 2.0 - 1.0  # (n_bits,)
    projected = picture.regions.sum(axis=(0, 1)) @ rotation
    scale = np.linalg.norm(projected) * len(signs) ** 0.5
    added: Float64Array = picture.regions * (rotation @ signs) / (scale or 1.0)
    return added


def _cosine(a: Float32Array, b: Float32Array) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else 0.0


def _equal_bits(a: RegionEncoding, b: RegionEncoding) -> float:
    """Return the share of bits that are equal."""
    n_bits: int = 8 * a.code.shape[1]
    return 1 - float(hamming(a.code, b.code)[0, 0]) / n_bits


def name_place(cells: CellMap) -> str:
    """Name the place of the agreement's core: one of `PLACE_NAMES`, or `EVERYWHERE`."""
    added = np.maximum(cells, 0.0).ravel()
    order = np.argsort(-added, kind="stable")
    cumulative = np.cumsum(added[order])
    if cumulative[-1] == 0:
        return EVERYWHERE
    n_core = int(np.searchsorted(cumulative, CORE_SHARE * cumulative[-1])) + 1
    if n_core > MAX_CORE_AREA * len(added):
        return EVERYWHERE
    core = order[:n_core]
    rows, columns = cells.shape
    weights = added[core] / added[core].sum()
    down = float(((core // columns + 0.5) / rows) @ weights)  # 0 top, 1 bottom
    across = float(((core % columns + 0.5) / columns) @ weights)
    return PLACE_NAMES[min(int(3 * down), 2)][min(int(3 * across), 2)]


def spotlight(image: Image.Image, cells: CellMap) -> Image.Image:
    """Return the picture, dimmed where a map adds nothing to the agreement."""
    added = np.maximum(cells, 0.0)
    brightness = added / (added.max() or 1.0)
    mask = Image.fromarray(np.rint(255 * brightness).astype(np.uint8))
    mask = mask.resize(image.size, Image.Resampling.BICUBIC)
    dimmed = image.point([round(DIMMED_BRIGHTNESS * value) for value in range(256)] * 3)
    return Image.composite(image, dimmed, mask)


def draw_comparison(
    query: Image.Image, answer: Image.Image, explanation: Explanation
) -> Image.Image:
    """Draw query and answer, and below them what in each made their codes agree."""
    tiles = [
        *(query, answer),
        *(spotlight(query, explanation.query), spotlight(answer, explanation.answer)),
    ]
    sheet = Image.new("RGB", (2 * TILE_SIDE, 2 * TILE_SIDE), "white")
    for number, image in enumerate(tiles):
        small = ImageOps.contain(image, (TILE_SIDE - TILE_GAP, TILE_SIDE - TILE_GAP))
        left, top = number % 2 * TILE_SIDE, number // 2 * TILE_SIDE
        left += (TILE_SIDE - small.width) // 2
        top += (TILE_SIDE - small.height) // 2
        sheet.paste(small, (left, top))
    return sheet


def as_text(explanation: Explanation) -> str:
    """Describe in a few lines what agreed, and where."""
    lines = [f"{explanation.agreement:.0%} of the bits agree"]
    for part in explanation.parts:
        lines.append(f"{part.name}: {part.share:.0%} of that, cosine {part.cosine:.2f}")
    places = name_place(explanation.query), name_place(explanation.answer)
    lines.append(f"query: {places[0]}; answer: {places[1]}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Deletion:
    """How much of an agreement is lost with a fifth of the query's cells hidden."""

    bits: float  # share of bits that no longer agree, minus those that newly do
    random_bits: float  # the same for as many cells chosen at random
    cosine: float  # how far the cosine of the embeddings falls
    random_cosine: float


def measure_deletion(
    encoder: Encoder,
    query: Image.Image,
    answer: Image.Image,
    rng: np.random.Generator,
    *,
    draws: int = 3,
) -> Deletion:
    """Hide the cells of a query that its map puts first, then as many at random."""
    query_encoding, answer_encoding = encode_regions(encoder, [query, answer])
    cells = explain_encoded(encoder, query_encoding, answer_encoding).query
    n_hidden = max(1, round(HIDDEN_SHARE * cells.size))
    chosen = [np.argsort(-cells.ravel(), kind="stable")[:n_hidden]]
    chosen += [rng.permutation(cells.size)[:n_hidden] for _ in range(draws)]
    hidden = encode_regions(
        encoder, [hide_cells(query, each, cells.shape) for each in chosen]
    )
    before = _agreement_and_cosine(query_encoding, answer_encoding)
    after = [_agreement_and_cosine(each, answer_encoding) for each in hidden]
    lost = before - np.array(after)  # (1 + draws, 2)
    (bits, cosine), (random_bits, random_cosine) = lost[0], lost[1:].mean(axis=0)
    return Deletion(
        float(bits), float(random_bits), float(cosine), float(random_cosine)
    )


def _agreement_and_cosine(a: RegionEncoding, b: RegionEncoding) -> Float64Array:
    cosine = _cosine(a.regions.sum(axis=(0, 1)), b.regions.sum(axis=(0, 1)))
    return np.array([_equal_bits(a, b), cosine])


def hide_cells(
    image: Image.Image, cells: Iterable[int], shape: tuple[int, ...]
) -> Image.Image:
    """Paint some cells of a grid (rows, columns) in the picture's mean colour."""
    rows, columns = shape
    pixels = np.array(image)
    mean = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)
    height, width = pixels.shape[:2]
    for cell in cells:
        row, column = divmod(int(cell), columns)
        down = slice(row * height // rows, (row + 1) * height // rows)
        across = slice(column * width // columns, (column + 1) * width // columns)
        pixels[down, across] = mean
    return Image.fromarray(pixels)
