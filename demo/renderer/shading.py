"""How surfaces, the ground and the backdrop look from where the camera is."""

# Points and directions are passed as three numbers, which compiles to the fastest
# code. numba infers types, so functions called only from compiled code have none.
# ruff: noqa: PLR0913
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from demo.renderer import materials as M
from demo.renderer.compiling import compiled
from demo.renderer.distance import object_distance
from demo.renderer.light import NEVER, march, openness, shadow, surroundings
from demo.renderer.program import (
    BACK_LOW,
    BACK_TOP,
    BOUNCE,
    FILL,
    FLOOR,
    HARDNESS,
    KEY_COLOUR,
    OBJECT_SCALE,
    OBJECT_STRETCH,
    SKY,
    WALL,
    WALL_AT,
)
from demo.renderer.surface import bent_normal, colour_at


@compiled
def object_space(scene, o, x, y, z, nx, ny, nz):
    """Convert a world point and normal to the object's own space."""
    row = scene.objects[o]
    s, t = row[OBJECT_SCALE], row[OBJECT_STRETCH]
    x, y, z = x - row[6], y - row[7], z - row[8]
    return (
        (row[9] * x + row[10] * y + row[11] * z) / s,
        (row[12] * x + row[13] * y + row[14] * z) / (s * t),
        (row[15] * x + row[16] * y + row[17] * z) / s,
        row[9] * nx + row[10] * ny + row[11] * nz,
        row[12] * nx + row[13] * ny + row[14] * nz,
        row[15] * nx + row[16] * ny + row[17] * nz,
    )


@compiled
def normal_at(scene, o, x, y, z):
    e = 0.003  # wide enough to smooth the bends of drawn outlines
    a = object_distance(scene, o, x + e, y - e, z - e, 0.2)[0]
    b = object_distance(scene, o, x - e, y - e, z + e, 0.2)[0]
    c = object_distance(scene, o, x - e, y + e, z - e, 0.2)[0]
    d = object_distance(scene, o, x + e, y + e, z + e, 0.2)[0]
    nx, ny, nz = a - b - c + d, -a - b + c + d, -a + b - c + d
    size = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    return nx / size, ny / size, nz / size


@compiled
def colour_and_normal(scene, o, row, x, y, z, nx, ny, nz):
    """Return the surface's colour and its normal, bent by the relief, in the world."""
    px, py, pz, mx, my, mz = object_space(scene, o, x, y, z, nx, ny, nz)
    r, g, b = colour_at(row, px, py, pz, mx, my, mz)
    if row[M.GRAIN] > 0.5:
        mx, my, mz = bent_normal(row, px, py, pz, mx, my, mz)
        w = scene.objects[o]
        nx = w[9] * mx + w[12] * my + w[15] * mz
        ny = w[10] * mx + w[13] * my + w[16] * mz
        nz = w[11] * mx + w[14] * my + w[17] * mz
    return r, g, b, nx, ny, nz


@compiled
def reflection(scene, x, y, z, rx, ry, rz, rough):
    """Return the colour along a reflected ray."""
    light = scene.light
    if rough < 0.3:
        t, material, o = march(scene, x, y, z, rx, ry, rz, False, 1.0, 0.03, 18)
        if material >= 0:
            hx, hy, hz = x + t * rx, y + t * ry, z + t * rz
            nx, ny, nz = normal_at(scene, o, hx, hy, hz)
            px, py, pz, mx, my, mz = object_space(scene, o, hx, hy, hz, nx, ny, nz)
            row = scene.materials[material]
            r, g, b = colour_at(row, px, py, pz, mx, my, mz)
            key = max(0.0, nx * light[0] + ny * light[1] + nz * light[2]) * 0.6
            up = 0.5 + 0.5 * ny
            return (
                r * (key * light[KEY_COLOUR] + up * light[SKY]),
                g * (key * light[KEY_COLOUR + 1] + up * light[SKY + 1]),
                b * (key * light[KEY_COLOUR + 2] + up * light[SKY + 2]),
            )
    return surroundings(light, rx, ry, rz, rough)


