"""Setting solids on a ground, lighting them and framing them with a camera."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demo.renderer import program as D
from demo.renderer import raymarch as R
from demo.renderer.materials import Material, linear
from demo.renderer.outlines import fill_field
from demo.renderer.solids import Primitive, Solid, bounds, rotation


@dataclass(frozen=True)
class PlacedSolid:
    """A solid in the world: turned, scaled, then moved to a point."""

    solid: Solid
    at: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0
    stretch: float = 1.0  # of its height, before it is turned


@dataclass(frozen=True)
class Light:
    key: tuple[float, float, float] = (-0.55, 0.75, 0.55)
    key_colour: tuple[float, float, float] = (0.62, 0.61, 0.59)
    sky: tuple[float, float, float] = (0.58, 0.59, 0.61)
    bounce: tuple[float, float, float] = (0.42, 0.41, 0.40)
    back_top: str = "#fafbfc"
    back_low: str = "#ffffff"
    hardness: float = 5.0
    floor: Material | None = None
    wall: Material | None = None
    wall_at: float = -2.0
    fill: float = 0.12
    boxes: float = 4.5


FIELD_CELL_SIDE = 0.008  # a field's cell; corners are rounded by about this much


def outline(points: tuple[tuple[float, ...], ...], axes: int) -> D.Floats:
    """Return a curve's rows: its points, each with 1 / (squared step to the next)."""
    rows = []
    for i, point in enumerate(points):
        after = points[(i + 1) % len(points)]
        way = sum((point[k] - after[k]) ** 2 for k in range(axes))
        rows.append([*[*point, 0.0, 0.0, 0.0, 0.0][:4], 1.0 / (way + 1e-12)])
    return np.array(rows, dtype=np.float64)


@lru_cache(maxsize=400)
def field_of(
    points: tuple[tuple[float, ...], ...], kind: int, rim: float
) -> tuple[D.Floats, float, float]:
    """Return the grid of distances to a drawn outline, and its low corner."""
    rows = outline(points, 2)
    low, high = rows[:, :2].min(axis=0) - rim, rows[:, :2].max(axis=0) + rim
    wide, tall = (int(math.ceil(size)) + 2 for size in (high - low) / FIELD_CELL_SIDE)
    field = np.empty((tall, wide))
    closed = {D.LATHE: 0, D.PRISM: 1, D.BODY: 2}[kind]
    fill_field(rows, closed, float(low[0]), float(low[1]), FIELD_CELL_SIDE, field)
    return field, float(low[0]), float(low[1])


class _Tables:
    """Collect the rows of a scene's arrays."""

    def __init__(self) -> None:
        self.materials: dict[Material, int] = {}
        self.objects: list[list[float]] = []
        self.parts: list[list[float]] = []
        self.primitives: list[list[float]] = []
        self.curves: list[D.Floats] = []
        self.fields: list[D.Floats] = []
        self.points = 0
        self.cells = 0

    def material(self, material: Material | None) -> int:
        if material is None:
            return -1
        return self.materials.setdefault(material, len(self.materials))

    def primitive(self, p: Primitive) -> None:
        row = np.zeros(D.PRIMITIVE_WIDTH)
        shrink = min(p.scale)
        if p.lobes[0]:
            shrink *= 1.0 / (1.0 + 0.45 * p.lobes[0] * abs(p.lobes[1]) + 0.3)
        if p.kind == D.PRISM and p.size[1] > 0:
            shrink *= 0.72
        if p.kind == D.ELLIPSOID:
            shrink *= 0.85
        row[: D.SHRINK + 1] = [
            p.kind,
            p.op,
            p.soft,
            self.material(p.material),
            "x" in p.mirror,
            "z" in p.mirror,
            p.repeat,
            p.skin,
            p.round,
            shrink,
        ]
        row[D.AT : D.AT + 3] = p.at
        row[D.TURN : D.TURN + 9] = rotation(p.turn).T.ravel()
        row[D.SCALE : D.SCALE + 3] = p.scale
        row[D.SIZE : D.SIZE + len(p.size)] = p.size
        if p.kind == D.TUBE:
            row[D.POINTS : D.POINTS + 2] = self.points, self.points + len(p.points)
            self.curves.append(outline(p.points, 3))
            self.points += len(p.points)
        elif p.points:
            rim = 0.06 + max(p.round, 0.0) + p.soft
            field, x, y = field_of(p.points, p.kind, rim)
            tall, wide = field.shape
            row[D.FIELD :] = [self.cells, wide, tall, x, y, FIELD_CELL_SIDE]
            self.fields.append(field.ravel())
            self.cells += field.size
        row[D.LOBES : D.LOBES + 3] = p.lobes
        self.primitives.append(list(row))

    def part(self, primitives: Sequence[Primitive]) -> tuple[D.Floats, D.Floats]:
        first = len(self.primitives)
        boxes = [bounds(p) for p in primitives if p.op in (D.JOIN, D.BLEND)]
        low = np.min([box[0] for box in boxes], axis=0)
        high = np.max([box[1] for box in boxes], axis=0)
        for primitive in primitives:
            self.primitive(primitive)
        soft = max(p.soft for p in primitives) * 0.25
        radius = float(np.linalg.norm(high - low)) / 2 + soft + 1e-3
        middle = (low + high) / 2
        self.parts.append([first, len(self.primitives), *middle, radius])
        return low, high

    def object(
        self, placed: PlacedSolid, parts: list[list[Primitive]], glass: bool
    ) -> None:
        first = len(self.parts)
        boxes = [self.part(part) for part in parts]
        low = np.min([box[0] for box in boxes], axis=0)
        high = np.max([box[1] for box in boxes], axis=0)
        spheres = np.array(self.parts[first:])[:, 2:]
        matrix = rotation(placed.turn)
        middle = (low + high) / 2
        reach = np.linalg.norm(spheres[:, :3] - middle, axis=1) + spheres[:, 3]
        radius = min(float(np.linalg.norm(high - low)) / 2 + 0.01, float(reach.max()))
        tall = np.array([1.0, placed.stretch, 1.0])
        centre = matrix @ (middle * tall * placed.scale) + np.array(placed.at)
        self.objects.append(
            [
                first,
                len(self.parts),
                *centre,
                radius * placed.scale * max(1.0, placed.stretch),
                *placed.at,
                *matrix.T.ravel(),
                placed.scale,
                float(glass),
                placed.stretch,
            ]
        )


