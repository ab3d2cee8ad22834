"""Photos as customers take them: clutter, other light, odd angles, a hasty hand."""

import math
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from demo.assortment import KINDS, DemoProduct, place
from demo.photography import as_image
from demo.renderer import raymarch as R
from demo.renderer.materials import Material, material
from demo.renderer.program import Floats
from demo.renderer.solids import bounds
from demo.studio import Light, PlacedSolid, View, frame, render_scene, scene_of

ASPECTS = ((1.0, 1.0), (1.0, 0.75), (0.75, 1.0), (1.0, 0.66), (0.66, 1.0), (0.8, 1.0))
MAX_HIDDEN_SHARE = 0.2  # share of the subject that clutter may hide

FLOORS: tuple[Material, ...] = (
    material("wood", "#b98a58", second="#8f6238", scale=1.3, level=1.0),
    material("wood", "#6f4a30", second="#4d3020", scale=1.6, level=1.0),
    material(
        "satin", "#d9d5cc", second="#a39d92", pattern="grid", mapping="top", scale=0.9
    ),
    material(
        "satin", "#cfc4b0", second="#7b8f86", pattern="checks", mapping="top", scale=1.2
    ),
    material(
        "matte", "#b3afa8", second="#8f8b85", pattern="speckle", scale=2.4, amount=0.5
    ),
    material(
        "fur",
        "#5f8a45",
        second="#4a7335",
        third="#6f9a52",
        pattern="camouflage",
        scale=5.0,
        coarse=22.0,
    ),
    material("fur", "#9a8f86", coarse=30.0),
    material(
        "fur",
        "#8f4d46",
        second="#c9a36c",
        third="#35405e",
        pattern="tartan",
        mapping="top",
        scale=0.8,
        coarse=34.0,
    ),
    material("gloss", "#e7e3dc", second="#9c9690", pattern="marble", scale=1.1),
    material(
        "cloth",
        "#e9e4d8",
        second="#8fa9c4",
        pattern="gingham",
        mapping="top",
        scale=1.6,
    ),
    material(
        "matte", "#c9b79c", second="#a8906f", pattern="terrazzo", scale=1.8, amount=0.4
    ),
)
WALLS: tuple[Material, ...] = (
    material("matte", "#d8d2c6"),
    material("matte", "#8aa0a3"),
    material(
        "matte", "#b98f7a", second="#a67b66", pattern="grid", mapping="front", scale=1.6
    ),
    material(
        "matte",
        "#c9c3d2",
        second="#b7b0c4",
        pattern="upright stripes",
        mapping="front",
        scale=1.5,
    ),
    material("wood", "#8c6a4b", second="#6d4f36", scale=1.2),
)


def random_light(rng: np.random.Generator) -> Light:
    """Choose a warm room, a dim one, hard side light, a cold sky or back light."""
    side = float(rng.choice((-1.0, 1.0)))
    wall = WALLS[rng.integers(len(WALLS))] if rng.random() < 0.65 else None
    common: dict[str, Any] = {
        "floor": FLOORS[rng.integers(len(FLOORS))],
        "wall": wall,
        "wall_at": -float(rng.uniform(2.2, 3.6)),
        "fill": 0.03,
        "back_low": "#9a958c",
        "back_top": "#6f7078",
    }
    moods = (
        Light(
            (side * 0.6, 0.7, 0.4),
            (1.0, 0.78, 0.52),
            (0.42, 0.38, 0.34),
            (0.3, 0.25, 0.2),
            hardness=7,
            boxes=3,
        ),
        Light(
            (side * 0.3, 0.9, 0.2),
            (0.5, 0.48, 0.46),
            (0.34, 0.34, 0.36),
            (0.2, 0.2, 0.2),
            hardness=5,
            boxes=2,
        ),
        Light(
            (side * 0.9, 0.45, 0.25),
            (1.15, 1.08, 0.98),
            (0.3, 0.32, 0.36),
            (0.22, 0.21, 0.2),
            hardness=26,
            boxes=5,
        ),
        Light(
            (side * 0.4, 0.85, 0.5),
            (0.62, 0.7, 0.82),
            (0.46, 0.52, 0.6),
            (0.28, 0.3, 0.32),
            hardness=6,
            boxes=3,
        ),
        Light(
            (side * 0.5, 0.8, -0.35),
            (0.9, 0.88, 0.82),
            (0.46, 0.47, 0.5),
            (0.3, 0.3, 0.3),
            hardness=12,
            boxes=3,
        ),
    )
    return replace(moods[rng.integers(len(moods))], **common)


def pose(
    product: DemoProduct, rng: np.random.Generator, *, may_lie: bool
) -> PlacedSolid:
    """Stand the product up, or lay it on its back where people find it so."""
    thing = place(product)
    if not (may_lie and KINDS[product.kind].lies and rng.random() < 0.6):
        return thing
    parts = thing.solid.parts + thing.solid.glass
    low = min(float(bounds(p)[0][2]) for part in parts for p in part if p.op < 2)
    return replace(thing, turn=(-90.0, 0.0, 0.0), at=(0.0, -low, 0.0))


