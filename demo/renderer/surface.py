"""The colour and the fine relief of a surface at a point of it."""

# Points and directions are passed as three numbers, which compiles to the fastest
# code. numba infers types, so functions called only from compiled code have none.
# ruff: noqa: PLR0913
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from demo.renderer import materials as M
from demo.renderer.compiling import compiled

(STRIPES, UPRIGHT, DOTS, CHECKS, GINGHAM, BAND, SPECKLE, DIPPED, ZIGZAG) = range(1, 10)
(DIAGONAL, OMBRE, MARBLE, WOOD, DIAMONDS, FLOWERS, TARTAN, TERRAZZO) = range(10, 18)
(WAVES, GRID, BLOCK, CAMOUFLAGE, PANELS) = range(18, 23)
(WEAVE, LEATHER, BRUSHED, KNIT, HAMMERED, FUR, PLANED) = range(1, 8)


@compiled
def share(holds):
    return 1.0 if holds else 0.0


@compiled
def scatter(x, y, z):
    """Return a repeatable random number in [0, 1) for a cell."""
    h = (int(x) * 73856093) ^ (int(y) * 19349663) ^ (int(z) * 83492791)
    h = (h ^ (h >> 13)) & 0x7FFFFFFF
    h = (h * 1274126177) & 0x7FFFFFFF
    h = (h ^ (h >> 16)) * 668265263 & 0x7FFFFFFF
    return (h & 0xFFFFFF) / 16777216.0


@compiled
def smooth(x, low, high):
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)


@compiled
def noise(x, y, z):
    """Return smooth value noise in [0, 1]."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    total = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                weight = (u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w)
                total += weight * scatter(i + a, j + b, k + c)
    return total


@compiled
def spots(x, y, z, radius):
    """Return the share of a random spot at the point, and the spot's own number."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    for a in range(-1, 2):
        for b in range(-1, 2):
            for c in range(-1, 2):
                ci, cj, ck = i + a, j + b, k + c
                dx = ci + scatter(ci, cj, ck + 31) - x
                dy = cj + scatter(ci + 57, cj, ck) - y
                dz = ck + scatter(ci, cj + 91, ck) - z
                lot = scatter(ci + 7, cj + 11, ck + 13)
                reach = radius * (0.35 + 0.65 * lot)
                if dx * dx + dy * dy + dz * dz < reach * reach:
                    return 1.0, scatter(ci + 3, cj + 5, ck + 2)
    return 0.0, 0.0


@compiled
def pattern_coordinates(row, x, y, z, nx, ny, nz):
    """Return the point in the pattern's own coordinates, in cells."""
    x, y, z = x - row[M.MIDDLE], y - row[M.MIDDLE + 1], z - row[M.MIDDLE + 2]
    mapping = int(row[M.MAPPING])
    across, up = row[M.ACROSS], row[M.UP]
    if mapping == 0:
        return (math.atan2(x, z) / (2.0 * math.pi) + 0.5) * across, y * up
    if mapping == 2:
        return x * across, z * up
    if mapping == 3:
        if abs(ny) > abs(nx) and abs(ny) > abs(nz):
            return x * across, z * up
        return (z if abs(nx) > abs(nz) else x) * across, y * up
    if mapping == 4:
        return z * across, y * up
    return x * across, y * up


@compiled
def cell_pattern(kind, u, v, amount):  # noqa: C901 - one line a pattern
    """Return the shares of second and third colour, for patterns of flat cells."""
    fu, fv = u - math.floor(u), v - math.floor(v)
    if kind == STRIPES:
        return (1.0 if fv < amount else 0.0), 0.0
    if kind == UPRIGHT:
        return (1.0 if fu < amount else 0.0), 0.0
    if kind == CHECKS:
        return share((int(math.floor(u)) + int(math.floor(v))) & 1 == 1), 0.0
    if kind == GINGHAM:
        return 0.5 * share(fu < 0.5) + 0.5 * share(fv < 0.5), 0.0
    if kind == ZIGZAG:
        shifted = v + 0.5 * abs(2.0 * fu - 1.0)
        return (1.0 if shifted - math.floor(shifted) < amount else 0.0), 0.0
    if kind == WAVES:
        shifted = v + 0.16 * math.sin(2.0 * math.pi * u)
        return (1.0 if shifted - math.floor(shifted) < amount else 0.0), 0.0
    if kind == DIAGONAL:
        shifted = u + v - math.floor(u + v)
        return (1.0 if shifted < amount else 0.0), 0.0
    if kind == DIAMONDS:
        inside = abs(fu - 0.5) + 0.62 * abs(fv - 0.5) < 0.4 * math.sqrt(amount * 2)
        return share(inside), 0.0
    if kind == GRID:
        return share(fu < 0.14 or fv < 0.14), 0.0
    if kind == TARTAN:
        line = share(abs(fu - 0.25) < 0.035 or abs(fv - 0.25) < 0.035)
        return 0.5 * (share(fu > 0.5) + share(fv > 0.5)) * (1 - line), line * 0.9
    return motif(kind, u, v, amount)


@compiled
def motif(kind, u, v, amount):
    """Return shares for dots and flowers; every other row is shifted by half a cell."""
    line = math.floor(v)
    u += 0.5 * (int(line) & 1)
    du, dv = u - math.floor(u) - 0.5, v - line - 0.5
    distance = math.hypot(du, dv)
    if kind == DOTS:
        return share(distance < 0.46 * math.sqrt(amount)), 0.0
    petals = 0.27 + 0.11 * math.cos(5.0 * math.atan2(dv, du))
    if distance < 0.11:
        return 0.0, 1.0
    return share(distance < petals), 0.0