@compiled
def shade(scene, row, colour, x, y, z, n, d, free):
    """Return the light that leaves a surface towards the camera."""
    light = scene.light
    r, g, b = colour
    nx, ny, nz = n
    dx, dy, dz = d
    facing = min(1.0, max(0.0, -(nx * dx + ny * dy + nz * dz)))
    key = nx * light[0] + ny * light[1] + nz * light[2]
    # Cloth scatters: light wraps a little around the edge.
    wrap = 0.35 * min(1.0, row[M.SHEEN] * 2.0)
    key = max(0.0, (key + wrap) / (1.0 + wrap))
    if key > 0.0:
        args = (light[0], light[1], light[2], light[HARDNESS])
        key *= shadow(scene, x + 0.01 * nx, y + 0.01 * ny, z + 0.01 * nz, *args, False)
    fill = max(0.0, 0.75 * nx + 0.2 * ny + 0.6 * nz) * light[FILL] * free
    sheen = row[M.SHEEN] * (1.0 - facing) ** 3
    up = 0.5 + 0.5 * ny
    metal = row[M.METAL]
    edge = (1.0 - facing) ** 5
    rough = row[M.ROUGH]
    mirror = row[M.SHINE] + (1.0 - row[M.SHINE]) * edge * (1.0 - 0.9 * rough)
    er, eg, eb = 0.0, 0.0, 0.0
    if rough < 0.9:
        twice = 2.0 * (nx * dx + ny * dy + nz * dz)
        rx, ry, rz = dx - twice * nx, dy - twice * ny, dz - twice * nz
        er, eg, eb = reflection(
            scene, x + 0.004 * nx, y + 0.004 * ny, z + 0.004 * nz, rx, ry, rz, rough
        )
    shut = 0.35 + 0.65 * free
    gloss = (1.0 - 0.55 * rough) * shut
    body = (1.0 - metal) * (1.0 - mirror)
    glow = row[M.GLOW]
    out = (0.0, 0.0, 0.0)
    for i in range(3):
        c = r if i == 0 else (g if i == 1 else b)
        e = er if i == 0 else (eg if i == 1 else eb)
        ambient = light[BOUNCE + i] * (1.0 - up) + light[SKY + i] * up
        lit = light[KEY_COLOUR + i] * key + ambient * free + fill + sheen * ambient
        tint = mirror * (1.0 - metal) + (c + (1.0 - c) * edge) * metal
        value = c * lit * body + e * tint * gloss + c * glow
        if i == 0:
            out = (value, out[1], out[2])
        elif i == 1:
            out = (out[0], value, out[2])
        else:
            out = (out[0], out[1], value)
    return out


@compiled
def ground(scene, x, z, dx, dy, dz, back):
    """Return the floor's colour: a white sweep with shadows, or a material."""
    light = scene.light
    free = openness(scene, x, 0.0, z, 0.0, 1.0, 0.0)
    sun = shadow(
        scene, x, 0.004, z, light[0], light[1], light[2], light[HARDNESS], False
    )
    sun *= 0.55 + 0.45 * shadow(
        scene, x, 0.004, z, light[0], light[1], light[2], light[HARDNESS], True
    )
    if light[FLOOR] < 0.0:
        dark = (0.7 + 0.3 * sun) * (0.3 + 0.7 * free)
        return back[0] * dark, back[1] * dark, back[2] * (dark * 0.98 + 0.02)
    row = scene.materials[int(light[FLOOR])]
    r, g, b = colour_at(row, x, 0.0, z, 0.0, 1.0, 0.0)
    nx, ny, nz = bent_normal(row, x, 0.0, z, 0.0, 1.0, 0.0)
    key = max(0.0, nx * light[0] + ny * light[1] + nz * light[2]) * sun
    shine = row[M.SHINE] + 0.5 * (1.0 + dy) ** 5 * (1.0 - row[M.ROUGH])
    er, eg, eb = reflection(scene, x, 0.004, z, dx, -dy, dz, row[M.ROUGH])
    return (
        r * (light[KEY_COLOUR] * key + light[SKY] * free) + er * shine,
        g * (light[KEY_COLOUR + 1] * key + light[SKY + 1] * free) + eg * shine,
        b * (light[KEY_COLOUR + 2] * key + light[SKY + 2] * free) + eb * shine,
    )


@compiled
def backdrop(scene, ox, oy, oz, dx, dy, dz, high):
    """Return the colour behind all objects: floor, wall, or the end of both."""
    light = scene.light
    back = (
        light[BACK_LOW] * (1 - high) + light[BACK_TOP] * high,
        light[BACK_LOW + 1] * (1 - high) + light[BACK_TOP + 1] * high,
        light[BACK_LOW + 2] * (1 - high) + light[BACK_TOP + 2] * high,
    )
    floor = -oy / dy if dy < -1e-4 else NEVER
    wall = NEVER
    if light[WALL] >= 0.0 and dz < -1e-4:
        wall = (light[WALL_AT] - oz) / dz
    if wall < floor:
        x, y = ox + wall * dx, oy + wall * dy
        row = scene.materials[int(light[WALL])]
        r, g, b = colour_at(row, x, y, 0.0, 0.0, 0.0, 1.0)
        lit = 0.75 * (1.0 - math.exp(-y * 3.0) * 0.4)
        return (
            r * lit * (light[SKY] + 0.4 * light[KEY_COLOUR]),
            g * lit * (light[SKY + 1] + 0.4 * light[KEY_COLOUR + 1]),
            b * lit * (light[SKY + 2] + 0.4 * light[KEY_COLOUR + 2]),
            wall,
        )
    if floor < 60.0 and light[FLOOR] > -1.5:
        r, g, b = ground(scene, ox + floor * dx, oz + floor * dz, dx, dy, dz, back)
        return r, g, b, floor
    return back[0], back[1], back[2], NEVER
