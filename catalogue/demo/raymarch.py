"""From a scene and a camera to a picture: rays are marched, surfaces shaded."""

import math

from numba import njit

from catalogue.demo import materials as M
from catalogue.demo.distance import (
    FAST,
    OBJECT_GLASS,
    OBJECT_SCALE,
    OBJECT_SPHERE,
    OBJECT_STRETCH,
    nearest,
    object_distance,
)
from catalogue.demo.surface import bent_normal, colour_at

# Columns of the light.
KEY, KEY_COLOUR, SKY, BOUNCE, BACK_TOP, BACK_LOW = 0, 3, 6, 9, 12, 15
HARDNESS, FLOOR, WALL, WALL_AT, FILL, BOXES = range(18, 24)
LIGHT_WIDTH = 24

EYE, RIGHT, TOP, AHEAD, TANGENT = 0, 3, 6, 9, 12
CAMERA_WIDTH = 13
NEVER = 1e6


@njit(**FAST)
def span(scene, ox, oy, oz, dx, dy, dz, glass, margin):
    """Where the ray enters the first and leaves the last bounding sphere."""
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


@njit(**FAST)
def march(scene, ox, oy, oz, dx, dy, dz, glass, sign, skip, steps):
    """The first surface from `skip` on; sign -1 looks for the way out of a solid."""
    start, stop = span(scene, ox, oy, oz, dx, dy, dz, glass, 0.01)
    t = max(start, skip)
    for _ in range(steps):
        if t > stop:
            break
        d, material, o = nearest(scene, ox + t * dx, oy + t * dy, oz + t * dz, glass)
        d *= sign
        if d < 0.0005 + 0.00004 * t and material >= 0:
            return t, material, o
        t += max(d * 0.93, 0.0006)
    return NEVER, -1, -1


@njit(**FAST)
def shadow(scene, x, y, z, lx, ly, lz, hardness, glass):
    """Share of the key light that arrives, with a soft rim."""
    start, stop = span(scene, x, y, z, lx, ly, lz, glass, 0.25)
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


@njit(**FAST)
def openness(scene, x, y, z, nx, ny, nz):
    """Ambient occlusion: how free the half space over the point is."""
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


@njit(**FAST)
def softbox(dx, dy, dz, lx, ly, lz, wide, high, blur):
    """A rectangular lamp in a direction, seen in a mirror of some roughness."""
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


@njit(**FAST)
def surroundings(light, dx, dy, dz, rough):
    """What a mirror sees: floor, walls with a dark belt, lamps."""
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


@njit(**FAST)
def local(scene, o, x, y, z, nx, ny, nz):
    """A world point and normal in the object's own space."""
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


@njit(**FAST)
def normal_at(scene, o, x, y, z):
    e = 0.003  # wide enough to smooth the bends of drawn outlines
    a = object_distance(scene, o, x + e, y - e, z - e, 0.2)[0]
    b = object_distance(scene, o, x - e, y - e, z + e, 0.2)[0]
    c = object_distance(scene, o, x - e, y + e, z - e, 0.2)[0]
    d = object_distance(scene, o, x + e, y + e, z + e, 0.2)[0]
    nx, ny, nz = a - b - c + d, -a - b + c + d, -a + b - c + d
    size = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    return nx / size, ny / size, nz / size


@njit(**FAST)
def detailed(scene, o, row, x, y, z, nx, ny, nz):
    """Colour and relief at a point: the normal comes back in the world."""
    px, py, pz, mx, my, mz = local(scene, o, x, y, z, nx, ny, nz)
    r, g, b = colour_at(row, px, py, pz, mx, my, mz)
    if row[M.GRAIN] > 0.5:
        mx, my, mz = bent_normal(row, px, py, pz, mx, my, mz)
        w = scene.objects[o]
        nx = w[9] * mx + w[12] * my + w[15] * mz
        ny = w[10] * mx + w[13] * my + w[16] * mz
        nz = w[11] * mx + w[14] * my + w[17] * mz
    return r, g, b, nx, ny, nz


