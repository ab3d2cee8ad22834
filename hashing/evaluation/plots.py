"""Plots as SVG, to be put into a page; each also has a description in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 120, 14, 40  # margins; on the right, names of lines
MIN_NAME_GAP = 14  # pixels between two names
GRID_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the height, where lines are drawn

# Distinguishable without seeing red or green too (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777")

Line = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class PlotAxes:
    """Names and ranges of a plot's two axes."""

    x: str
    y: str
    start: float  # of x
    end: float
    ticks: Sequence[float]  # on x
    bottom: float = 0.0  # of y
    top: float = 1.0


def line_plot(lines: Mapping[str, Line], axes: PlotAxes) -> str:
    """Plot lines by name, each a list of (x, y); a single point is a dot."""
    body = [_frame(axes)]
    ends = []
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [_position(x, y, axes) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
                 for x, y in points]  # fmt: skip
        ends.append((points[-1][1], name, colour))
    body += _line_names(ends)
    description = f"{axes.y} by {axes.x}: {', '.join(lines)}"
    return _svg(body, description, HEIGHT)


def bar_plot(bars: Mapping[str, tuple[float, float, float]], description: str) -> str:
    """Plot bars by name from zero to one: (value, low, high), with the interval."""
    left, step = 96, 26
    scale = WIDTH - left - 56
    body = []
    for number, (name, (value, low, high)) in enumerate(bars.items()):
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
    return _svg(body, description, len(bars) * step + 6)


def column_plot(values: Sequence[float], description: str) -> str:
    """Plot thin columns from zero to one, side by side."""
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
    return _svg(body, description, height)


def _frame(axes: PlotAxes) -> str:
    """Draw the grid, the ticks and the name of x."""
    parts = []
    for tick in axes.ticks:
        x, y = _position(tick, axes.bottom, axes)
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">'
                     f"{tick:g}</text>")  # fmt: skip
    for share in GRID_SHARES:
        value = axes.bottom + share * (axes.top - axes.bottom)
        x, y = _position(axes.start, value, axes)
        parts.append(
            f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>'
            f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">'
            f"{value:.4g}</text>"
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">'
        f"{escape(axes.x)}</text>"
    )
    return "".join(parts)


def _position(x: float, y: float, axes: PlotAxes) -> tuple[float, float]:
    """Convert a point to pixels."""
    across = (x - axes.start) / ((axes.end - axes.start) or 1)
    up = (y - axes.bottom) / ((axes.top - axes.bottom) or 1)
    return (
        LEFT + across * (WIDTH - LEFT - RIGHT),
        HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
    )


def _line_names(ends: Sequence[tuple[float, str, str]]) -> list[str]:
    """Write the names (y, name, colour) at the ends of lines, without overlaps."""
    texts: list[str] = []
    last = float("-inf")
    overflow = max(0.0, TOP + MIN_NAME_GAP * len(ends) - (HEIGHT - BOTTOM))
    for y, name, colour in sorted(ends):
        last = max(y - overflow, last + MIN_NAME_GAP)
        texts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{last + 4:.1f}" style="fill: {colour}">'
            f"{escape(name)}</text>"
        )
    return texts


def _svg(body: Sequence[str], description: str, height: int) -> str:
    return (
        f'<div class="plot"><svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(description)}">{"".join(body)}</svg></div>'
    )
