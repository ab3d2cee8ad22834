"""The arrays that a scene is written in, and what their columns mean.

A scene is a program in arrays. Objects stand in the world and consist of parts, a
part is a run of primitives that are joined, cut and intersected in order. Parts and
objects have bounding spheres, so most of the program is skipped for most points.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

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


# Columns of the light.
KEY, KEY_COLOUR, SKY, BOUNCE, BACK_TOP, BACK_LOW = 0, 3, 6, 9, 12, 15
HARDNESS, FLOOR, WALL, WALL_AT, FILL, BOXES = range(18, 24)

# Columns of a camera.
EYE, RIGHT, TOP, AHEAD, TANGENT = 0, 3, 6, 9, 12
