"""Synthetic photos of where shoppers are: a hand before a shelf, a row on it, a heap.

A photo is composed of a product's cut-out and those of others ("cut, paste and learn":
Dwibedi, Misra and Hebert, ICCV 2017, arXiv 1708.01642). The surroundings matter as much
as the product: a shelf of other goods teaches what to ignore, a heap how a fruit looks
among its own. All randomness comes from the generator that is passed in.
"""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hashing.augmentation.photos import (
    CANVAS_SIDE,
    Point,
    Rng,
    draw_background,
    take_with_phone,
    tilt,
    vary_light,
)

SCENE_SHARES = {"held": 0.35, "alone": 0.15, "row": 0.15, "heap": 0.35}
N_HEAP_COPIES = 6  # differently turned copies, of which a heap is made
MAX_HEAP = 150  # pasted copies
SHADOW_OPACITY = 0.6  # of what lies above, in a heap
SHADOW_COLOUR = (15, 12, 10)
SURROUNDINGS_BRIGHTNESS = 0.75
SKIN_COLOUR = (200, 148, 120)
N_FINGERS = 4


def make_scene(
    product: Image.Image, others: Sequence[Image.Image], rng: Rng
) -> Image.Image:
    """Make a phone photo of a cut-out (RGBA) among other products; RGB, 256 square.

    others: cut-outs or whole pictures of other products of the shop.
    """
    kind = rng.choice(list(SCENE_SHARES), p=list(SCENE_SHARES.values()))
    if kind == "heap":
        canvas = draw_heap(product, others, rng)
    elif kind == "row":
        canvas = draw_surroundings(others, rng)
        lay_rows(canvas, product, rng)
    else:
        canvas = draw_surroundings(others, rng)
        size = rng.uniform(0.5, 1.1) * CANVAS_SIDE
        copy = vary_light(tilt(product, rng, size=size), rng, strength=0.3)
        centre: Point = tuple(rng.uniform(0.35, 0.65, 2) * CANVAS_SIDE)
        if kind == "held":
            draw_fingers = draw_palm(canvas, copy, centre, rng)
            paste_centred(canvas, copy, centre)
            draw_fingers()
        else:
            paste_centred(canvas, copy, centre)
    brightness = rng.uniform(0.55, 1)
    return take_with_phone(dim(canvas, brightness), rng)


def draw_surroundings(others: Sequence[Image.Image], rng: Rng) -> Image.Image:
    """Draw shelves of other products, darker and out of focus, or any background."""
    if not others or rng.random() < 0.35:
        chosen = [_choose(others, rng).convert("RGB")] if others else []
        return draw_background(chosen, rng)
    canvas = Image.new("RGB", (CANVAS_SIDE, CANVAS_SIDE), _grey(rng, 20, 120))
    size = rng.uniform(0.2, 0.5) * CANVAS_SIDE
    for y in np.arange(rng.uniform(0, 0.5) * size, CANVAS_SIDE + size, size * 1.05):
        x = -rng.uniform(0, 0.5) * size
        while x < CANVAS_SIDE:
            copy = resize_longest_side(
                _choose(others, rng), size * rng.uniform(0.8, 1.0)
            )
            for _ in range(int(rng.integers(1, 4))):  # several of each, side by side
                canvas.paste(copy, (round(x), round(y - copy.height)), _alpha(copy))
                x += copy.width
    angle = rng.normal(0, 12)
    turned = canvas.rotate(
        angle, Image.Resampling.BILINEAR, fillcolor=_grey(rng, 20, 90)
    )
    dimmed = dim(turned, SURROUNDINGS_BRIGHTNESS)
    return dimmed.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))


def lay_rows(canvas: Image.Image, product: Image.Image, rng: Rng) -> None:
    """Paste copies of a product side by side, in rows that nearly touch."""
    size = rng.uniform(0.3, 0.8) * CANVAS_SIDE
    copy = tilt(product, rng, size=size, upright=True)
    step = (max(8.0, copy.width * 0.9), max(8.0, copy.height * 0.95))
    start = rng.uniform(-0.5, 0.5, 2) * step
    for y in np.arange(start[1], CANVAS_SIDE + step[1], step[1]):
        for x in np.arange(start[0], CANVAS_SIDE + step[0], step[0]):
            paste_centred(canvas, copy, (float(x), float(y)))


