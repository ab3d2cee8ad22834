"""Signed distances: how far a point is from each solid of a scene.

A scene is a program in arrays. Objects stand in the world and consist of parts, a
part is a run of primitives that are joined, cut and intersected in order. Parts and
objects have bounding spheres, so most of the program is skipped for most points.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]

# Zero divisions give inf as in numpy; no checks in the inner loops.
# Nothing is allocated in there, so arrays need no reference counts: twice as fast.
FAST = {
    "fastmath": True,
    "error_model": "numpy",
    "nogil": True,
    "cache": True,
    "_nrt": False,
}

SPHERE, ELLIPSOID, BOX, CYLINDER, CONE, TORUS, LATHE, BODY, PRISM, TUBE = range(10)
JOIN, BLEND, CUT, KEEP = range(4)

# Columns of a primitive's row.
(KIND, OP, SOFT, MATERIAL, MIRROR_X, MIRROR_Z, REPEAT, SHELL, ROUND, SHRINK) = range(10)
AT, TURN, SCALE, SIZE, POINTS, LOBES = 10, 13, 22, 25, 30, 32
# Where a drawn outline's field of distances lies, its size, low corner, cell.
FIELD, FIELD_WIDE, FIELD_HIGH, FIELD_X, FIELD_Y, FIELD_CELL = range(36, 42)
PRIMITIVE_WIDTH = 42

# Columns of an object's row.
OBJECT_SPHERE, OBJECT_AT, OBJECT_TURN, OBJECT_SCALE, OBJECT_GLASS = 2, 6, 9, 18, 19
OBJECT_STRETCH = 20  # of the height, before everything else
OBJECT_WIDTH = 21
FAR = 1e9


class Scene(NamedTuple):
    objects: Floats  # (n, OBJECT_WIDTH): first part, end part, sphere, at, turn ...
    parts: Floats  # (n, 6): first primitive, end primitive, sphere
    primitives: Floats  # (n, PRIMITIVE_WIDTH)
    curves: Floats  # (n, 5): points, radius, 1 / (squared way to the next)
    fields: Floats  # distances to outlines on grids, one after the other
    materials: Floats  # (n, materials.WIDTH)
    light: Floats  # (light.WIDTH,)


@njit(**FAST)
def outline_distance(curves, first, end, x, y, closed):
    """Distance to a polyline, negative inside when it is closed."""
    best = FAR
    inside = False
    count = end - first
    segments = count if closed == 1 else count - 1
    for i in range(segments):
        ax, ay = curves[first + i, 0], curves[first + i, 1]
        j = i + 1 if i + 1 < count else 0
        bx, by = curves[first + j, 0], curves[first + j, 1]
        ex, ey = bx - ax, by - ay
        wx, wy = x - ax, y - ay
        t = (wx * ex + wy * ey) * curves[first + i, 4]
        t = min(1.0, max(0.0, t))
        qx, qy = wx - t * ex, wy - t * ey
        best = min(best, qx * qx + qy * qy)
        if closed != 0 and (ay > y) != (by > y) and x < ax + ex * (y - ay) / ey:
            inside = not inside
    best = math.sqrt(best)
    return -best if inside else best


@njit(**FAST)
def fill_field(curves, closed, x, y, cell, field):
    """The distances to a polyline on a grid of cells from a low corner."""
    for j in range(field.shape[0]):
        for i in range(field.shape[1]):
            field[j, i] = outline_distance(
                curves, 0, curves.shape[0], x + i * cell, y + j * cell, closed
            )


@njit(**FAST)
def field_distance(primitives, i, fields, x, y):
    """The distance to an outline, read from its grid; outside, a safe step to it."""
    cell = primitives[i, FIELD_CELL]
    wide, high = int(primitives[i, FIELD_WIDE]), int(primitives[i, FIELD_HIGH])
    u = (x - primitives[i, FIELD_X]) / cell
    v = (y - primitives[i, FIELD_Y]) / cell
    right, top = wide - 1.001, high - 1.001
    cu, cv = min(max(u, 0.0), right), min(max(v, 0.0), top)
    if cu != u or cv != v:
        # The outline lies in the grid, so it is at least as far as by Pythagoras.
        away = cell * math.hypot(u - cu, v - cv)
        near = fields[int(primitives[i, FIELD]) + int(cv) * wide + int(cu)]
        return math.hypot(away, max(near, 0.0))
    a, b = int(cu), int(cv)
    cu, cv = cu - a, cv - b
    at = int(primitives[i, FIELD]) + b * wide + a
    low = fields[at] + cu * (fields[at + 1] - fields[at])
    up = fields[at + wide] + cu * (fields[at + wide + 1] - fields[at + wide])
    return low + cv * (up - low)


@njit(**FAST)
def lathe_distance(primitives, i, fields, x, y, z):
    """A profile turned about the y axis, with lobes around it if asked for."""
    radius = math.sqrt(x * x + z * z)
    lobes = primitives[i, LOBES]
    if lobes > 0.0:
        angle = math.atan2(z, x) + primitives[i, LOBES + 2] * y
        radius /= 1.0 + primitives[i, LOBES + 1] * math.cos(lobes * angle)
    return field_distance(primitives, i, fields, radius, y)


@njit(**FAST)
def prism_distance(primitives, i, fields, x, y, z):
    """A polygon in x and y with a thickness; pillowed ones thin out to the rim."""
    flat = field_distance(primitives, i, fields, x, y)
    half = primitives[i, SIZE]
    pillow = primitives[i, SIZE + 1]
    if pillow > 0.0:
        depth = min(1.0, max(0.0, -flat) / pillow)
        half *= 0.22 + 0.78 * math.sqrt(depth * (2.0 - depth))
    off = abs(z) - half
    outside = math.hypot(max(flat, 0.0), max(off, 0.0))
    return min(max(flat, off), 0.0) + outside


@njit(**FAST)
def tube_distance(primitives, i, curves, x, y, z):
    """A chain of capsules whose radius runs from point to point."""
    first, end = int(primitives[i, POINTS]), int(primitives[i, POINTS + 1])
    best = FAR
    for j in range(first, end - 1):
        ax, ay, az = curves[j, 0], curves[j, 1], curves[j, 2]
        ex, ey, ez = curves[j + 1, 0] - ax, curves[j + 1, 1] - ay, curves[j + 1, 2] - az
        wx, wy, wz = x - ax, y - ay, z - az
        t = (wx * ex + wy * ey + wz * ez) * curves[j, 4]
        t = min(1.0, max(0.0, t))
        wx, wy, wz = wx - t * ex, wy - t * ey, wz - t * ez
        radius = curves[j, 3] + t * (curves[j + 1, 3] - curves[j, 3])
        best = min(best, math.sqrt(wx * wx + wy * wy + wz * wz) - radius)
    return best


@njit(**FAST)
def box_distance(x, y, z, a, b, c):
    x, y, z = abs(x) - a, abs(y) - b, abs(z) - c
    px, py, pz = max(x, 0.0), max(y, 0.0), max(z, 0.0)
    return math.sqrt(px * px + py * py + pz * pz) + min(max(x, y, z), 0.0)


@njit(**FAST)
def cone_distance(radius, y, low, high, half):
    """A frustum of half height `half`; a cylinder when both radii agree."""
    slope = (high - low) / (2.0 * half)
    side = (radius - (low + slope * (y + half))) / math.sqrt(1.0 + slope * slope)
    cap = abs(y) - half
    outside = math.hypot(max(side, 0.0), max(cap, 0.0))
    return min(max(side, cap), 0.0) + outside


@njit(**FAST)
def basic_distance(kind, x, y, z, a, b, c):
    if kind == SPHERE:
        return math.sqrt(x * x + y * y + z * z) - a
    if kind == BOX:
        return box_distance(x, y, z, a, b, c)
    if kind == ELLIPSOID:
        # Length over gradient: close to the distance near the surface.
        u, v, w = x / a, y / b, z / c
        size = math.sqrt(u * u + v * v + w * w)
        slope = math.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        return size * (size - 1.0) / (slope + 1e-9) if size > 0.05 else -min(a, b, c)
    if kind == TORUS:
        return math.hypot(math.hypot(x, z) - a, y) - b
    radius = math.hypot(x, z)
    return cone_distance(radius, y, a, a if kind == CYLINDER else b, c)


@njit(**FAST)
def primitive_distance(primitives, i, curves, fields, x, y, z):
    if primitives[i, MIRROR_X] > 0.0:
        x = abs(x)
    if primitives[i, MIRROR_Z] > 0.0:
        z = abs(z)
    if primitives[i, REPEAT] > 0.0:
        slice_ = 2.0 * math.pi / primitives[i, REPEAT]
        angle = math.atan2(z, x)
        angle -= slice_ * math.floor(angle / slice_ + 0.5)
        radius = math.hypot(x, z)
        x, z = radius * math.cos(angle), radius * math.sin(angle)
    x, y, z = x - primitives[i, AT], y - primitives[i, AT + 1], z - primitives[i, AT + 2]
    x, y, z = (
        (primitives[i, TURN] * x + primitives[i, TURN + 1] * y + primitives[i, TURN + 2] * z) / primitives[i, SCALE],
        (primitives[i, TURN + 3] * x + primitives[i, TURN + 4] * y + primitives[i, TURN + 5] * z) / primitives[i, SCALE + 1],
        (primitives[i, TURN + 6] * x + primitives[i, TURN + 7] * y + primitives[i, TURN + 8] * z) / primitives[i, SCALE + 2],
    )
    kind = int(primitives[i, KIND])
    if kind == LATHE or kind == BODY:
        d = lathe_distance(primitives, i, fields, x, y, z)
    elif kind == PRISM:
        d = prism_distance(primitives, i, fields, x, y, z)
    elif kind == TUBE:
        d = tube_distance(primitives, i, curves, x, y, z)
    else:
        d = basic_distance(kind, x, y, z, primitives[i, SIZE], primitives[i, SIZE + 1], primitives[i, SIZE + 2])
    d -= primitives[i, ROUND]
    if primitives[i, SHELL] > 0.0:
        d = abs(d) - primitives[i, SHELL]
    return d * primitives[i, SHRINK]


@njit(**FAST)
def part_distance(scene, first, end, x, y, z):
    """Distance and material after the part's primitives were combined in order."""
    primitives, curves, fields = scene.primitives, scene.curves, scene.fields
    best = FAR
    material = -1
    for i in range(first, end):
        d = primitive_distance(primitives, i, curves, fields, x, y, z)
        op, soft = int(primitives[i, OP]), primitives[i, SOFT]
        own = int(primitives[i, MATERIAL])
        if op >= CUT:
            d = -d if op == CUT else d
            # What is cut open shows the cutter's material, if it has one.
            if d > best and own >= 0:
                material = own
            overlap = max(soft - abs(best - d), 0.0) if soft > 0.0 else 0.0
            best = max(best, d)
            if overlap > 0.0:
                best += overlap * overlap * 0.25 / soft
        else:
            if d < best:
                material = own
            overlap = max(soft - abs(best - d), 0.0) if op == BLEND else 0.0
            best = min(best, d)
            if overlap > 0.0:
                best -= overlap * overlap * 0.25 / soft
    return best, material


