"""Books, albums, notebooks."""

from typing import Any

from demo.kind import Kind, Look
from demo.kinds.interior import CLOTH
from demo.renderer.materials import (
    BLACK,
    WHITE,
    material,
)
from demo.renderer.solids import (
    Solid,
    ball,
    box,
    cut,
    rod,
)

PAPER = material(
    "matte",
    "#f3eddc",
    second="#cfc7b2",
    pattern="stripes",
    mapping="front",
    scale=70.0,
    amount=0.3,
)


def book(look: Look) -> Solid:
    solid = Solid()
    wide, tall, thick = {
        "novel": (0.4, 0.6, 0.09),
        "album": (0.56, 0.54, 0.06),
        "notebook": (0.42, 0.58, 0.06),
    }[look.shape]
    lean: dict[str, Any] = {"turn": (-8.0, 0.0, 0.0)}
    y = tall + 0.01
    solid.add(
        box(wide - 0.03, tall - 0.03, thick - 0.012, PAPER, at=(0.02, y, 0), **lean)
    )
    solid.add(
        box(wide, tall, thick, look.main, r=0.02, at=(0, y, 0), **lean),
        cut(box(wide, tall + 1, thick - 0.028, None, at=(0.05, y, 0), **lean)),
    )
    accent = look.accent.plain()
    forward = thick + 0.002
    if look.shape == "novel":
        solid.add(
            box(
                0.24,
                0.12,
                0.004,
                accent,
                at=(0.02, y + 0.24, forward + 0.03 - 0.24 * 0.14),
                turn=(-8, 0, 0),
            )
        )
        solid.add(
            box(
                0.16,
                0.012,
                0.007,
                look.trim,
                at=(0.02, y + 0.26, forward + 0.03 - 0.26 * 0.14),
                turn=(-8, 0, 0),
            )
        )
        solid.add(
            box(
                0.11,
                0.01,
                0.007,
                look.trim,
                at=(0.02, y + 0.2, forward + 0.03 - 0.2 * 0.14),
                turn=(-8, 0, 0),
            )
        )
    elif look.shape == "album":
        solid.add(rod(0.24, 0.004, accent, at=(0.03, y, forward), turn=(82, 0, 0)))
        solid.add(ball(0.06, look.trim, at=(0.03, y, forward - 0.03)))
    else:
        solid.add(
            box(
                0.025,
                tall + 0.008,
                thick + 0.012,
                accent,
                r=0.004,
                at=(wide - 0.1, y, 0),
                **lean,
            )
        )
        solid.add(box(0.05, 0.16, 0.01, accent, at=(-0.12, 0.0, 0.02)))
        solid.parts.pop()
    return solid


KINDS = (
    Kind(
        "book",
        "Stationery > Books and albums",
        book,
        {"novel": "hardback", "album": "square album", "notebook": "banded notebook"},
        ("cloth", "satin"),
        (*CLOTH, "marble", "terrazzo", "ombre"),
        (BLACK, WHITE),
        mapping="front",
        scale=6.0,
        level=0.5,
        price=(8, 32),
        views=((-28, 10), (30, 22)),
        lies=True,
    ),
)
