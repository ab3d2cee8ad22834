"""Where shoppers take photos: a hand before a shelf, a row on it, a heap in a box.

A stand-in for such a photo is made of a product's cut-out and of others' ("cut, paste
and learn": Dwibedi, Misra and Hebert, ICCV 2017, arXiv 1708.01642). What is around
matters as much as the product: a shelf of other goods teaches what to look past, a
heap what a fruit looks like among its own. Everything random comes from the generator
that is handed in.
"""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hashing.training.augmentation import (
    CANVAS,
    Rng,
    background,
    light,
    through_a_phone,
    tilt,
)

KINDS = {"held": 0.35, "alone": 0.15, "row": 0.15, "heap": 0.35}
LAID = 6  # differently turned copies of which a heap is made
SHADOW = 0.6  # how dark it is beside what lies above

Place = tuple[float, float]  # x, y in pixels


def scene(product: Image.Image, others: Sequence[Image.Image], rng: Rng) -> Image.Image:
    """A made-up phone photo of a cut-out (RGBA), RGB, 256 pixels square.

    `others` are other products of the shop: cut-outs, or whole pictures.
    """
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "heap":
        canvas = heap(product, others, rng)
    elif kind == "row":
        canvas = around(others, rng)
        shelf(canvas, product, rng)
    else:
        canvas = around(others, rng)
        size = rng.uniform(0.5, 1.1) * CANVAS
        copy = light(tilt(product, rng, size=size), rng, strength=0.3)
        middle: Place = tuple(rng.uniform(0.35, 0.65, 2) * CANVAS)
        fingers = hold(canvas, copy, middle, rng) if kind == "held" else None
        lay(canvas, copy, middle)
        if fingers is not None:
            fingers()
    lamps = rng.uniform(0.55, 1)
    return through_a_phone(dimmed(canvas, lamps), rng)


def around(others: Sequence[Image.Image], rng: Rng) -> Image.Image:
    """Rows of other products, darker and a little out of focus; or anything else."""
    if not others or rng.random() < 0.35:
        chosen = (
            [others[int(rng.integers(len(others)))].convert("RGB")] if others else []
        )
        return background(chosen, rng)
    canvas = Image.new("RGB", (CANVAS, CANVAS), _grey(rng, 20, 120))
    size = rng.uniform(0.2, 0.5) * CANVAS
    for y in np.arange(rng.uniform(0, 0.5) * size, CANVAS + size, size * 1.05):
        x = -rng.uniform(0, 0.5) * size
        while x < CANVAS:
            copy = fitted(_one(others, rng), size * rng.uniform(0.8, 1.0))
            for _ in range(int(rng.integers(1, 4))):  # goods stand in fronts
                canvas.paste(copy, (round(x), round(y - copy.height)), _alpha(copy))
                x += copy.width
    angle = rng.normal(0, 12)
    turned = canvas.rotate(
        angle, Image.Resampling.BILINEAR, fillcolor=_grey(rng, 20, 90)
    )
    dim = turned.point([round(level * 0.75) for level in range(256)] * 3)
    return dim.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))


def shelf(canvas: Image.Image, product: Image.Image, rng: Rng) -> None:
    """Lay copies side by side, in rows that nearly touch."""
    size = rng.uniform(0.3, 0.8) * CANVAS
    turned = tilt(product, rng, size=size, straight=True)
    step = (max(8.0, turned.width * 0.9), max(8.0, turned.height * 0.95))
    start = rng.uniform(-0.5, 0.5, 2) * step
    for y in np.arange(start[1], CANVAS + step[1], step[1]):
        for x in np.arange(start[0], CANVAS + step[0], step[0]):
            lay(canvas, turned, (float(x), float(y)))


def heap(product: Image.Image, others: Sequence[Image.Image], rng: Rng) -> Image.Image:
    """Many copies over each other, however turned, with shadows in between."""
    canvas = dimmed(around(others, rng), 0.5)
    size = rng.uniform(0.15, 0.6) * CANVAS
    copies = [
        light(tilt(product, rng, size=size * rng.uniform(0.8, 1.2)), rng, strength=0.4)
        for _ in range(LAID)
    ]
    # Most heaps fill the photo; of some the edge of the box is seen.
    low = rng.uniform(0, 0.4) * CANVAS if rng.random() < 0.4 else 0.0
    count = int(min(150, 3 * (CANVAS / size) ** 2))
    for x, y in rng.uniform((0, low), CANVAS, (count, 2)):
        copy = copies[int(rng.integers(LAID))]
        shade = Image.new("L", copy.size, 0)
        shade.paste(round(255 * SHADOW), (0, 0), copy.getchannel("A"))
        corner = (round(x - copy.width / 2), round(y - copy.height / 2))
        below = (corner[0] + 2, corner[1] + round(size * 0.06) + 1)
        canvas.paste((15, 12, 10), below, shade)
        canvas.paste(copy, corner, copy.getchannel("A"))
    return canvas


def hold(
    canvas: Image.Image, copy: Image.Image, middle: Place, rng: Rng
) -> Callable[[], None]:
    """Draw a palm behind a product; gives what draws the fingers before it."""
    x, y = middle
    skin = np.array([200, 148, 120]) * rng.uniform(0.45, 1.0) + rng.normal(0, 6, 3)
    side = rng.choice([-1, 1])
    width = rng.uniform(0.05, 0.09) * CANVAS
    edge = x + side * copy.width * 0.4
    top = y + copy.height * rng.uniform(-0.1, 0.25)
    draw = ImageDraw.Draw(canvas)
    palm = (edge, top + 2 * width, edge + side * 0.8 * CANVAS, top + 1.2 * CANVAS)
    draw.ellipse(_ordered(palm), fill=_shade(skin * 0.85))

    def fingers() -> None:
        for finger in range(4):
            above = top + finger * width * 1.05
            tip = edge - side * copy.width * rng.uniform(0.1, 0.25)
            box = (tip, above, edge + side * 3 * width, above + width)
            shade = _shade(skin * rng.uniform(0.85, 1.05))
            draw.rounded_rectangle(_ordered(box), radius=width / 2, fill=shade)

    return fingers


def lay(canvas: Image.Image, copy: Image.Image, middle: Place) -> None:
    """Paste a cut-out with its middle at a place (x, y)."""
    x, y = middle
    corner = (round(x - copy.width / 2), round(y - copy.height / 2))
    canvas.paste(copy, corner, _alpha(copy))


def fitted(image: Image.Image, size: float) -> Image.Image:
    """A picture of so many pixels on its longer side."""
    scale = size / max(image.size)
    sides = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
    return image.resize(sides, Image.Resampling.BILINEAR)


def dimmed(image: Image.Image, share: float) -> Image.Image:
    """With so much of its light."""
    return image.point([round(level * share) for level in range(256)] * 3)


def _one(images: Sequence[Image.Image], rng: Rng) -> Image.Image:
    return images[int(rng.integers(len(images)))]


def _alpha(image: Image.Image) -> Image.Image | None:
    return image.getchannel("A") if image.mode == "RGBA" else None


def _ordered(box: tuple[float, float, float, float]) -> tuple[float, ...]:
    left, top, right, bottom = box
    return (min(left, right), top, max(left, right), bottom)


def _shade(colour: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = np.clip(colour, 0, 255).astype(int).tolist()
    return (red, green, blue)


def _grey(rng: Rng, low: int, high: int) -> tuple[int, int, int]:
    level = int(rng.integers(low, high))
    return (level, level, level)
