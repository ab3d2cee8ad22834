"""Why two pictures are near: which regions of each, and which parts, made codes agree.

An embedding is a sum over the cells of a grid (`Encoder.regions`), and what decides a
bit is linear in it. So what a cell adds to the agreement with another picture's bits
is told exactly, without gradients: layer-wise relevance of the last, linear stretch
(Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by
Layer-Wise Relevance Propagation", PLOS ONE 2015; Zhou et al., "Learning Deep Features
for Discriminative Localization", CVPR 2016). `deletion` checks a map as Samek et al.
do, "Evaluating the Visualization of What a Deep Neural Network Has Learned", TNNLS
2017: hide what it says matters, and see whether the agreement falls.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from hashing.codes import Codes, hamming, unpack
from hashing.encoder import Encoder
from hashing.layers.linear import quantise

Map = npt.NDArray[np.float64]  # (rows, columns), the first cell at the left top

HALF = 0.5  # of what agrees: the cells that hold it say where
SPREAD = 0.3  # of all cells: half of what agrees in more of them is everywhere
DIM = 0.25  # of its light is left to a region that adds nothing
TILE, GAP = 320, 12  # pixels of a picture and around it, in a drawing
SHARE = 0.2  # of the cells is hidden by `deletion`
PLACES = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)
EVERYWHERE = "everywhere"


@dataclass(frozen=True)
class Looked:
    """A picture as it is explained; looked at once, it is compared with many."""

    regions: npt.NDArray[np.float32]  # (rows, columns, dim); their sum is the embedding
    code: Codes  # (1, n_bits // 8)


@dataclass(frozen=True)
class PartAgreement:
    """What one part of the embedding has to do with an agreement."""

    name: str  # as on the card: item, look …
    cosine: float  # between the two pictures' parts: 1 the same, 0 nothing in common
    share: float  # of all that agrees, 0 to 1; the parts' shares add up to one
    query: Map
    answer: Map


@dataclass(frozen=True)
class Explanation:
    """What each cell of two pictures adds to the agreement of their codes.

    A map holds for each cell how much it moves the picture's numbers to the side on
    which the other's bits are; below zero it moves them away. A map adds up to the
    cosine between the embedding's projection and those bits, thresholds left aside, and
    is the sum of its parts' maps.
    """

    agreement: float  # bits that are the same, as a share of all
    query: Map
    answer: Map
    parts: tuple[PartAgreement, ...]  # the one with the largest share first


def explain(encoder: Encoder, query: Image.Image, answer: Image.Image) -> Explanation:
    """Explain why an answer is near a query; both RGB, decoded and upright.

    Raises CheckpointError for an encoder whose network has no regions.
    """
    asked, found = look(encoder, [query, answer])
    return compare(encoder, asked, found)


def look(encoder: Encoder, images: Iterable[Image.Image]) -> list[Looked]:
    """Look at pictures, at least one, to compare them afterwards."""
    regions = encoder.regions(images)  # (n, rows, columns, dim)
    codes = encoder.layer.codes(quantise(regions.sum(axis=(1, 2))))
    return [Looked(*pair) for pair in zip(regions, codes[:, np.newaxis], strict=True)]


def compare(encoder: Encoder, query: Looked, answer: Looked) -> Explanation:
    """Explain why one picture is near another, both looked at by this encoder."""
    by_dim = _pulled(encoder, query, answer.code), _pulled(encoder, answer, query.code)
    whole = [query.regions.sum(axis=(0, 1)), answer.regions.sum(axis=(0, 1))]
    parts = []
    for part in encoder.card.parts:
        inside = slice(part.start, part.stop)
        maps = [each[..., inside].sum(axis=-1) for each in by_dim]
        cosine = _cosine(*(embedding[inside] for embedding in whole))
        added = max(sum(float(each.sum()) for each in maps), 0.0)
        parts.append(PartAgreement(part.name, cosine, added, *maps))
    total = sum(part.share for part in parts) or 1.0
    n_bits = encoder.n_bits
    return Explanation(
        agreement=1 - float(hamming(query.code, answer.code)[0, 0]) / n_bits,
        query=by_dim[0].sum(axis=-1),
        answer=by_dim[1].sum(axis=-1),
        parts=tuple(
            PartAgreement(p.name, p.cosine, p.share / total, p.query, p.answer)
            for p in sorted(parts, key=lambda part: -part.share)
        ),
    )


def _pulled(encoder: Encoder, picture: Looked, code: Codes) -> Map:
    """What each cell and dimension adds on a code's side: (rows, columns, dim)."""
    rotation = encoder.layer.rotation.astype(np.float64)  # (dim, n_bits)
    signs = unpack(code)[0] * 2.0 - 1.0  # (n_bits,)
    whole = picture.regions.sum(axis=(0, 1)) @ rotation
    scale = np.linalg.norm(whole) * len(signs) ** 0.5
    pulled: Map = picture.regions * (rotation @ signs) / (scale or 1.0)
    return pulled