@compiled
def pattern_at(row, x, y, z, nx, ny, nz):  # noqa: C901 - one line a pattern
    """Return the shares of the second and third colour at a point."""
    kind = int(row[M.PATTERN])
    amount, level, scale = row[M.AMOUNT], row[M.LEVEL], row[M.UP]
    if kind == BAND:
        return share(abs(y - level) < amount), 0.0
    if kind == DIPPED:
        edge = level + 0.012 * math.sin(5.0 * math.atan2(x, z))
        return share(y < edge), 0.0
    if kind == OMBRE:
        return 1.0 - smooth(y, level - amount, level + amount), 0.0
    if kind == BLOCK:
        return share(x * 0.8 + (y - level) * 0.6 > 0.0), 0.0
    if kind == PANELS:
        turn = (math.atan2(x, z) / (2 * math.pi) + 0.5) * row[M.ACROSS]
        return share(int(math.floor(turn)) & 1 == 1), 0.0
    if kind == SPECKLE:
        return spots(x * scale * 4, y * scale * 4, z * scale * 4, amount)[0], 0.0
    if kind == TERRAZZO:
        found, lot = spots(x * scale * 2, y * scale * 2, z * scale * 2, amount * 1.2)
        return found * share(lot < 0.6), found * share(lot >= 0.6)
    if kind == CAMOUFLAGE:
        one = noise(x * scale, y * scale, z * scale)
        two = noise(x * scale + 40, y * scale + 9, z * scale)
        third = share(two > 0.6)
        return share(one > 0.52) * (1 - third), third
    if kind == MARBLE:
        warp = noise(x * scale, y * scale, z * scale) * 2.6
        warp += noise(x * scale * 2.7, y * scale * 2.7, z * scale * 2.7) * 1.1
        vein = abs(math.sin(3.2 * (x + 0.7 * y + 0.4 * z) * scale * 0.6 + 2.2 * warp))
        return (1.0 - smooth(vein, 0.0, 0.22 + 0.3 * amount)) * 0.85, 0.0
    if kind == WOOD:
        return grain(row, x, y, z), 0.0
    u, v = pattern_coordinates(row, x, y, z, nx, ny, nz)
    return cell_pattern(kind, u, v, amount)


@compiled
def grain(row, x, y, z):
    """Return year rings of a plank; boards lie along the axis named by LEVEL."""
    s = row[M.UP]
    axis = row[M.LEVEL]
    if axis > 1.5:
        x, y, z = y, z, x
    elif axis > 0.5:
        x, y, z = z, x, y
    wobble = noise(x * s, y * s * 0.25, z * s) * 1.6
    rings = math.hypot(x * s + 1.7, z * s + 0.6) * 3.2 + wobble * 1.3
    late = smooth(abs(rings - math.floor(rings) - 0.5), 0.12, 0.48)
    pores = noise(x * s * 22, y * s * 1.3, z * s * 22)
    return 0.65 * late + 0.35 * smooth(pores, 0.45, 0.85)


@compiled
def colour_at(row, x, y, z, nx, ny, nz):
    b, c = 0.0, 0.0
    if row[M.PATTERN] > 0.5:
        b, c = pattern_at(row, x, y, z, nx, ny, nz)
    a = 1.0 - b - c
    return (
        a * row[M.BASE] + b * row[M.SECOND] + c * row[M.THIRD],
        a * row[M.BASE + 1] + b * row[M.SECOND + 1] + c * row[M.THIRD + 1],
        a * row[M.BASE + 2] + b * row[M.SECOND + 2] + c * row[M.THIRD + 2],
    )


@compiled
def relief(row, x, y, z):
    """Return the height of the fine relief, and how strongly it bends the normal."""
    kind, s = int(row[M.GRAIN]), row[M.COARSE]
    if kind == WEAVE:
        across = math.sin(s * (x + z * 0.9)) * math.sin(s * y)
        return across, 0.10
    if kind == LEATHER:
        return noise(x * s, y * s, z * s), 0.34
    if kind == BRUSHED:
        return noise(x * 6, y * s, z * 6), 0.10
    if kind == KNIT:
        turn = math.atan2(x, z) * s * 0.42
        row_ = y * s * 2.2
        return abs(math.sin(turn)) + 0.4 * math.sin(row_ + 2 * abs(math.sin(turn))), 0.5
    if kind == HAMMERED:
        return noise(x * s, y * s, z * s), 1.1
    if kind == FUR:
        return noise(x * s, y * s * 0.6, z * s), 1.3
    return 0.0, 0.0


@compiled
def bent_normal(row, x, y, z, nx, ny, nz):
    """Return the normal, bent by the material's grain."""
    height, strength = relief(row, x, y, z)
    if strength == 0.0:
        return nx, ny, nz
    step = 0.25 / row[M.COARSE]
    gain = strength * 0.25
    gx = (relief(row, x + step, y, z)[0] - height) * gain / 0.25
    gy = (relief(row, x, y + step, z)[0] - height) * gain / 0.25
    gz = (relief(row, x, y, z + step)[0] - height) * gain / 0.25
    along = gx * nx + gy * ny + gz * nz
    nx, ny, nz = nx - gx + along * nx, ny - gy + along * ny, nz - gz + along * nz
    size = math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx / size, ny / size, nz / size
