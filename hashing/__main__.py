"""Make, measure and use encoders: `python -m hashing --help`."""

import argparse
import logging
import shlex
import sys
from collections.abc import Callable
from math import ceil
from pathlib import Path

import numpy as np
from PIL import Image

from hashing.encoder import SHIPPED, load_encoder
from hashing.errors import HashingError
from hashing.picture_sets import open_picture
from pictures.errors import UnreadableImage

SUFFIXES = {
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".gif"),
    *(".heic", ".heif", ".bmp", ".tif", ".tiff"),
}

Command = Callable[[argparse.Namespace], int | None]


def main(arguments: list[str]) -> int:
    """Run a command.

    Returns 0 if it worked; 1 if it could not, or left something out, with the reason
    on stderr.
    """
    logging.basicConfig(format="%(message)s")
    logging.getLogger("hashing").setLevel(logging.INFO)  # other libraries stay quiet
    options = _parser().parse_args(arguments)
    options.command_line = shlex.join(["python", "-m", "hashing", *arguments])
    try:
        return options.run(options) or 0
    except (HashingError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def fit(options: argparse.Namespace) -> None:
    """Make an encoder from a recipe."""
    from hashing.fitting.fit_recipe import FitRecipe
    from hashing.fitting.pipeline import fit  # imports torch, which serving lacks

    recipe = FitRecipe.read(options.recipe)
    encoder = fit(recipe, options.out, command=options.command_line)
    sys.stdout.write(f"{encoder.name} {encoder.fingerprint}\n")


def tune(options: argparse.Namespace) -> None:
    """Tune the network to many sets, into a file of weights."""
    from hashing.fitting.wide_tuning import WideRecipe, tune_widely  # imports torch

    recipe = WideRecipe.read(options.recipe)
    tune_widely(recipe, options.out, resume=options.resume)
    sys.stdout.write(f"the weights are in {options.out}\n")


def train(options: argparse.Namespace) -> None:
    """Train an encoder on a shop's own pictures, and keep it if it is no worse."""
    from hashing.training.training_recipe import TrainingRecipe
    from hashing.training.training_run import train  # imports torch

    recipe = TrainingRecipe.read(options.recipe)
    encoder = train(
        recipe,
        resume=options.resume,
        force=options.force,
        command=options.command_line,
    )
    if encoder is not None:  # only the first of several processes has one
        sys.stdout.write(
            f"{encoder.name} ({encoder.fingerprint}) is in {recipe.out}.\n"
            f"Then, in the shop: python manage.py add_encoder {recipe.out}\n"
        )


def evaluate(options: argparse.Namespace) -> None:
    """Measure an encoder and write report.json and report.html."""
    from hashing.evaluation.measurement import Measurement
    from hashing.evaluation.report import as_text, write_report
    from hashing.picture_sets import PictureSet

    trained_on = options.trained_on and PictureSet.parse(options.trained_on)
    measurement = Measurement.encode(
        load_encoder(options.encoder),
        gallery=PictureSet.parse(options.gallery).readable(),
        queries=PictureSet.parse(options.queries).readable(),
        label=options.label,
        trained_on=trained_on.readable() if trained_on else None,
    )
    report = measurement.report()
    write_report(report, options.report, examples=measurement.examples())
    sys.stdout.write(as_text(report))


def encode(options: argparse.Namespace) -> int:
    """Encode every picture below a folder into one .npz; report unreadable ones."""
    encoder = load_encoder(options.encoder)
    rows, paths, n_left_out = [], [], 0
    for path in sorted(options.images.rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.is_dir():
            try:
                rows.append(encoder.encode([_open(path)]))
            except ValueError as error:
                sys.stderr.write(f"left out: {error}\n")
                n_left_out += 1
            else:
                paths.append(path)
    if not paths:
        raise ValueError(f"{options.images} holds no picture that can be read")
    np.savez_compressed(
        options.out,
        paths=np.array([path.relative_to(options.images).as_posix() for path in paths]),
        embeddings=np.concatenate([row.embeddings for row in rows]),
        codes=np.concatenate([row.codes for row in rows]),
        fingerprint=np.array(encoder.fingerprint),
    )
    sys.stdout.write(f"{len(paths)} pictures encoded into {options.out}")
    sys.stdout.write(f", {n_left_out} left out\n" if n_left_out else "\n")
    return 1 if n_left_out else 0


def explain(options: argparse.Namespace) -> None:
    """Draw which regions of two pictures made their codes agree."""
    from hashing.explain import as_text, draw_comparison, explain

    query, answer = _open(options.query), _open(options.answer)
    explanation = explain(load_encoder(options.encoder), query, answer)
    draw_comparison(query, answer, explanation).save(options.out)
    sys.stdout.write(as_text(explanation))


def quantise(options: argparse.Namespace) -> None:
    """Make an int8 encoder from a float one; measure it before it serves."""
    from hashing.int8_quantisation import MAX_CALIBRATION_PICTURES, quantise_encoder
    from hashing.picture_sets import PictureSet

    if options.out.exists():
        raise ValueError(f"{options.out} exists: give another --out, or remove it")
    pictures = PictureSet.parse(options.pictures).readable()
    step = ceil(len(pictures) / MAX_CALIBRATION_PICTURES)
    images = (image for n, image in enumerate(pictures.pictures()) if n % step == 0)
    encoder = quantise_encoder(
        options.encoder, images, options.out, command=options.command_line
    )
    sys.stdout.write(f"{encoder.name} {encoder.fingerprint}\n")


def _open(path: Path) -> Image.Image:
    try:
        return open_picture(path)
    except (UnreadableImage, OSError) as error:
        raise ValueError(f"{path}: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hashing", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def add(name: str, run: Command) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    _add_making(add)
    _add_measuring(add)
    _add_using(add)
    return parser


def _add_making(add: Callable[[str, Command], argparse.ArgumentParser]) -> None:
    command = add("fit", fit)
    command.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    command.add_argument("--out", type=Path, required=True, metavar="DIR")
    command = add("tune", tune)
    command.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.pt")
    command.add_argument(
        "--resume", action="store_true", help="continue from the last checkpoint"
    )
    command = add("train", train)
    command.add_argument("recipe", type=Path, metavar="CONFIG.toml")
    command.add_argument(
        "--resume", action="store_true", help="continue from the last checkpoint"
    )
    command.add_argument(
        "--force", action="store_true", help="promote the result even if it is worse"
    )
    command = add("quantise", quantise)
    command.add_argument("--encoder", type=Path, default=SHIPPED, metavar="DIR")
    command.add_argument("--pictures", required=True, metavar="SET[:SPLIT]")
    command.add_argument("--out", type=Path, required=True, metavar="DIR")


def _add_measuring(add: Callable[[str, Command], argparse.ArgumentParser]) -> None:
    command = add("evaluate", evaluate)
    command.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    command.add_argument("--gallery", required=True, metavar="SET[:SPLIT]")
    command.add_argument("--queries", required=True, metavar="SET[:SPLIT]")
    command.add_argument("--label", required=True, metavar="COLUMN")
    command.add_argument(
        "--trained-on",
        metavar="SET[:SPLIT]",
        help="report its classes apart from others; the baseline `classifier` "
        "learns from it",
    )
    command.add_argument("--report", type=Path, required=True, metavar="DIR")


def _add_using(add: Callable[[str, Command], argparse.ArgumentParser]) -> None:
    command = add("encode", encode)
    command.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    command.add_argument("--images", type=Path, required=True, metavar="DIR")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    command = add("explain", explain)
    command.add_argument("query", type=Path, metavar="QUERY")
    command.add_argument("answer", type=Path, metavar="ANSWER")
    command.add_argument("--encoder", type=Path, default=SHIPPED, metavar="DIR")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.png")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