def _cosine(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else 0.0


def place(cells: Map) -> str:
    """Where in a picture what agrees is: one of `PLACES`, or `EVERYWHERE`.

    It is where the fewest cells lie that hold half of all that is above zero.
    """
    added = np.maximum(cells, 0.0).ravel()
    order = np.argsort(-added, kind="stable")
    so_far = np.cumsum(added[order])
    if so_far[-1] == 0:
        return EVERYWHERE
    few = order[: int(np.searchsorted(so_far, HALF * so_far[-1])) + 1]
    if len(few) > SPREAD * len(added):
        return EVERYWHERE
    rows, columns = cells.shape
    weights = added[few] / added[few].sum()
    down = float(((few // columns + 0.5) / rows) @ weights)  # 0 the top, 1 the bottom
    across = float(((few % columns + 0.5) / columns) @ weights)
    return PLACES[min(int(3 * down), 2)][min(int(3 * across), 2)]


def spotlight(image: Image.Image, cells: Map) -> Image.Image:
    """The picture, dark where a map adds nothing to the agreement; drawn, not cut."""
    added = np.maximum(cells, 0.0)
    light = added / (added.max() or 1.0)
    mask = Image.fromarray(np.rint(255 * light).astype(np.uint8))
    mask = mask.resize(image.size, Image.Resampling.BICUBIC)
    dark = image.point([round(DIM * value) for value in range(256)] * 3)
    return Image.composite(image, dark, mask)


def beside(query: Image.Image, answer: Image.Image, told: Explanation) -> Image.Image:
    """Query and answer, and below them what of each made their codes agree."""
    made = [query, answer, spotlight(query, told.query), spotlight(answer, told.answer)]
    sheet = Image.new("RGB", (2 * TILE, 2 * TILE), "white")
    for number, image in enumerate(made):
        small = ImageOps.contain(image, (TILE - GAP, TILE - GAP))
        left, top = number % 2 * TILE, number // 2 * TILE
        corner = (TILE - small.width) // 2 + left, (TILE - small.height) // 2 + top
        sheet.paste(small, corner)
    return sheet


def as_text(told: Explanation) -> str:
    """What agreed and where, in lines."""
    lines = [f"{told.agreement:.0%} of the bits agree"]
    for part in told.parts:
        lines.append(f"{part.name}: {part.share:.0%} of that, cosine {part.cosine:.2f}")
    lines.append(f"query: {place(told.query)}; answer: {place(told.answer)}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Deletion:
    """How much of an agreement is lost with a fifth of the query's cells hidden."""

    bits: float  # share of all bits that agreed and no longer do, less the reverse
    random_bits: float  # the same with as many cells chosen by chance
    cosine: float  # how far the embeddings' cosine falls
    random_cosine: float


def deletion(
    encoder: Encoder,
    query: Image.Image,
    answer: Image.Image,
    rng: np.random.Generator,
    *,
    draws: int = 3,
) -> Deletion:
    """Hide the cells of a query that a map puts first, then as many by chance."""
    asked, found = look(encoder, [query, answer])
    cells = compare(encoder, asked, found).query
    n_hidden = max(1, round(SHARE * cells.size))
    chosen = [np.argsort(-cells.ravel(), kind="stable")[:n_hidden]]
    chosen += [rng.permutation(cells.size)[:n_hidden] for _ in range(draws)]
    hidden = look(encoder, [hide(query, few, cells.shape) for few in chosen])
    before = _nearness(asked, found)
    lost = before - np.array([_nearness(each, found) for each in hidden])
    by_chance = lost[1:].mean(axis=0)
    return Deletion(
        *(float(x) for pair in zip(lost[0], by_chance, strict=True) for x in pair)
    )


def _nearness(a: Looked, b: Looked) -> npt.NDArray[np.float64]:
    """Share of bits that are the same, and the cosine."""
    n_bits = 8 * a.code.shape[1]
    cosine = _cosine(a.regions.sum(axis=(0, 1)), b.regions.sum(axis=(0, 1)))
    return np.array([1 - hamming(a.code, b.code)[0, 0] / n_bits, cosine])


def hide(
    image: Image.Image, cells: Iterable[int], shape: tuple[int, ...]
) -> Image.Image:
    """The picture with some cells of a grid painted in its mean colour."""
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
