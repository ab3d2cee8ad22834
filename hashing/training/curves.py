"""How a training went, as a table (CSV) and as a picture (PNG)."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

SIZE = (640, 400)
MARGIN = 48
LINES = {
    "loss": ("loss", "#1f6feb"),
    "held_out": ("precision on products held out", "#d1242f"),
}

Point = tuple[float, float]


def write_curves(history: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write `curves.csv` and `curves.png` of rows with step, loss and held_out."""
    with (folder / "curves.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, ["step", "loss", "held_out"])
        rows.writeheader()
        rows.writerows(history)
    draw_curves(history).save(folder / "curves.png")


def draw_curves(history: Sequence[dict[str, Any]]) -> Image.Image:
    """Loss and figure on held-out products over steps, each on a scale of its own."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    width, height = SIZE
    draw.rectangle((MARGIN, MARGIN, width - MARGIN, height - MARGIN), outline="#8c959f")
    last = history[-1]["step"] if history else 0
    draw.text((MARGIN, height - MARGIN + 8), "step 0", fill="#57606a")
    draw.text((width - 2 * MARGIN, height - MARGIN + 8), f"step {last}", fill="#57606a")
    for turn, (name, (told, colour)) in enumerate(LINES.items()):
        points = [(row["step"], row[name]) for row in history if row[name] is not None]
        if not points:
            continue
        values = [value for _, value in points]
        text = f"{told} {min(values):.4f} to {max(values):.4f}, last {values[-1]:.4f}"
        draw.text((MARGIN, 8 + 16 * turn), text, fill=colour)
        if len(points) > 1:
            draw.line(on_paper(points, last), fill=colour, width=2)
    return image


def on_paper(points: Sequence[Point], last: float) -> list[Point]:
    """Points (step, value) in the frame: steps from 0 to the last from left to right,
    the highest value at its top.
    """
    ys = [y for _, y in points]
    inner = (SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN)
    up = (max(ys) - min(ys)) or 1
    return [
        (
            MARGIN + inner[0] * x / (last or 1),
            SIZE[1] - MARGIN - inner[1] * (y - min(ys)) / up,
        )
        for x, y in points
    ]
