"""Mugs, teapots, bowls, jugs."""

from collections.abc import Sequence
from typing import Any

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BRASS,
    DARK_METAL,
    WALNUT,
    Material,
)
from demo.renderer.solids import (
    Point,
    Primitive,
    Solid,
    arc,
    ball,
    box,
    curve,
    cut,
    tube,
    turned_solid,
)


def vessel(
    profile: Sequence[Point],
    wall: float,
    outside: Material,
    inside: Material,
    **more: Any,
) -> list[Primitive]:
    """Build a turned pot; `profile` runs from foot to rim as (radius, height)."""
    rim, top = profile[-1][0], profile[-1][1]
    outer = [(0.0, profile[0][1]), *profile, (0.0, top)]
    inner = [(0.0, profile[0][1]), *profile, (rim, top + 0.3), (0.0, top + 0.3)]
    return [
        turned_solid(outer, outside, **more),
        cut(turned_solid(inner, inside, r=-wall, **more), 0.025),
    ]


def handle(points: Sequence[Point], r: float, m: Material, **more: Any) -> Primitive:
    return tube(curve(points, 16), r, m, **more)


MUGS: dict[str, tuple[list[Point], list[Point]]] = {
    "straight": (
        [(0.36, 0.0), (0.39, 0.03), (0.39, 0.4), (0.39, 0.86)],
        [(0.37, 0.7), (0.6, 0.72), (0.66, 0.45), (0.56, 0.2), (0.37, 0.18)],
    ),
    "tapered": (
        [(0.26, 0.0), (0.29, 0.03), (0.36, 0.45), (0.44, 0.84)],
        [(0.41, 0.68), (0.62, 0.7), (0.66, 0.46), (0.54, 0.26), (0.32, 0.28)],
    ),
    "barrel": (
        [(0.28, 0.0), (0.36, 0.06), (0.45, 0.36), (0.42, 0.62), (0.37, 0.8)],
        [(0.38, 0.68), (0.6, 0.72), (0.71, 0.5), (0.64, 0.24), (0.4, 0.2)],
    ),
    "tall": (
        [(0.27, 0.0), (0.3, 0.03), (0.32, 0.55), (0.34, 1.1)],
        [(0.32, 0.92), (0.56, 0.9), (0.6, 0.6), (0.54, 0.3), (0.3, 0.28)],
    ),
    "cup": (
        [(0.17, 0.08), (0.22, 0.1), (0.36, 0.28), (0.42, 0.6)],
        [(0.4, 0.52), (0.56, 0.56), (0.62, 0.42), (0.53, 0.29), (0.36, 0.3)],
    ),
}


def mug(look: Look) -> Solid:
    profile, loop = MUGS[look.shape]
    body, hollow = vessel(curve(profile, 48), 0.035, look.main, look.accent.plain())
    # The hollow is cut last: the handle's roots must not show inside.
    solid = Solid().add(body, handle(loop, 0.05, look.main.plain()), hollow)
    if look.shape == "cup":
        plate = [(0.0, 0.0), (0.3, 0.0), (0.36, 0.03), (0.58, 0.1)]
        solid.add(*vessel(plate[1:], 0.022, look.main.plain(), look.main.plain()))
    return solid


TEAPOTS: dict[str, list[Point]] = {
    "round": [(0.26, 0.0), (0.42, 0.08), (0.52, 0.36), (0.42, 0.62), (0.24, 0.72)],
    "tall": [(0.34, 0.0), (0.4, 0.05), (0.36, 0.4), (0.28, 0.75), (0.2, 0.95)],
    "flat": [(0.3, 0.0), (0.5, 0.1), (0.6, 0.28), (0.46, 0.44), (0.25, 0.5)],
}


def teapot(look: Look) -> Solid:
    profile = TEAPOTS[look.shape]
    top, rim = profile[-1][1], profile[-1][0]
    body = [(0.0, 0.0), *curve(profile, 48), (0.0, top)]
    wide = max(p[0] for p in profile)
    spout = curve(
        [
            (-wide * 0.75, top * 0.3, 0),
            (-wide - 0.12, top * 0.5, 0),
            (-wide - 0.2, top * 0.85, 0),
            (-wide - 0.34, top * 1.02, 0),
        ],
        14,
    )
    solid = Solid().add(turned_solid(body, look.main))
    solid.add(tube(spout, 0.12, look.main.plain(), end=0.055))
    if look.shape == "flat":
        loop = arc(0, top * 0.55, wide * 0.86, 0.72, 5, 175, 16)
        solid.add(tube(loop, 0.028, look.trim))
    else:
        loop = [
            (rim + 0.06, top * 0.86, 0),
            (wide + 0.2, top * 0.9, 0),
            (wide + 0.3, top * 0.6, 0),
            (wide + 0.16, top * 0.3, 0),
            (wide - 0.06, top * 0.24, 0),
        ]
        solid.add(handle(loop, 0.045, look.main.plain()))
    lid = [
        (0.0, top - 0.02),
        (rim, top - 0.01),
        (rim * 0.8, top + 0.05),
        (0.0, top + 0.09),
    ]
    solid.add(turned_solid(lid, look.accent.plain(), r=0.012))
    solid.add(ball(0.06, look.trim, at=(0, top + 0.14, 0)))
    return solid