@njit(**FAST)
def object_distance(scene, o, x, y, z, best):
    """Distance and material of one object; no nearer than `best` is not looked at."""
    objects, parts = scene.objects, scene.parts
    scale = objects[o, OBJECT_SCALE]
    x, y, z = x - objects[o, OBJECT_AT], y - objects[o, OBJECT_AT + 1], z - objects[o, OBJECT_AT + 2]
    t = OBJECT_TURN
    x, y, z = (
        (objects[o, t] * x + objects[o, t + 1] * y + objects[o, t + 2] * z) / scale,
        (objects[o, t + 3] * x + objects[o, t + 4] * y + objects[o, t + 5] * z)
        / (scale * objects[o, OBJECT_STRETCH]),
        (objects[o, t + 6] * x + objects[o, t + 7] * y + objects[o, t + 8] * z) / scale,
    )
    scale *= min(1.0, objects[o, OBJECT_STRETCH])
    best /= scale
    material = -1
    for p in range(int(objects[o, 0]), int(objects[o, 1])):
        u, v, w = x - parts[p, 2], y - parts[p, 3], z - parts[p, 4]
        reach = math.sqrt(u * u + v * v + w * w) - parts[p, 5]
        if reach >= best:
            continue
        if reach > 0.25:
            # Far off, the sphere is good enough and safe to step to.
            best = reach + 0.02
            material = -1
            continue
        d, own = part_distance(scene, int(parts[p, 0]), int(parts[p, 1]), x, y, z)
        if d < best:
            best = d
            material = own
    return best * scale, material


@njit(**FAST)
def nearest(scene, x, y, z, glass):
    """Distance, material and object of the nearest opaque (or glass) solid."""
    objects = scene.objects
    best = FAR
    material = -1
    found = -1
    for o in range(objects.shape[0]):
        if (objects[o, OBJECT_GLASS] > 0.5) != glass:
            continue
        u = x - objects[o, OBJECT_SPHERE]
        v = y - objects[o, OBJECT_SPHERE + 1]
        w = z - objects[o, OBJECT_SPHERE + 2]
        reach = math.sqrt(u * u + v * v + w * w) - objects[o, OBJECT_SPHERE + 3]
        if reach >= best:
            continue
        if reach > 0.3:
            best, material, found = reach + 0.02, -1, -1
            continue
        d, own = object_distance(scene, o, x, y, z, best)
        if d < best:
            best, material, found = d, own, o
    return best, material, found
