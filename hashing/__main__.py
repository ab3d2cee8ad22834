"""Fit, measure and use an encoder from the command line: `python -m hashing --help`."""

import argparse
import logging
import shlex
import sys
from pathlib import Path

import numpy as np

from hashing.data import open_picture
from hashing.encoder import SHIPPED, load_encoder
from hashing.errors import HashingError
from pictures.errors import UnreadableImage

SUFFIXES = {
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".gif"),
    *(".heic", ".heif", ".bmp", ".tif", ".tiff"),
}


def main(arguments: list[str]) -> int:
    """Run a command.

    Returns 0 if it worked; 1 if it could not, or left something out, with the reason
    on stderr.
    """
    logging.basicConfig(format="%(message)s")
    logging.getLogger("hashing").setLevel(logging.INFO)  # not of the exporter too
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except (HashingError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def fit(options: argparse.Namespace) -> None:
    """Make an encoder from a recipe."""
    from hashing.fitting.making import fit  # torch, which serving does not have
    from hashing.fitting.recipe import Recipe

    command = shlex.join(
        [
            "python",
            "-m",
            "hashing",
            "fit",
            str(options.recipe),
            "--out",
            str(options.out),
        ]
    )
    encoder = fit(Recipe.read(options.recipe), options.out, command=command)
    sys.stdout.write(f"{encoder.name} {encoder.fingerprint}\n")


def tune(options: argparse.Namespace) -> None:
    """Tune the network to many sets, into a file of weights."""
    from hashing.fitting.wide_tuning import WideRecipe, tune_widely  # imports torch

    recipe = WideRecipe.read(options.recipe)
    tune_widely(recipe, options.out, resume=options.resume)
    sys.stdout.write(f"the weights are in {options.out}\n")


def train(options: argparse.Namespace) -> None:
    """Train an encoder on a shop's own pictures, if that makes it no worse."""
    from hashing.training.course import train  # torch, which serving does not have
    from hashing.training.recipe import TrainingRecipe

    recipe = TrainingRecipe.read(options.recipe)
    encoder = train(
        recipe,
        resume=options.resume,
        force=options.force,
        command=shlex.join(["python", "-m", "hashing", *sys.argv[1:]]),
    )
    if encoder is not None:  # it is the first process that has it
        sys.stdout.write(
            f"{encoder.name} ({encoder.fingerprint}) is in {recipe.out}.\n"
            f"Then, in the shop: python manage.py add_encoder {recipe.out}\n"
        )


def evaluate(options: argparse.Namespace) -> None:
    """Measure an encoder and write report.json and report.html."""
    from hashing.data import PictureSet
    from hashing.evaluation.measurement import Measurement
    from hashing.evaluation.report import as_text, write_report

    measurement = Measurement.of(
        load_encoder(options.encoder),
        gallery=PictureSet.parse(options.gallery),
        queries=PictureSet.parse(options.queries),
        label=options.label,
        trained_on=PictureSet.parse(options.trained_on) if options.trained_on else None,
    )
    report = measurement.report()
    write_report(report, options.report, told=measurement.told())
    sys.stdout.write(as_text(report))


def encode(options: argparse.Namespace) -> int:
    """Encode every picture below a folder into one .npz; report unreadable ones."""
    encoder = load_encoder(options.encoder)
    found = sorted(options.images.rglob("*"))
    rows, paths, n_left_out = [], [], 0
    for path in found:
        if path.suffix.lower() in SUFFIXES and not path.is_dir():
            try:
                rows.append(encoder.encode([_picture(path)]))
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
    from hashing.explain import as_text, beside, explain

    query, answer = _picture(options.query), _picture(options.answer)
    told = explain(load_encoder(options.encoder), query, answer)
    beside(query, answer, told).save(options.out)
    sys.stdout.write(as_text(told))


def quantise(options: argparse.Namespace) -> None:
    """Make an int8 encoder of a float one; measure it before it serves."""
    from hashing.data import PictureSet
    from hashing.quantising import CALIBRATED_WITH, quantise_encoder

    if options.out.exists():
        raise ValueError(f"{options.out} exists: give another --out, or remove it")
    pictures = PictureSet.parse(options.pictures)
    step = -(-len(pictures) // CALIBRATED_WITH)
    images = (image for n, image in enumerate(pictures.pictures()) if n % step == 0)
    command = shlex.join(["python", "-m", "hashing", *sys.argv[1:]])
    encoder = quantise_encoder(options.encoder, images, options.out, command=command)
    sys.stdout.write(f"{encoder.name} {encoder.fingerprint}\n")


def _picture(path: Path):  # type: ignore[no-untyped-def]
    try:
        return open_picture(path)
    except (UnreadableImage, OSError) as error:
        raise ValueError(f"{path}: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hashing", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("fit", help=fit.__doc__)
    command.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    command.add_argument("--out", type=Path, required=True, metavar="DIR")
    command.set_defaults(run=fit)
    command = commands.add_parser("tune", help=tune.__doc__)
    command.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.pt")
    command.add_argument("--resume", action="store_true", help="go on after a break")
    command.set_defaults(run=tune)
    command = commands.add_parser("train", help=train.__doc__)
    command.add_argument("recipe", type=Path, metavar="CONFIG.toml")
    command.add_argument("--resume", action="store_true", help="go on after a break")
    command.add_argument("--force", action="store_true", help="promote what is worse")
    command.set_defaults(run=train)
    command = commands.add_parser("evaluate", help=evaluate.__doc__)
    command.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    command.add_argument("--gallery", required=True, metavar="SET[:SPLIT]")
    command.add_argument("--queries", required=True, metavar="SET[:SPLIT]")
    command.add_argument("--label", required=True, metavar="COLUMN")
    command.add_argument(
        "--trained-on",
        metavar="SET[:SPLIT]",
        help="tell its classes from others; the classifier's baseline learns from it",
    )
    command.add_argument("--report", type=Path, required=True, metavar="DIR")
    command.set_defaults(run=evaluate)
    command = commands.add_parser("encode", help=encode.__doc__)
    command.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    command.add_argument("--images", type=Path, required=True, metavar="DIR")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    command.set_defaults(run=encode)
    command = commands.add_parser("explain", help=explain.__doc__)
    command.add_argument("query", type=Path, metavar="QUERY")
    command.add_argument("answer", type=Path, metavar="ANSWER")
    command.add_argument("--encoder", type=Path, default=SHIPPED, metavar="DIR")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    command.set_defaults(run=explain)
    command = commands.add_parser("quantise", help=quantise.__doc__)
    command.add_argument("--encoder", type=Path, default=SHIPPED, metavar="DIR")
    command.add_argument("--pictures", required=True, metavar="SET[:SPLIT]")
    command.add_argument("--out", type=Path, required=True, metavar="DIR")
    command.set_defaults(run=quantise)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
