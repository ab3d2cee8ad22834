"""Plots as SVG, for a page that needs no other file: a line each, told in words too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 120, 14, 40  # margins; names of lines are on the right
APART = 14  # pixels between two names

# Told apart by people who see no red or no green too (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777")

Line = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axes:
    """What a plot's sides mean; both go from 0 or `start` to `end`."""

    x: str
    y: str
    start: float
    end: float
    ticks: Sequence[float]
    top: float = 1.0


def lines(plotted: Mapping[str, Line], axes: Axes) -> str:
    """Lines by name, each a list of (x, y); one point alone is a dot."""
    body = [_frame(axes)]
    ends = []
    for number, (name, line) in enumerate(plotted.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [_at(x, y, axes) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
                 for x, y in points]  # fmt: skip
        ends.append((points[-1][1], name, colour))
    body += _names(ends)
    told = f"{axes.y} by {axes.x}: {', '.join(plotted)}"
    return _svg(body, told, HEIGHT)


def bars(plotted: Mapping[str, tuple[float, float, float]], told: str) -> str:
    """Bars by name from zero to one, each with the ends of its interval."""
    left, step = 96, 26
    scale = WIDTH - left - 56
    body = []
    for number, (name, (value, low, high)) in enumerate(plotted.items()):
        y = number * step + 4
        middle = y + 9
        end = left + scale * high
        body.append(
            f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">'
            f"{escape(name)}</text>"
            f'<rect x="{left}" y="{y}" width="{scale * value:.1f}" height="18" '
            f'fill="{COLOURS[0]}" opacity=".75"/>'
            f'<path d="M{left + scale * low:.1f} {middle}H{end:.1f}" '
            'stroke="currentColor" stroke-width="2"/>'
            f'<text x="{end + 6:.1f}" y="{middle + 4}">{value:.3f}</text>'
        )
    return _svg(body, told, len(plotted) * step + 6)


def columns(values: Sequence[float], told: str) -> str:
    """Thin columns from zero to one, side by side: one for each bit."""
    height = 110
    width = (WIDTH - LEFT - 10) / max(len(values), 1)
    body = [
        f'<rect x="{LEFT + number * width:.2f}" y="{10 + (1 - value) * 90:.1f}" '
        f'width="{width * 0.8:.2f}" height="{value * 90:.1f}" fill="{COLOURS[0]}"/>'
        for number, value in enumerate(values)
    ]
    body.append(f'<path d="M{LEFT} 55H{WIDTH - 10}" stroke="{COLOURS[1]}"/>')
    body += [
        f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{text}</text>'
        for y, text in ((16, "1"), (59, "½"), (104, "0"))
    ]
    return _svg(body, told, height)


def _frame(axes: Axes) -> str:
    made = []
    for tick in axes.ticks:
        x, y = _at(tick, 0, axes)
        made.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">'
                    f"{tick:g}</text>")  # fmt: skip
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _at(axes.start, share * axes.top, axes)
        made.append(
            f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>'
            f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">'
            f"{share * axes.top:g}</text>"
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    made.append(
        f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">'
        f"{escape(axes.x)}</text>"
    )
    return "".join(made)


def _at(x: float, y: float, axes: Axes) -> tuple[float, float]:
    across = (x - axes.start) / ((axes.end - axes.start) or 1)
    up = y / axes.top
    return (
        LEFT + across * (WIDTH - LEFT - RIGHT),
        HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
    )


def _names(ends: Sequence[tuple[float, str, str]]) -> list[str]:
    """The names at the ends of their lines, moved apart where those meet."""
    made: list[str] = []
    last = float("-inf")
    overflow = max(0.0, TOP + APART * len(ends) - (HEIGHT - BOTTOM))
    for y, name, colour in sorted(ends):
        last = max(y - overflow, last + APART)
        made.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{last + 4:.1f}" style="fill: {colour}">'
            f"{escape(name)}</text>"
        )
    return made


def _svg(body: Sequence[str], told: str, height: int) -> str:
    return (
        f'<div class="plot"><svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(told)}">{"".join(body)}</svg></div>'
    )
