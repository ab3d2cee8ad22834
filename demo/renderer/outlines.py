"""Distances to drawn outlines, worked out once on a grid and then read from it."""

# Points and directions are passed as three numbers, which compiles to the fastest
# code. numba infers types, so functions called only from compiled code have none.
# ruff: noqa: PLR0913
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from demo.renderer.compiling import compiled
from demo.renderer.program import (
    FAR,
    FIELD,
    FIELD_CELL,
    FIELD_HIGH,
    FIELD_WIDE,
    FIELD_X,
    FIELD_Y,
    Floats,
)


@compiled
def outline_distance(curves, first, end, x, y, closed):
    """Return the distance to a polyline, negative inside a closed one."""
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


@compiled
def fill_field(
    curves: Floats, closed: int, x: float, y: float, cell: float, field: Floats
) -> None:
    """Fill a grid with distances to a polyline, from the grid's low corner."""
    for j in range(field.shape[0]):
        for i in range(field.shape[1]):
            field[j, i] = outline_distance(
                curves, 0, curves.shape[0], x + i * cell, y + j * cell, closed
            )


@compiled
def field_distance(primitives, i, fields, x, y):
    """Read the distance to an outline from its grid; outside, a safe step to it."""
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
