"""Synthetic phone photos of catalogue pictures, and photos taken again.

A shop has each product once, on white, in even light. Shoppers send it on a shelf, in a
heap, in a hand, askew, in yellow light, blurred and compressed. A stand-in for such a
photo is made by cutting the product out of its plain background ("cut, paste and
learn": Dwibedi, Misra and Hebert, ICCV 2017, arXiv 1708.01642) and laying one or more
of it on something else. All randomness comes from the generator that is passed in.
"""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hashing.arrays import Float64Array

CANVAS_SIDE = 256  # pixels; the network looks at 224
CUT_OUT_SIDE = 160  # pixels of the longest side; filling takes time by its area
MAX_BORDER_DEVIATION = 12.0  # mean of levels, up to which a background is plain
BACKGROUND_TOLERANCE = 40  # levels, over three channels, between background and product
MIN_PRODUCT_SHARE, MAX_PRODUCT_SHARE = 0.02, 0.98  # of the picture
EDGE_BLUR = 0.7  # pixels

Rng = np.random.Generator
Point = tuple[float, float]  # x, y in pixels


def cut_out(image: Image.Image) -> Image.Image | None:
    """Cut out the product as RGBA, cropped; None if the background is not plain."""
    small = image.copy()
    small.thumbnail((CUT_OUT_SIDE, CUT_OUT_SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(small, dtype=np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(border, axis=0)
    if np.abs(border - colour).mean() > MAX_BORDER_DEVIATION:
        return None
    # A frame of background lets the filling flow around the product.
    background = tuple(int(level) for level in colour)
    framed = Image.new("RGB", (small.width + 2, small.height + 2), background)
    framed.paste(small, (1, 1))
    marker = (255, 0, 254)
    ImageDraw.floodfill(framed, (0, 0), marker, thresh=BACKGROUND_TOLERANCE)
    is_outside = (np.asarray(framed)[1:-1, 1:-1] == marker).all(axis=2)
    if not MIN_PRODUCT_SHARE < 1 - is_outside.mean() < MAX_PRODUCT_SHARE:
        return None  # nothing left, or nothing removed
    mask = Image.fromarray(np.where(is_outside, 0, 255).astype(np.uint8))
    small.putalpha(mask.filter(ImageFilter.GaussianBlur(EDGE_BLUR)))
    return small.crop(mask.getbbox())


def make_stand_in(
    product: Image.Image, behind: Sequence[Image.Image], rng: Rng
) -> Image.Image:
    """Make a phone photo of a cut-out (RGBA) before other pictures; RGB, 256 square."""
    canvas = draw_background(behind, rng)
    for centre, size in draw_arrangement(rng):
        copy = tilt(product, rng, size=size)
        corner = (round(centre[0] - copy.width / 2), round(centre[1] - copy.height / 2))
        canvas.paste(vary_light(copy, rng, strength=0.3), corner, copy.getchannel("A"))
    return take_with_phone(canvas, rng)


def retake(photo: Image.Image, rng: Rng) -> Image.Image:
    """Take a photo again: closer, in other light, compressed; RGB, 256 square."""
    width, height = photo.size
    share = rng.uniform(0.6, 1.0)
    left, top = rng.uniform(0, 1 - share, 2)
    box = (
        *(left * width, top * height),
        *((left + share) * width, (top + share) * height),
    )
    size = (CANVAS_SIDE, CANVAS_SIDE)
    closer = photo.resize(size, Image.Resampling.BICUBIC, box=box)
    return take_with_phone(closer, rng)


def draw_arrangement(rng: Rng) -> list[tuple[Point, float]]:
    """Draw centres and sizes of copies, in pixels: one, rows on a shelf, or a heap."""
    kind = rng.choice(["one", "shelf", "heap"], p=[0.5, 0.2, 0.3])
    if kind == "one":
        centre = rng.uniform(0.35, 0.65, 2) * CANVAS_SIDE
        return [((centre[0], centre[1]), rng.uniform(0.55, 1.3) * CANVAS_SIDE)]
    size = rng.uniform(0.3, 0.7) * CANVAS_SIDE
    if kind == "shelf":
        step = size * rng.uniform(0.5, 0.9)
        start = rng.uniform(-0.5, 0.5, 2) * step
        columns = np.arange(start[0], CANVAS_SIDE + step, step)
        rows = np.arange(start[1], CANVAS_SIDE + size, size)
        return [((x, y), size) for y in rows for x in columns]
    count = int(4 * (CANVAS_SIDE / size) ** 2)
    centres = rng.uniform(0, CANVAS_SIDE, (count, 2))
    return [((x, y), size * rng.uniform(0.8, 1.2)) for x, y in centres]


def draw_background(behind: Sequence[Image.Image], rng: Rng) -> Image.Image:
    """Draw part of another picture, out of focus, or patches of greyish colours."""
    square = (CANVAS_SIDE, CANVAS_SIDE)
    if behind and rng.random() < 0.5:
        other = behind[int(rng.integers(len(behind)))]
        left, top = rng.uniform(0, 0.5, 2) * other.size
        box = (left, top, left + other.width / 2, top + other.height / 2)
        part = other.resize(square, Image.Resampling.BICUBIC, box=box)
        lit = vary_light(part, rng, strength=0.6)
        return lit.filter(ImageFilter.GaussianBlur(2))
    cells = int(rng.integers(2, 9))
    base = rng.uniform(20, 220) + rng.normal(0, 20, 3)  # rooms are greyish
    patches = base + rng.normal(0, rng.uniform(5, 40), (cells, cells, 1))
    patches = patches + rng.normal(0, 12, (cells, cells, 3))
    small = Image.fromarray(np.clip(patches, 0, 255).astype(np.uint8))
    return small.resize(square, Image.Resampling.BICUBIC)


def tilt(
    product: Image.Image, rng: Rng, *, size: float, upright: bool = False
) -> Image.Image:
    """Turn a cut-out and see it askew; its longer side takes `size` pixels before.

    An `upright` one is turned by a few degrees only.
    """
    scale = size / max(product.size)
    width, height = (max(2, round(side * scale)) for side in product.size)
    resized = product.resize((width, height), Image.Resampling.BILINEAR)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    moved = corners + rng.uniform(-0.12, 0.12, (4, 2)) * (width, height)
    askew = resized.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        perspective_coefficients(corners, moved),
        Image.Resampling.BILINEAR,
    )
    if upright:
        return askew.rotate(rng.normal(0, 5), Image.Resampling.BILINEAR, expand=True)
    angle = rng.normal(0, 15) if rng.random() < 0.7 else rng.uniform(0, 360)
    return askew.rotate(angle, Image.Resampling.BILINEAR, expand=True)


def perspective_coefficients(target: Float64Array, source: Float64Array) -> list[float]:
    """Solve for Pillow's eight coefficients, from target corners (4, 2) to source."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return solved


def vary_light(image: Image.Image, rng: Rng, *, strength: float) -> Image.Image:
    """Vary brightness, colour temperature and gamma; alpha stays."""
    gains = np.exp(rng.normal(0, 0.12 * strength, 3) * (1, 0.5, 1))
    gains *= np.exp(rng.normal(0.05, 0.2 * strength))
    gamma = np.exp(rng.normal(0, 0.25 * strength))
    levels = np.linspace(0, 1, 256)
    table = np.clip(255 * gains[:, None] * levels**gamma, 0, 255).astype(np.uint8)
    lit = image.convert("RGB").point(table.ravel().tolist())
    if image.mode == "RGBA":
        lit.putalpha(image.getchannel("A"))
    return lit


def take_with_phone(scene: Image.Image, rng: Rng) -> Image.Image:
    """Add the room's light, a soft shadow, a little blur and noise, and compress."""
    lit = vary_light(scene, rng, strength=1.0)
    shades = rng.uniform(0.7, 1.0, (2, 2, 1)) * np.full((1, 1, 3), 255)
    shadow = Image.fromarray(shades.astype(np.uint8)).resize(
        lit.size, Image.Resampling.BILINEAR
    )
    pixels = np.asarray(lit, dtype=np.float32) * np.asarray(shadow) / 255
    pixels += rng.normal(0, rng.uniform(0, 6), pixels.shape)
    photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=int(rng.integers(35, 90)))
    return Image.open(file).convert("RGB")
