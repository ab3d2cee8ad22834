"""Where rays go: to surfaces, to the lamp, to the surroundings."""

# Points and directions are passed as three numbers, which compiles to the fastest
# code. numba infers types, so functions called only from compiled code have none.
# ruff: noqa: PLR0913
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from demo.renderer.compiling import compiled
from demo.renderer.distance import nearest
from demo.renderer.program import (
    BOUNCE,
    BOXES,
    FLOOR,
    KEY,
    KEY_COLOUR,
    OBJECT_GLASS,
    OBJECT_SPHERE,
    SKY,
)

NEVER = 1e6


@compiled
def bounding_span(scene, ox, oy, oz, dx, dy, dz, glass, margin):
    """Return where the ray enters the first and leaves the last bounding sphere."""
    objects = scene.objects
    start, stop = NEVER, -1.0
    for o in range(objects.shape[0]):
        if (objects[o, OBJECT_GLASS] > 0.5) != glass:
            continue
        x, y, z = (
            ox - objects[o, OBJECT_SPHERE],
            oy - objects[o, OBJECT_SPHERE + 1],
            oz - objects[o, OBJECT_SPHERE + 2],
        )
        radius = objects[o, OBJECT_SPHERE + 3] * (1.0 + margin)
        b = x * dx + y * dy + z * dz
        inner = b * b - (x * x + y * y + z * z - radius * radius)
        if inner <= 0.0:
            continue
        root = math.sqrt(inner)
        if -b + root > 0.0:
            start, stop = min(start, max(0.0, -b - root)), max(stop, -b + root)
    return start, stop


@compiled
def march(scene, ox, oy, oz, dx, dy, dz, glass, sign, skip, steps):
    """Find the first surface beyond `skip`; sign -1 finds the way out of a solid."""
    start, stop = bounding_span(scene, ox, oy, oz, dx, dy, dz, glass, 0.01)
    t = max(start, skip)
    for _ in range(steps):
        if t > stop:
            break
        d, material, o = nearest(scene, ox + t * dx, oy + t * dy, oz + t * dz, glass)
        d *= sign
        if d < 0.0011 + 0.00006 * t and material >= 0:
            return t, material, o
        t += max(d * 0.95, 0.001)
    return NEVER, -1, -1


@compiled
def shadow(scene, x, y, z, lx, ly, lz, hardness, glass):
    """Return the share of the key light that arrives, with a soft edge."""
    start, stop = bounding_span(scene, x, y, z, lx, ly, lz, glass, 0.25)
    t = max(0.015, start)
    light = 1.0
    for _ in range(32):
        if t > stop:
            break
        d, _, _ = nearest(scene, x + t * lx, y + t * ly, z + t * lz, glass)
        light = min(light, 0.5 + 0.5 * hardness * d / t)
        if light < 0.01:
            return 0.0
        t += min(max(d * 0.9, 0.014), 0.22)
    light = max(0.0, light)
    return light * light * (3.0 - 2.0 * light)


@compiled
def openness(scene, x, y, z, nx, ny, nz):
    """Return the ambient occlusion: how free the half space over the point is."""
    closed, weight = 0.0, 1.0
    for i in range(1, 5):
        h = 0.012 + 0.024 * i * i
        px, py, pz = x + h * nx, y + h * ny, z + h * nz
        d, _, _ = nearest(scene, px, py, pz, False)
        if scene.light[FLOOR] > -1.5:
            d = min(d, max(py, 0.0))
        closed += weight * max(0.0, h - d) / h
        weight *= 0.72
    return max(0.0, 1.0 - closed * 0.4)


@compiled
def softbox(dx, dy, dz, lx, ly, lz, wide, high, blur):
    """Return the light of a rectangular lamp, seen in a mirror of some roughness."""
    facing = dx * lx + dy * ly + dz * lz
    if facing <= 0.05:
        return 0.0
    side = math.hypot(lx, lz) + 1e-6
    rx, rz = lz / side, -lx / side
    a = abs(dx * rx + dz * rz) / facing
    ux, uy, uz = -ly * lx / side, side, -ly * lz / side
    b = abs(dx * ux + dy * uy + dz * uz) / facing
    in_a = min(1.0, max(0.0, (wide + blur - a) / (2.0 * blur)))
    in_b = min(1.0, max(0.0, (high + blur - b) / (2.0 * blur)))
    dim = min(1.0, wide / blur) * min(1.0, high / blur)
    return in_a * in_a * (3 - 2 * in_a) * in_b * in_b * (3 - 2 * in_b) * dim


@compiled
def surroundings(light, dx, dy, dz, rough):
    """Return the light a mirror reflects: floor, walls with a dark belt, lamps."""
    blur = 0.03 + 0.9 * rough * rough + 0.25 * rough
    up = min(1.0, max(0.0, 0.5 + dy / (2.0 * (0.12 + blur))))
    belt = math.exp(-(((dy - 0.12) / (0.2 + blur)) ** 2)) * (1.0 - 0.6 * rough)
    walls = 1.0 - 0.55 * belt * (0.7 + 0.3 * dx)
    lx, ly, lz = light[KEY], light[KEY + 1], light[KEY + 2]
    lamp = softbox(dx, dy, dz, lx, ly, lz, 0.42, 0.55, blur) * light[BOXES]
    strip = softbox(dx, dy, dz, 0.86, 0.25, 0.44, 0.12, 0.9, blur) * light[BOXES] * 0.5
    r, g, b = 0.0, 0.0, 0.0
    r = (light[BOUNCE] * (1 - up) + light[SKY] * up) * walls
    g = (light[BOUNCE + 1] * (1 - up) + light[SKY + 1] * up) * walls
    b = (light[BOUNCE + 2] * (1 - up) + light[SKY + 2] * up) * walls
    lamp += strip
    return (
        r + lamp * light[KEY_COLOUR],
        g + lamp * light[KEY_COLOUR + 1],
        b + lamp * light[KEY_COLOUR + 2],
    )
