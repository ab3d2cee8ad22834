"""Render the demo shop's pictures again: python -m demo render | training."""

import argparse
from pathlib import Path

from demo import PICTURES
from demo.renderer.rendering import render_demo, render_training


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo")
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="the demo shop's pictures and data")
    render.add_argument("--only", metavar="KIND|SKU", help="one kind or one product")
    render.add_argument("--out", type=Path, default=PICTURES)
    training = commands.add_parser("training", help="other products, as a SET")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--products", type=int, default=300)
    training.add_argument("--seed", type=int, default=1)
    training.add_argument("--size", type=int, default=320, help="pixels, longer side")
    for command in (render, training):
        command.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    if chosen.command == "render":
        render_demo(chosen.out, only=chosen.only, jobs=chosen.jobs)
        return
    render_training(
        chosen.out,
        count=chosen.products,
        seed=chosen.seed,
        size=chosen.size,
        jobs=chosen.jobs,
    )


if __name__ == "__main__":
    main()