BOWLS: dict[str, list[Point]] = {
    "deep": [(0.22, 0.0), (0.26, 0.04), (0.46, 0.22), (0.56, 0.52)],
    "wide": [(0.24, 0.0), (0.28, 0.03), (0.55, 0.12), (0.76, 0.3)],
    "footed": [(0.3, 0.0), (0.14, 0.12), (0.16, 0.2), (0.48, 0.36), (0.6, 0.62)],
    "fluted": [(0.24, 0.0), (0.28, 0.03), (0.5, 0.2), (0.6, 0.44)],
    "ramekin": [(0.48, 0.0), (0.5, 0.02), (0.5, 0.3), (0.51, 0.42)],
}


def bowl(look: Look) -> Solid:
    lobes = {"fluted": (14, 0.045, 0.0), "ramekin": (24, 0.018, 0.0)}
    more: dict[str, Any] = {"lobes": lobes[look.shape]} if look.shape in lobes else {}
    profile = curve(BOWLS[look.shape], 48)
    outside, inside = look.main, look.accent.plain()
    if look.shape == "wide":  # one looks into a wide bowl rather than at it
        outside, inside = inside, outside
    return Solid().add(*vessel(profile, 0.032, outside, inside, **more))


JUGS: dict[str, list[Point]] = {
    "classic": [
        (0.28, 0.0),
        (0.38, 0.1),
        (0.42, 0.32),
        (0.28, 0.66),
        (0.26, 0.84),
        (0.31, 0.98),
    ],
    "cone": [(0.42, 0.0), (0.42, 0.04), (0.34, 0.5), (0.27, 0.96)],
    "bulb": [
        (0.24, 0.0),
        (0.4, 0.14),
        (0.44, 0.36),
        (0.24, 0.6),
        (0.22, 0.74),
        (0.27, 0.84),
    ],
}


def jug(look: Look) -> Solid:
    profile = curve(JUGS[look.shape], 48)
    rim, top = profile[-1][0], profile[-1][1]
    inside = look.accent.plain()
    solid = Solid()
    lip = tube(
        [(-rim * 0.6, top - 0.14, 0), (-rim - 0.12, top + 0.01, 0)],
        0.1,
        look.main.plain(),
        end=0.075,
    )
    inner = [(0.0, 0.0), *profile, (rim, top + 0.3), (0.0, top + 0.3)]
    solid.add(
        turned_solid([(0.0, 0.0), *profile, (0.0, top)], look.main),
        Primitive(**{**lip.__dict__, "op": 1, "soft": 0.08}),
        cut(turned_solid(inner, inside, r=-0.032), 0.02),
        cut(tube([(0, top + 0.02, 0), (-rim - 0.16, top + 0.07, 0)], 0.075, inside)),
        cut(box(1, 0.2, 1, look.main.plain(), at=(0, top + 0.2, 0))),
    )
    loop = [
        (rim - 0.01, top * 0.88, 0),
        (rim + 0.24, top * 0.92, 0),
        (rim + 0.36, top * 0.66, 0),
        (rim + 0.26, top * 0.36, 0),
        (rim + 0.06, top * 0.26, 0),
    ]
    solid.add(handle(loop, 0.042, look.main.plain()))
    return solid


POTTERY = (
    "plain",
    "stripes",
    "dots",
    "dipped",
    "speckle",
    "band",
    "checks",
    "zigzag",
    "waves",
    "flowers",
    "diamonds",
    "ombre",
    "terrazzo",
    "marble",
)


KINDS = (
    Kind(
        "mug",
        "Kitchen > Mugs",
        mug,
        {
            "straight": "straight",
            "tapered": "tapered",
            "barrel": "round-bellied",
            "tall": "tall latte",
            "cup": "cup and saucer",
        },
        ("gloss", "matte", "enamel"),
        POTTERY,
        level=0.35,
        price=(8, 24),
        views=((28, 17), (-150, 34)),
    ),
    Kind(
        "teapot",
        "Kitchen > Teapots",
        teapot,
        {"round": "round", "tall": "tall", "flat": "low, overhead-handled"},
        ("gloss", "matte"),
        POTTERY,
        (BRASS, WALNUT, DARK_METAL),
        level=0.3,
        girth=2.9,
        price=(28, 68),
        views=((20, 16), (158, 28)),
    ),
    Kind(
        "bowl",
        "Kitchen > Bowls",
        bowl,
        {
            "deep": "deep",
            "wide": "wide",
            "footed": "footed",
            "fluted": "fluted",
            "ramekin": "straight-sided",
        },
        ("gloss", "matte", "enamel"),
        POTTERY,
        level=0.2,
        girth=3.2,
        price=(9, 36),
        views=((25, 20), (70, 42)),
    ),
    Kind(
        "jug",
        "Kitchen > Jugs",
        jug,
        {"classic": "classic", "cone": "conical", "bulb": "round-bellied"},
        ("gloss", "matte"),
        POTTERY,
        level=0.35,
        price=(18, 46),
        views=((18, 15), (-155, 30)),
    ),
)
