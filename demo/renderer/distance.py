"""Signed distances: how far a point is from each solid of a scene."""

# Points and directions are passed as three numbers, which compiles to the fastest
# code. numba infers types, so functions called only from compiled code have none.
# ruff: noqa: PLR0913
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from demo.renderer.compiling import compiled
from demo.renderer.outlines import field_distance
from demo.renderer.program import (
    AT,
    BLEND,
    BODY,
    BOX,
    CUT,
    CYLINDER,
    ELLIPSOID,
    FAR,
    KIND,
    LATHE,
    LOBES,
    MATERIAL,
    MIRROR_X,
    MIRROR_Z,
    OBJECT_AT,
    OBJECT_GLASS,
    OBJECT_SCALE,
    OBJECT_SPHERE,
    OBJECT_STRETCH,
    OBJECT_TURN,
    OP,
    POINTS,
    PRISM,
    REPEAT,
    ROUND,
    SCALE,
    SHELL,
    SHRINK,
    SIZE,
    SOFT,
    SPHERE,
    TORUS,
    TUBE,
    TURN,
)


@compiled
def lathe_distance(primitives, i, fields, x, y, z):
    """Measure to a profile turned about the y axis, with lobes around it if any."""
    radius = math.sqrt(x * x + z * z)
    lobes = primitives[i, LOBES]
    if lobes > 0.0:
        angle = math.atan2(z, x) + primitives[i, LOBES + 2] * y
        radius /= 1.0 + primitives[i, LOBES + 1] * math.cos(lobes * angle)
    return field_distance(primitives, i, fields, radius, y)


@compiled
def prism_distance(primitives, i, fields, x, y, z):
    """Measure to an extruded polygon in x and y; pillowed ones thin out to the rim."""
    flat = field_distance(primitives, i, fields, x, y)
    half = primitives[i, SIZE]
    pillow = primitives[i, SIZE + 1]
    if pillow > 0.0:
        depth = min(1.0, max(0.0, -flat) / pillow)
        half *= 0.22 + 0.78 * math.sqrt(depth * (2.0 - depth))
    off = abs(z) - half
    outside = math.hypot(max(flat, 0.0), max(off, 0.0))
    return min(max(flat, off), 0.0) + outside


@compiled
def tube_distance(primitives, i, curves, x, y, z):
    """Measure to a chain of capsules whose radius runs from point to point."""
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


@compiled
def box_distance(x, y, z, a, b, c):
    x, y, z = abs(x) - a, abs(y) - b, abs(z) - c
    px, py, pz = max(x, 0.0), max(y, 0.0), max(z, 0.0)
    return math.sqrt(px * px + py * py + pz * pz) + min(max(x, y, z), 0.0)


@compiled
def cone_distance(radius, y, low, high, half):
    """Measure to a frustum of half height `half`; equal radii make a cylinder."""
    slope = (high - low) / (2.0 * half)
    side = (radius - (low + slope * (y + half))) / math.sqrt(1.0 + slope * slope)
    cap = abs(y) - half
    outside = math.hypot(max(side, 0.0), max(cap, 0.0))
    return min(max(side, cap), 0.0) + outside


@compiled
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


@compiled
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
    x, y, z = (
        x - primitives[i, AT],
        y - primitives[i, AT + 1],
        z - primitives[i, AT + 2],
    )
    x, y, z = (
        (
            primitives[i, TURN] * x
            + primitives[i, TURN + 1] * y
            + primitives[i, TURN + 2] * z
        )
        / primitives[i, SCALE],
        (
            primitives[i, TURN + 3] * x
            + primitives[i, TURN + 4] * y
            + primitives[i, TURN + 5] * z
        )
        / primitives[i, SCALE + 1],
        (
            primitives[i, TURN + 6] * x
            + primitives[i, TURN + 7] * y
            + primitives[i, TURN + 8] * z
        )
        / primitives[i, SCALE + 2],
    )
    kind = int(primitives[i, KIND])
    if kind in (LATHE, BODY):
        d = lathe_distance(primitives, i, fields, x, y, z)
    elif kind == PRISM:
        d = prism_distance(primitives, i, fields, x, y, z)
    elif kind == TUBE:
        d = tube_distance(primitives, i, curves, x, y, z)
    else:
        d = basic_distance(
            kind,
            x,
            y,
            z,
            primitives[i, SIZE],
            primitives[i, SIZE + 1],
            primitives[i, SIZE + 2],
        )
    d -= primitives[i, ROUND]
    if primitives[i, SHELL] > 0.0:
        d = abs(d) - primitives[i, SHELL]
    return d * primitives[i, SHRINK]


@compiled
def part_distance(scene, first, end, x, y, z):
    """Return distance and material after combining the part's primitives in order."""
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


@compiled
def object_distance(scene, o, x, y, z, best):
    """Return distance and material of an object; stop where none is below `best`."""
    objects, parts = scene.objects, scene.parts
    scale = objects[o, OBJECT_SCALE]
    x, y, z = (
        x - objects[o, OBJECT_AT],
        y - objects[o, OBJECT_AT + 1],
        z - objects[o, OBJECT_AT + 2],
    )
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
        if reach > 0.45:
            # Far off, the sphere is good enough and safe to step to.
            best = reach + 0.02
            material = -1
            continue
        d, own = part_distance(scene, int(parts[p, 0]), int(parts[p, 1]), x, y, z)
        if d < best:
            best = d
            material = own
    return best * scale, material


@compiled
def nearest(scene, x, y, z, glass):
    """Return distance, material and object of the nearest opaque (or glass) solid."""
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
        if reach > 0.45:
            best, material, found = reach + 0.02, -1, -1
            continue
        d, own = object_distance(scene, o, x, y, z, best)
        if d < best:
            best, material, found = d, own, o
    return best, material, found