def scene_of(things: Sequence[PlacedSolid], light: Light) -> D.Scene:
    tables = _Tables()
    for placed in things:
        if placed.solid.parts:
            tables.object(placed, placed.solid.parts, False)
        if placed.solid.glass:
            tables.object(placed, placed.solid.glass, True)
    key = np.array(light.key) / np.linalg.norm(light.key)
    floor = tables.material(light.floor)
    wall = tables.material(light.wall)
    row = [
        *key,
        *light.key_colour,
        *light.sky,
        *light.bounce,
        *linear(light.back_top),
        *linear(light.back_low),
        light.hardness,
        floor,
        wall,
        light.wall_at,
        light.fill,
        light.boxes,
    ]
    return D.Scene(
        np.array(tables.objects, dtype=np.float64),
        np.array(tables.parts, dtype=np.float64),
        np.array(tables.primitives, dtype=np.float64),
        np.vstack(tables.curves or [np.zeros((1, 5))]),
        np.concatenate(tables.fields or [np.zeros(4)]),
        np.array([m.row() for m in tables.materials], dtype=np.float64),
        np.array(row, dtype=np.float64),
    )


def camera_at(
    target: D.Floats, yaw: float, pitch: float, away: float, field: float, roll: float
) -> D.Floats:
    """Return a camera that looks at the target; yaw 0 faces the product's front."""
    a, b = math.radians(yaw), math.radians(pitch)
    ahead = -np.array(
        [math.sin(a) * math.cos(b), math.sin(b), math.cos(a) * math.cos(b)]
    )
    right = np.cross(ahead, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    top = np.cross(right, ahead)
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    right, top = c * right + s * top, c * top - s * right
    eye = target - ahead * away
    tangent = math.tan(math.radians(field) / 2)
    return np.array([*eye, *right, *top, *ahead, tangent])


@dataclass(frozen=True)
class View:
    yaw: float
    pitch: float
    fill: float = 0.78  # share of the picture's longer side that the product takes
    shift: tuple[float, float] = (0.0, 0.0)  # of the middle, in halves of that side
    field: float = 24.0
    roll: float = 0.0


def frame(subject: PlacedSolid, view: View, aspect: tuple[float, float]) -> D.Floats:
    """Return the camera that shows the subject as large and where the view asks.

    `aspect` is the picture's width and height as shares of the longer side.
    """
    scene = scene_of([subject], Light())
    spheres = scene.objects[:, D.OBJECT_SPHERE : D.OBJECT_SPHERE + 4]
    target = spheres[:, :3].mean(axis=0)
    reach = float(
        (np.linalg.norm(spheres[:, :3] - target, axis=1) + spheres[:, 3]).max()
    )
    tangent = math.tan(math.radians(view.field) / 2)
    away = reach / tangent * 1.15
    for size in (48, 96):
        camera = camera_at(target, view.yaw, view.pitch, away, view.field, view.roll)
        labels = np.zeros((size, size), dtype=np.int64)
        R.silhouette(scene, camera, labels, 0)
        is_covered = labels > 0
        rows, columns = (
            np.nonzero(is_covered.any(axis=1))[0],
            np.nonzero(is_covered.any(axis=0))[0],
        )
        if not len(rows):
            break
        left, right = columns[0] / size * 2 - 1, (columns[-1] + 1) / size * 2 - 1
        top, low = 1 - rows[0] / size * 2, 1 - (rows[-1] + 1) / size * 2
        across, up = (left + right) / 2, (top + low) / 2
        target = target + away * tangent * (
            across * camera[D.RIGHT : D.RIGHT + 3] + up * camera[D.TOP : D.TOP + 3]
        )
        span = max((right - left) / 2 / aspect[0], (top - low) / 2 / aspect[1])
        away *= span / view.fill
    x, y = view.shift
    target = target - away * tangent * (
        x * camera[D.RIGHT : D.RIGHT + 3] + y * camera[D.TOP : D.TOP + 3]
    )
    return camera_at(target, view.yaw, view.pitch, away, view.field, view.roll)


def render_scene(scene: D.Scene, camera: D.Floats, width: int, height: int) -> D.Floats:
    """Return the picture as (height, width, 3) display values in [0, 1]."""
    picture = np.empty((height, width, 3))
    labels = np.empty((height, width), dtype=np.int64)
    R.render_pixels(scene, camera, picture, np.empty_like(picture), labels)
    return picture
