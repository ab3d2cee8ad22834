"""From a scene and a camera to a picture: rays followed, pixels tone_mapped."""

# Points and directions are passed as three numbers, which compiles to the fastest
# code. numba infers types, so functions called only from compiled code have none.
# ruff: noqa: PLR0913
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np
import numpy.typing as npt

from demo.renderer import materials as M
from demo.renderer.compiling import compiled
from demo.renderer.light import march, openness, surroundings
from demo.renderer.program import (
    AHEAD,
    OBJECT_GLASS,
    RIGHT,
    TANGENT,
    TOP,
    Floats,
    Scene,
)
from demo.renderer.shading import (
    backdrop,
    colour_and_normal,
    normal_at,
    object_space,
    shade,
)
from demo.renderer.surface import colour_at

Labels = npt.NDArray[np.int64]


@compiled
def through_glass(scene, ox, oy, oz, dx, dy, dz, behind, seen):
    """Return the colour behind the glass in front of it."""
    r, g, b = behind
    sr, sg, sb = 0.0, 0.0, 0.0  # shine on the panes
    tr, tg, tb = 1.0, 1.0, 1.0  # what they let through
    t, side = 0.0, 1.0
    for _ in range(6):
        t, material, o = march(scene, ox, oy, oz, dx, dy, dz, True, side, t, 70)
        if material < 0 or t > seen:
            break
        x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
        nx, ny, nz = normal_at(scene, o, x, y, z)
        row = scene.materials[material]
        px, py, pz, mx, my, mz = object_space(scene, o, x, y, z, nx, ny, nz)
        cr, cg, cb = colour_at(row, px, py, pz, mx, my, mz)
        along = nx * dx + ny * dy + nz * dz
        facing = min(1.0, abs(along))
        mirror = 0.04 + 0.7 * (1.0 - facing) ** 4
        if side > 0.0:
            twice = 2.0 * along
            er, eg, eb = surroundings(
                scene.light, dx - twice * nx, dy - twice * ny, dz - twice * nz, 0.06
            )
            sr, sg, sb = (
                sr + tr * er * mirror,
                sg + tg * eg * mirror,
                sb + tb * eb * mirror,
            )
        # Grazing rays go a long way through the wall and take its colour.
        deep = (0.25 + 0.9 * (1.0 - facing) ** 2) * row[M.GLASS]
        tr *= (1.0 - 0.5 * mirror) * math.exp(deep * math.log(cr + 0.02))
        tg *= (1.0 - 0.5 * mirror) * math.exp(deep * math.log(cg + 0.02))
        tb *= (1.0 - 0.5 * mirror) * math.exp(deep * math.log(cb + 0.02))
        side = -side
        t += 0.004
    return r * tr + sr, g * tg + sg, b * tb + sb


@compiled
def radiance(scene, camera, dx, dy, dz, high, has_glass):
    """Return the colour along a ray, and a label that changes with the surface."""
    ox, oy, oz = camera[0], camera[1], camera[2]
    t, material, o = march(scene, ox, oy, oz, dx, dy, dz, False, 1.0, 0.0, 110)
    label = -1
    if material >= 0 and oy + t * dy > -0.01:
        x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
        nx, ny, nz = normal_at(scene, o, x, y, z)
        row = scene.materials[material]
        free = openness(scene, x, y, z, nx, ny, nz)
        r, g, b, nx, ny, nz = colour_and_normal(scene, o, row, x, y, z, nx, ny, nz)
        r, g, b = shade(
            scene, row, (r, g, b), x, y, z, (nx, ny, nz), (dx, dy, dz), free
        )
        label = o * 1000 + material
    else:
        r, g, b, t = backdrop(scene, ox, oy, oz, dx, dy, dz, high)
    if has_glass:
        r, g, b = through_glass(scene, ox, oy, oz, dx, dy, dz, (r, g, b), t)
    return r, g, b, label


@compiled
def tone_mapped(x):
    """Convert linear light to a display value; the brightest tones roll off."""
    if x > 0.7:
        x = 0.7 + 0.3 * (1.0 - math.exp(-(x - 0.7) / 0.3))
    x = max(0.0, x)
    return 12.92 * x if x < 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055