def reach_of(thing: PlacedSolid) -> float:
    spheres = scene_of([thing], Light()).objects
    return float(spheres[:, 5].max())


def viewpoint(product: DemoProduct, lying: bool, rng: np.random.Generator) -> View:
    """Choose an angle beyond the catalogue's that still shows the front."""
    front = KINDS[product.kind].views[0][0]
    turn = float(rng.choice((-1, 1)) * rng.uniform(14, 34))
    pitch = float(rng.uniform(52, 72) if lying else rng.uniform(14, 42))
    return View(
        (float(rng.uniform(-40, 40)) if lying else front + turn),
        pitch,
        fill=float(rng.uniform(0.5, 0.75)),
        shift=(float(rng.uniform(-0.14, 0.14)), float(rng.uniform(-0.14, 0.1))),
        field=float(rng.uniform(32, 46)),
        roll=float(rng.uniform(-7, 7)),
    )


def clutter(
    around: float, view: View, others: list[DemoProduct], rng: np.random.Generator
) -> list[PlacedSolid]:
    """Put smaller things beside and behind the subject, sometimes in front."""
    things = []
    start = rng.uniform(0, 360)
    for i, other in enumerate(others):
        thing = place(other)
        size = around * float(rng.uniform(0.35, 0.62)) / reach_of(thing)
        own = reach_of(thing) * size
        # Angles from the camera's side: 180 is directly behind the subject.
        angle = 70 + (start + i * 220 / max(1, len(others))) % 220
        if i == 0 and rng.random() < 0.5:
            angle = float(rng.choice((-1, 1)) * rng.uniform(38, 55))
        bearing = math.radians(view.yaw + angle)
        away = around * 0.85 + own * float(rng.uniform(0.8, 1.3))
        at = (away * math.sin(bearing), 0.0, away * math.cos(bearing))
        turn = (0.0, float(rng.uniform(0, 360)), 0.0)
        things.append(replace(thing, at=at, turn=turn, scale=size))
    return things


def hidden_share(
    subject: PlacedSolid, things: list[PlacedSolid], camera: Floats
) -> float:
    """Return the share of the subject that the things in front hide."""
    alone = scene_of([subject], Light())
    count = len(alone.objects)
    visible_pixels = []
    for scene in (alone, scene_of([subject, *things], Light())):
        labels = np.zeros((90, 90), dtype=np.int64)
        R.silhouette(scene, camera, labels, 0)
        visible_pixels.append(int(((labels > 0) & (labels <= count)).sum()))
    return 1.0 - visible_pixels[1] / max(1, visible_pixels[0])


def degrade(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add what a phone adds: shake, sensor noise, wrong white balance."""
    picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.0))))
    pixels = np.asarray(picture, dtype=np.float64)
    if rng.random() < 0.4:
        angle, length = rng.uniform(0, math.pi), rng.uniform(2, 6)
        steps = np.linspace(-0.5, 0.5, 7) * length
        shifts = [
            (round(s * math.sin(angle)), round(s * math.cos(angle))) for s in steps
        ]
        pixels = np.mean([np.roll(pixels, s, axis=(0, 1)) for s in shifts], axis=0)
        edge = 4
        pixels = pixels[edge:-edge, edge:-edge]
    cast = 1.0 + rng.uniform(-0.07, 0.07, size=3)
    gain = float(rng.uniform(0.82, 1.12))
    pixels = pixels * cast * gain
    high, wide = pixels.shape[:2]
    noise = rng.normal(0, float(rng.uniform(2, 6)), size=(high, wide, 1))
    noise = noise + rng.normal(0, float(rng.uniform(1, 4)), size=(high, wide, 3))
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def street_photo(
    product: DemoProduct, others: list[DemoProduct], seed: list[int], size: int = 0
) -> Image.Image:
    """Render a photo of the product among others; equal seeds, equal photos."""
    rng = np.random.default_rng(seed)
    subject = pose(product, rng, may_lie=True)
    view = viewpoint(product, subject.turn[0] != 0.0, rng)
    aspect = ASPECTS[rng.integers(len(ASPECTS))]
    camera = frame(subject, view, aspect)
    picked = [others[i] for i in rng.permutation(len(others))[: rng.integers(2, 6)]]
    light = random_light(rng)
    long = size or int(rng.integers(480, 601))
    around = reach_of(subject)
    things = clutter(around, view, picked, rng)
    while things and hidden_share(subject, things, camera) > MAX_HIDDEN_SHARE:
        things = things[1:]
    scene = scene_of([subject, *things], light)
    wide, high = round(long * aspect[0]), round(long * aspect[1])
    return degrade(as_image(render_scene(scene, camera, wide, high)), rng)


def jpeg(picture: Image.Image, seed: list[int]) -> bytes:
    quality = int(np.random.default_rng([*seed, 1]).integers(60, 86))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