@njit(**FAST)
def mirrored(scene, x, y, z, rx, ry, rz, rough):
    """What is seen along a reflected ray."""
    light = scene.light
    if rough < 0.3:
        t, material, o = march(scene, x, y, z, rx, ry, rz, False, 1.0, 0.03, 18)
        if material >= 0:
            hx, hy, hz = x + t * rx, y + t * ry, z + t * rz
            nx, ny, nz = normal_at(scene, o, hx, hy, hz)
            px, py, pz, mx, my, mz = local(scene, o, hx, hy, hz, nx, ny, nz)
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


@njit(**FAST)
def shade(scene, row, colour, x, y, z, n, d, free):
    """Light that leaves a surface towards the camera."""
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
        er, eg, eb = mirrored(
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


@njit(**FAST)
def ground(scene, x, z, dx, dy, dz, back):
    """The floor: a white sweep that catches shadows, or a material of its own."""
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
    er, eg, eb = mirrored(scene, x, 0.004, z, dx, -dy, dz, row[M.ROUGH])
    return (
        r * (light[KEY_COLOUR] * key + light[SKY] * free) + er * shine,
        g * (light[KEY_COLOUR + 1] * key + light[SKY + 1] * free) + eg * shine,
        b * (light[KEY_COLOUR + 2] * key + light[SKY + 2] * free) + eb * shine,
    )


@njit(**FAST)
def backdrop(scene, ox, oy, oz, dx, dy, dz, high):
    """What lies behind everything; the floor, the wall or the far end of both."""
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


@njit(**FAST)
def through_glass(scene, ox, oy, oz, dx, dy, dz, behind, seen):
    """The colour behind, seen through the glass in front of it."""
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
        px, py, pz, mx, my, mz = local(scene, o, x, y, z, nx, ny, nz)
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


@njit(**FAST)
def radiance(scene, camera, dx, dy, dz, high, has_glass):
    """Colour along a ray, and a number that changes where the surface does."""
    ox, oy, oz = camera[0], camera[1], camera[2]
    t, material, o = march(scene, ox, oy, oz, dx, dy, dz, False, 1.0, 0.0, 110)
    label = -1
    if material >= 0 and oy + t * dy > -0.01:
        x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
        nx, ny, nz = normal_at(scene, o, x, y, z)
        row = scene.materials[material]
        free = openness(scene, x, y, z, nx, ny, nz)
        r, g, b, nx, ny, nz = detailed(scene, o, row, x, y, z, nx, ny, nz)
        r, g, b = shade(
            scene, row, (r, g, b), x, y, z, (nx, ny, nz), (dx, dy, dz), free
        )
        label = o * 1000 + material
    else:
        r, g, b, t = backdrop(scene, ox, oy, oz, dx, dy, dz, high)
    if has_glass:
        r, g, b = through_glass(scene, ox, oy, oz, dx, dy, dz, (r, g, b), t)
    return r, g, b, label


@njit(**FAST)
def developed(x):
    """Linear light as a display value; the brightest tones roll off."""
    if x > 0.7:
        x = 0.7 + 0.3 * (1.0 - math.exp(-(x - 0.7) / 0.3))
    x = max(0.0, x)
    return 12.92 * x if x < 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055


@njit(**FAST)
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
    return developed(r), developed(g), developed(b), label


@njit(**FAST)
def photograph(scene, camera, picture, rough, labels):
    """Fills (height, width, 3) display values in [0, 1]; the other two are scratch."""
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
            if not uneven(rough, labels, i, j):
                continue
            r, g, b = 0.0, 0.0, 0.0
            for s in range(4):
                u = i + (0.375, 0.875, 0.125, 0.625)[s]
                v = j + (0.125, 0.375, 0.625, 0.875)[s]
                cr, cg, cb, _ = pixel(scene, camera, u, v, width, height, has_glass)
                r, g, b = r + cr * 0.25, g + cg * 0.25, b + cb * 0.25
            picture[j, i, 0], picture[j, i, 1], picture[j, i, 2] = r, g, b


@njit(**FAST)
def uneven(picture, labels, i, j):
    """Whether a pixel differs enough from a neighbour to need more rays."""
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


@njit(**FAST)
def silhouette(scene, camera, shown, first):
    """Fills a small square with which object from `first` on a pixel shows, or 0."""
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