@compiled
def pixel(scene, camera, u, v, width, height, has_glass):
    longest = max(width, height)
    a = (2.0 * u - width) / longest * camera[TANGENT]
    b = (height - 2.0 * v) / longest * camera[TANGENT]
    dx = camera[AHEAD] + a * camera[RIGHT] + b * camera[TOP]
    dy = camera[AHEAD + 1] + a * camera[RIGHT + 1] + b * camera[TOP + 1]
    dz = camera[AHEAD + 2] + a * camera[RIGHT + 2] + b * camera[TOP + 2]
    size = math.sqrt(dx * dx + dy * dy + dz * dz)
    high = 1.0 - v / height
    r, g, b, label = radiance(
        scene, camera, dx / size, dy / size, dz / size, high, has_glass
    )
    return tone_mapped(r), tone_mapped(g), tone_mapped(b), label


@compiled
def render_pixels(
    scene: Scene, camera: Floats, picture: Floats, rough: Floats, labels: Labels
) -> None:
    """Fill `picture` (height, width, 3) with display values in [0, 1].

    `rough` and `labels` are scratch.
    """
    height, width = labels.shape
    has_glass = False
    for o in range(scene.objects.shape[0]):
        has_glass = has_glass or scene.objects[o, OBJECT_GLASS] > 0.5
    for j in range(height):
        for i in range(width):
            r, g, b, label = pixel(
                scene, camera, i + 0.5, j + 0.5, width, height, has_glass
            )
            rough[j, i, 0], rough[j, i, 1], rough[j, i, 2] = r, g, b
            picture[j, i, 0], picture[j, i, 1], picture[j, i, 2] = r, g, b
            labels[j, i] = label
    for j in range(height):
        for i in range(width):
            if not needs_more_rays(rough, labels, i, j):
                continue
            r, g, b = 0.0, 0.0, 0.0
            for s in range(4):
                u = i + (0.375, 0.875, 0.125, 0.625)[s]
                v = j + (0.125, 0.375, 0.625, 0.875)[s]
                cr, cg, cb, _ = pixel(scene, camera, u, v, width, height, has_glass)
                r, g, b = r + cr * 0.25, g + cg * 0.25, b + cb * 0.25
            picture[j, i, 0], picture[j, i, 1], picture[j, i, 2] = r, g, b


@compiled
def needs_more_rays(picture, labels, i, j):
    """Return whether a pixel differs enough from a neighbour to need more rays."""
    height, width = labels.shape
    for k in range(4):
        x, y = i + (1, -1, 0, 0)[k], j + (0, 0, 1, -1)[k]
        if x < 0 or y < 0 or x >= width or y >= height:
            continue
        if labels[y, x] != labels[j, i]:
            return True
        change = 0.0
        for c in range(3):
            change = max(change, abs(picture[y, x, c] - picture[j, i, c]))
        if change > 0.06:
            return True
    return False


@compiled
def silhouette(scene: Scene, camera: Floats, shown: Labels, first: int) -> None:
    """Fill a small square with the number of the object at each pixel, or 0.

    Objects count from `first`.
    """
    size = shown.shape[0]
    for j in range(size):
        for i in range(size):
            a = (2.0 * (i + 0.5) - size) / size * camera[TANGENT]
            b = (size - 2.0 * (j + 0.5)) / size * camera[TANGENT]
            dx = camera[AHEAD] + a * camera[RIGHT] + b * camera[TOP]
            dy = camera[AHEAD + 1] + a * camera[RIGHT + 1] + b * camera[TOP + 1]
            dz = camera[AHEAD + 2] + a * camera[RIGHT + 2] + b * camera[TOP + 2]
            norm = math.sqrt(dx * dx + dy * dy + dz * dz)
            dx, dy, dz = dx / norm, dy / norm, dz / norm
            x, y, z = camera[0], camera[1], camera[2]
            one = march(scene, x, y, z, dx, dy, dz, False, 1.0, 0.0, 90)
            two = march(scene, x, y, z, dx, dy, dz, True, 1.0, 0.0, 90)
            near = one[2] if one[0] < two[0] else two[2]
            shown[j, i] = near - first + 1 if near >= first else 0
