"""From a catalogue picture to what a shopper's phone might have taken.

A shop has each product once, on white, in even light. Shoppers send it on a shelf, in a
heap, in a hand, askew, in yellow light, blurred and compressed. A stand-in for such a
photo is made by cutting the product out of its plain background ("cut, paste and
learn": Dwibedi, Misra and Hebert, ICCV 2017, arXiv 1708.01642) and laying one or many
of it on something else. Everything random comes from the generator that is handed in.
"""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

CANVAS = 256  # pixels; the network looks at 224
CUT_OUT = 160  # pixels of a cut-out's longest side: filling takes time by its area
PLAIN = 12.0  # deviation of the border's levels, up to which a background is plain
APART = 40  # levels, over the three channels, between background and product

Rng = np.random.Generator
Pair = tuple[float, float]


def cut_out(image: Image.Image) -> Image.Image | None:
    """The product as RGBA, cropped to itself; None if its background is not plain."""
    small = image.copy()
    small.thumbnail((CUT_OUT, CUT_OUT), Image.Resampling.LANCZOS)
    pixels = np.asarray(small, dtype=np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(border, axis=0)
    if np.abs(border - colour).mean() > PLAIN:
        return None
    plain = tuple(int(level) for level in colour)
    # A frame of background lets the filling flow around the product.
    framed = Image.new("RGB", (small.width + 2, small.height + 2), plain)
    framed.paste(small, (1, 1))
    marker = (255, 0, 254)
    ImageDraw.floodfill(framed, (0, 0), marker, thresh=APART)
    outside = (np.asarray(framed)[1:-1, 1:-1] == marker).all(axis=2)
    if not 0.02 < 1 - outside.mean() < 0.98:
        return None  # nothing left, or nothing taken away
    mask = Image.fromarray(np.where(outside, 0, 255).astype(np.uint8))
    small.putalpha(mask.filter(ImageFilter.GaussianBlur(0.7)))
    return small.crop(mask.getbbox())


def stand_in(
    product: Image.Image, surroundings: Sequence[Image.Image], rng: Rng
) -> Image.Image:
    """A made-up phone photo of a cut-out (RGBA), RGB, 256 pixels square."""
    canvas = background(surroundings, rng)
    for place, size in arrangement(rng):
        copy = tilt(product, rng, size=size)
        corner = (round(place[0] - copy.width / 2), round(place[1] - copy.height / 2))
        canvas.paste(light(copy, rng, strength=0.3), corner, copy.getchannel("A"))
    return through_a_phone(canvas, rng)


def retake(photo: Image.Image, rng: Rng) -> Image.Image:
    """Another photo of what is on this one: closer, in other light, compressed."""
    width, height = photo.size
    share = rng.uniform(0.6, 1.0)
    left, top = rng.uniform(0, 1 - share, 2)
    box = (
        *(left * width, top * height),
        *((left + share) * width, (top + share) * height),
    )
    near = photo.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC, box=box)
    return through_a_phone(near, rng)


def arrangement(rng: Rng) -> list[tuple[Pair, float]]:
    """Where copies lie and how large they are, in pixels: one, a shelf, or a heap."""
    kind = rng.choice(["one", "shelf", "heap"], p=[0.5, 0.2, 0.3])
    if kind == "one":
        place = rng.uniform(0.35, 0.65, 2) * CANVAS
        return [((place[0], place[1]), rng.uniform(0.55, 1.3) * CANVAS)]
    size = rng.uniform(0.3, 0.7) * CANVAS
    if kind == "shelf":
        step = size * rng.uniform(0.5, 0.9)
        start = rng.uniform(-0.5, 0.5, 2) * step
        columns = np.arange(start[0], CANVAS + step, step)
        rows = np.arange(start[1], CANVAS + size, size)
        return [((x, y), size) for y in rows for x in columns]
    count = int(4 * (CANVAS / size) ** 2)
    places = rng.uniform(0, CANVAS, (count, 2))
    return [((x, y), size * rng.uniform(0.8, 1.2)) for x, y in places]


def background(surroundings: Sequence[Image.Image], rng: Rng) -> Image.Image:
    """Part of another picture, out of focus; or patches of light and dark colours."""
    if surroundings and rng.random() < 0.5:
        other = surroundings[int(rng.integers(len(surroundings)))]
        left, top = rng.uniform(0, 0.5, 2) * other.size
        box = (left, top, left + other.width / 2, top + other.height / 2)
        part = other.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC, box=box)
        return light(part, rng, strength=0.6).filter(ImageFilter.GaussianBlur(2))
    cells = int(rng.integers(2, 9))
    base = rng.uniform(20, 220) + rng.normal(0, 20, 3)  # rooms are greyish
    patches = base + rng.normal(0, rng.uniform(5, 40), (cells, cells, 1))
    patches = patches + rng.normal(0, 12, (cells, cells, 3))
    small = Image.fromarray(np.clip(patches, 0, 255).astype(np.uint8))
    return small.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC)


def tilt(
    product: Image.Image, rng: Rng, *, size: float, straight: bool = False
) -> Image.Image:
    """Turned and seen askew, `size` pixels on its longer side; `straight`: upright."""
    scale = size / max(product.size)
    width, height = (max(2, round(side * scale)) for side in product.size)
    resized = product.resize((width, height), Image.Resampling.BILINEAR)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    moved = corners + rng.uniform(-0.12, 0.12, (4, 2)) * (width, height)
    askew = resized.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        perspective(corners, moved),
        Image.Resampling.BILINEAR,
    )
    if straight:
        return askew.rotate(rng.normal(0, 5), Image.Resampling.BILINEAR, expand=True)
    angle = rng.normal(0, 15) if rng.random() < 0.7 else rng.uniform(0, 360)
    return askew.rotate(angle, Image.Resampling.BILINEAR, expand=True)


def perspective(
    to: npt.NDArray[np.float64], source: npt.NDArray[np.float64]
) -> list[float]:
    """Pillow's eight numbers that take four corners (4, 2) to where they were."""
    rows, values = [], []
    for (x, y), (u, v) in zip(to, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return solved


def light(image: Image.Image, rng: Rng, *, strength: float) -> Image.Image:
    """Brighter or darker, warmer or colder, steeper or flatter; alpha stays."""
    gains = np.exp(rng.normal(0, 0.12 * strength, 3) * (1, 0.5, 1))
    gains *= np.exp(rng.normal(0.05, 0.2 * strength))
    gamma = np.exp(rng.normal(0, 0.25 * strength))
    levels = np.linspace(0, 1, 256)
    table = np.clip(255 * gains[:, None] * levels**gamma, 0, 255).astype(np.uint8)
    lit = image.convert("RGB").point(table.ravel().tolist())
    if image.mode == "RGBA":
        lit.putalpha(image.getchannel("A"))
    return lit


def through_a_phone(scene: Image.Image, rng: Rng) -> Image.Image:
    """The room's light, a shadow across, a little blur and noise, then JPEG."""
    lit = light(scene, rng, strength=1.0)
    shades = rng.uniform(0.7, 1.0, (2, 2, 1)) * np.full((1, 1, 3), 255)
    shadow = Image.fromarray(shades.astype(np.uint8)).resize(
        lit.size, Image.Resampling.BILINEAR
    )
    pixels = np.asarray(lit, dtype=np.float32) * np.asarray(shadow) / 255
    pixels += rng.normal(0, rng.uniform(0, 6), pixels.shape)
    taken = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    taken = taken.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
    file = io.BytesIO()
    taken.save(file, "JPEG", quality=int(rng.integers(35, 90)))
    return Image.open(file).convert("RGB")