def draw_heap(
    product: Image.Image, others: Sequence[Image.Image], rng: Rng
) -> Image.Image:
    """Draw many copies over each other, turned anyhow, with shadows in between."""
    canvas = dim(draw_surroundings(others, rng), 0.5)
    size = rng.uniform(0.15, 0.6) * CANVAS_SIDE
    copies = [
        vary_light(
            tilt(product, rng, size=size * rng.uniform(0.8, 1.2)), rng, strength=0.4
        )
        for _ in range(N_HEAP_COPIES)
    ]
    # Most heaps fill the photo; above some, the surroundings show.
    top = rng.uniform(0, 0.4) * CANVAS_SIDE if rng.random() < 0.4 else 0.0
    count = int(min(MAX_HEAP, 3 * (CANVAS_SIDE / size) ** 2))
    for x, y in rng.uniform((0, top), CANVAS_SIDE, (count, 2)):
        copy = copies[int(rng.integers(N_HEAP_COPIES))]
        shadow = Image.new("L", copy.size, 0)
        shadow.paste(round(255 * SHADOW_OPACITY), (0, 0), copy.getchannel("A"))
        corner = (round(x - copy.width / 2), round(y - copy.height / 2))
        shadow_corner = (corner[0] + 2, corner[1] + round(size * 0.06) + 1)
        canvas.paste(SHADOW_COLOUR, shadow_corner, shadow)
        canvas.paste(copy, corner, copy.getchannel("A"))
    return canvas


def draw_palm(
    canvas: Image.Image, copy: Image.Image, centre: Point, rng: Rng
) -> Callable[[], None]:
    """Draw a palm behind a product; return the function that draws its fingers.

    Call it when the product has been pasted in between.
    """
    x, y = centre
    skin = np.array(SKIN_COLOUR) * rng.uniform(0.45, 1.0) + rng.normal(0, 6, 3)
    side = rng.choice([-1, 1])
    width = rng.uniform(0.05, 0.09) * CANVAS_SIDE
    edge = x + side * copy.width * 0.4
    top = y + copy.height * rng.uniform(-0.1, 0.25)
    draw = ImageDraw.Draw(canvas)
    far_edge, bottom = edge + side * 0.8 * CANVAS_SIDE, top + 1.2 * CANVAS_SIDE
    palm = (edge, top + 2 * width, far_edge, bottom)
    draw.ellipse(_left_to_right(palm), fill=_to_colour(skin * 0.85))

    def draw_fingers() -> None:
        for finger in range(N_FINGERS):
            above = top + finger * width * 1.05
            tip = edge - side * copy.width * rng.uniform(0.1, 0.25)
            box = (tip, above, edge + side * 3 * width, above + width)
            colour = _to_colour(skin * rng.uniform(0.85, 1.05))
            draw.rounded_rectangle(_left_to_right(box), radius=width / 2, fill=colour)

    return draw_fingers


def paste_centred(canvas: Image.Image, copy: Image.Image, centre: Point) -> None:
    """Paste a picture, by its alpha if it has any, with its middle at a point."""
    x, y = centre
    corner = (round(x - copy.width / 2), round(y - copy.height / 2))
    canvas.paste(copy, corner, _alpha(copy))


def resize_longest_side(image: Image.Image, size: float) -> Image.Image:
    """Resize a picture so that its longest side takes `size` pixels."""
    scale = size / max(image.size)
    sides = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
    return image.resize(sides, Image.Resampling.BILINEAR)


def dim(image: Image.Image, share: float) -> Image.Image:
    """Reduce an RGB picture's brightness to a share of it."""
    return image.point([round(level * share) for level in range(256)] * 3)


def _choose(images: Sequence[Image.Image], rng: Rng) -> Image.Image:
    return images[int(rng.integers(len(images)))]


def _alpha(image: Image.Image) -> Image.Image | None:
    return image.getchannel("A") if image.mode == "RGBA" else None


def _left_to_right(box: tuple[float, float, float, float]) -> tuple[float, ...]:
    left, top, right, bottom = box
    return (min(left, right), top, max(left, right), bottom)


def _to_colour(levels: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = np.clip(levels, 0, 255).astype(int).tolist()
    return (red, green, blue)


def _grey(rng: Rng, low: int, high: int) -> tuple[int, int, int]:
    level = int(rng.integers(low, high))
    return (level, level, level)
