"""Bath ducks and teddy bears."""

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BLACK,
    WHITE,
    material,
)
from demo.renderer.solids import (
    Solid,
    ball,
    blend,
    box,
    cone,
    cut,
    egg,
    ring,
    rod,
    tube,
)

EYE = material("gloss", "#191615")


def duck(look: Look) -> Solid:
    solid = Solid()
    beak = look.accent.plain()
    tail = cone(0.2, 0.02, 0.2, look.main, at=(-0.52, 0.5, 0), turn=(0, 0, 55))
    solid.add(
        egg(0.52, 0.34, 0.4, look.main, at=(0, 0.32, 0)),
        blend(tail, 0.2),
        blend(ball(0.29, look.main, at=(0.28, 0.82, 0)), 0.16),
        cut(box(1, 0.2, 1, None, at=(0, -0.2, 0)), 0.04),
    )
    solid.add(
        egg(
            0.26,
            0.17,
            0.07,
            look.main.plain(),
            at=(-0.1, 0.4, 0.37),
            turn=(0, 12, 12),
            mirror="z",
        )
    )
    solid.add(
        egg(0.16, 0.045, 0.13, beak, at=(0.58, 0.77, 0), turn=(0, 0, 8)),
        blend(egg(0.12, 0.04, 0.1, beak, at=(0.56, 0.7, 0), turn=(0, 0, -10)), 0.02),
    )
    solid.add(ball(0.045, EYE, at=(0.49, 0.89, 0.15), mirror="z"))
    solid.add(ball(0.016, WHITE, at=(0.52, 0.91, 0.175), mirror="z"))
    if look.shape == "hat":
        solid.add(
            rod(0.24, 0.02, look.trim, r=0.015, at=(0.26, 1.07, 0), turn=(0, 0, 6))
        )
        solid.add(
            rod(0.15, 0.11, look.trim, r=0.02, at=(0.25, 1.17, 0), turn=(0, 0, 6))
        )
    elif look.shape == "scarf":
        solid.add(ring(0.22, 0.065, look.trim, at=(0.22, 0.58, 0), turn=(0, 0, -14)))
        solid.add(
            box(
                0.03,
                0.13,
                0.06,
                look.trim,
                r=0.025,
                at=(0.4, 0.42, 0.2),
                turn=(0, -20, 14),
            )
        )
    elif look.shape == "glasses":
        solid.add(
            ring(
                0.09,
                0.02,
                look.trim,
                at=(0.555, 0.9, 0.12),
                turn=(0, -24, 90),
                mirror="z",
            )
        )
        solid.add(tube([(0.58, 0.9, 0.05), (0.58, 0.9, -0.05)], 0.018, look.trim))
    return solid


def teddy(look: Look) -> Solid:
    solid = Solid()
    fur, pale = look.main, look.accent.plain()
    solid.add(
        egg(0.36, 0.38, 0.32, fur, at=(0, 0.4, 0)),
        blend(egg(0.33, 0.29, 0.29, fur, at=(0, 0.96, 0.02)), 0.05),
    )
    solid.add(ball(0.125, fur, at=(0.25, 1.2, 0), mirror="x"))
    solid.add(ball(0.08, pale, at=(0.255, 1.2, 0.065), mirror="x"))
    solid.add(egg(0.15, 0.12, 0.1, pale, at=(0, 0.9, 0.27)))
    solid.add(egg(0.055, 0.04, 0.035, EYE, at=(0, 0.945, 0.37)))
    solid.add(ball(0.035, EYE, at=(0.12, 1.03, 0.28), mirror="x"))
    solid.add(
        tube([(0.3, 0.62, 0.05), (0.46, 0.44, 0.2)], 0.125, fur, end=0.12, mirror="x")
    )
    solid.add(
        tube([(0.2, 0.15, 0.16), (0.3, 0.14, 0.46)], 0.15, fur, end=0.145, mirror="x")
    )
    solid.add(
        rod(
            0.1,
            0.02,
            pale,
            r=0.015,
            at=(0.31, 0.14, 0.595),
            turn=(90, 18, 0),
            mirror="x",
        )
    )
    if look.shape == "bow":
        solid.add(
            egg(
                0.13,
                0.085,
                0.05,
                look.trim,
                at=(0.13, 0.7, 0.31),
                turn=(0, 0, 14),
                mirror="x",
            )
        )
        solid.add(ball(0.05, look.trim, at=(0, 0.7, 0.34)))
    elif look.shape == "jumper":
        solid.add(egg(0.375, 0.3, 0.335, look.trim, at=(0, 0.45, 0)))
        solid.add(
            tube([(0.3, 0.62, 0.05), (0.41, 0.5, 0.14)], 0.14, look.trim, mirror="x")
        )
    else:
        solid.add(egg(0.22, 0.24, 0.1, pale, at=(0, 0.38, 0.26)))
    return solid


FUR = material("knit", "#b5423a")


KINDS = (
    Kind(
        "bath duck",
        "Toys > Bath ducks",
        duck,
        {
            "plain": "classic",
            "hat": "top-hatted",
            "scarf": "scarfed",
            "glasses": "bespectacled",
        },
        ("plastic",),
        ("plain", "dots", "stripes", "camouflage", "dipped", "ombre"),
        (
            BLACK,
            material("plastic", "#2d62b8"),
            material("plastic", "#c8352e"),
            material("plastic", "#2f8f57"),
        ),
        mapping="box",
        scale=6.0,
        level=0.32,
        price=(5, 14),
        views=((44, 14), (112, 22)),
    ),
    Kind(
        "teddy bear",
        "Toys > Teddy bears",
        teddy,
        {"plain": "pale-tummied", "bow": "bow-tied", "jumper": "jumper-wearing"},
        ("fur",),
        ("plain",),
        (
            FUR,
            material("knit", "#31598f"),
            material("knit", "#3d7d4e"),
            material("knit", "#dfa32f"),
        ),
        price=(14, 49),
        views=((22, 10), (-32, 20)),
    ),
)
