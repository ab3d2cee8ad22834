"""Sets of pictures to learn from and to measure on.

A set is a folder or a `.tar` with a `manifest.csv`. Its column `path` is required;
`split`, `fine_label`, `product_id`, `kind` and others are needed where they are used.
"""

import csv
import io
import logging
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image, ImageEnhance

from pictures.decoding import decode
from pictures.errors import UnreadableImage

logger = logging.getLogger(__name__)

MAX_PIXELS = 200_000_000  # cameras' largest; these are one's own pictures

# How far `alter` goes.
MAX_CROP = 0.08  # of a side, at each edge
BRIGHTNESS_FACTORS = (0.8, 1.2)
JPEG_QUALITIES = (40, 80)


@dataclass(frozen=True)
class ManifestRow:
    """One picture of a set: its path and what the manifest says about it."""

    path: str
    columns: dict[str, str]

    def matches(self, condition: str) -> bool:
        """Check one condition of a SPLIT: `train`, `photo`, `view=main`, `view!=main`.

        Raises KeyError for a column that the manifest lacks.
        """
        if "!=" in condition:
            column, value = condition.split("!=", 1)
            return self.columns[column] != value
        if "=" in condition:
            column, value = condition.split("=", 1)
            return self.columns[column] == value
        return condition in (self.columns.get("split"), self.columns.get("kind"))


@dataclass(frozen=True)
class PictureSet:
    """Rows of a manifest, chosen by a SPLIT."""

    spec: str  # SET[:SPLIT], as it was given
    source: Path
    rows: tuple[ManifestRow, ...]

    @classmethod
    def parse(cls, spec: str) -> Self:
        """Open `SET[:SPLIT]`.

        SPLIT is one or more conditions joined by `+`, all of which must hold: a split
        (`train`), a kind (`photo`), or a column (`view=main`, `view!=main`). Raises
        ValueError for a missing set, and for a SPLIT that matches nothing.
        """
        source, _, split = spec.partition(":")
        conditions = split.split("+") if split else []
        try:
            rows = cls._read_manifest(Path(source))
            chosen = tuple(row for row in rows if all(map(row.matches, conditions)))
        except KeyError as error:
            raise ValueError(f"{source}: its manifest has no column {error}") from error
        except (OSError, tarfile.TarError) as error:
            raise ValueError(f"{source} is no set of pictures: {error}") from error
        if not chosen:
            raise ValueError(f"{spec}: no picture is left")
        return cls(spec, Path(source), chosen)

    @staticmethod
    def _read_manifest(source: Path) -> list[ManifestRow]:
        if source.is_dir():
            manifest = (source / "manifest.csv").read_text(encoding="utf-8-sig")
        else:
            with tarfile.open(source) as tar:
                member = tar.extractfile("manifest.csv")
                manifest = member.read().decode("utf-8-sig") if member else ""
        lines = csv.DictReader(io.StringIO(manifest, newline=""))
        return [ManifestRow(line["path"], line) for line in lines]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of the pictures across sets: equal keys are the same picture."""
        return tuple(f"{self.source.resolve()}:{row.path}" for row in self.rows)

    def column(self, name: str) -> list[str]:
        """Return one column of the manifest. Raises ValueError if there is none."""
        if name not in self.rows[0].columns:
            raise ValueError(f"{self.source}: its manifest has no column {name!r}")
        return [row.columns[name] for row in self.rows]

    def pictures(self) -> Iterator[Image.Image]:
        """Decode the pictures in order: RGB, upright, at most 512 pixels."""
        with self._opener() as read:
            for row in self.rows:
                yield open_picture(io.BytesIO(read(row.path)))

    def file_contents(self) -> Iterator[bytes | None]:
        """Read the files in order, undecoded; None for a missing file."""
        with self._opener() as read:
            for row in self.rows:
                try:
                    yield read(row.path)
                except (OSError, KeyError, AttributeError):  # tarfile raises the latter
                    yield None

    def readable(self) -> Self:
        """Leave out the pictures that cannot be read, and log each with its reason.

        Decodes every picture. Raises ValueError if none can be read.
        """
        contents = zip(self.rows, self.file_contents(), strict=True)
        rows = tuple(row for row, content in contents if _is_readable(row, content))
        if not rows:
            raise ValueError(f"{self.spec}: no picture can be read")
        return replace(self, rows=rows)

    def altered_pictures(self) -> Iterator[Image.Image]:
        """Alter each picture as a shopper's copy of it may be altered."""
        for seed, image in enumerate(self.pictures()):
            yield alter(image, seed=seed)

    @contextmanager
    def _opener(self) -> Iterator[Callable[[str], bytes]]:
        """Open the set and give a function that reads the file at a path."""
        if self.source.is_dir():
            yield lambda path: (self.source / path).read_bytes()
            return
        with tarfile.open(self.source) as tar:
            yield lambda path: tar.extractfile(path).read()  # type: ignore[union-attr]


def _is_readable(row: ManifestRow, content: bytes | None) -> bool:
    if content is None:
        logger.warning("left out: %s: the file is missing", row.path)
        return False
    try:
        open_picture(io.BytesIO(content))
    except UnreadableImage as error:
        logger.warning("left out: %s: %s", row.path, error)
        return False
    return True


def open_picture(file: Path | io.BytesIO) -> Image.Image:
    """Decode a picture as the shop does: upright, RGB, at most 512 pixels.

    Raises UnreadableImage.
    """
    content = file.read_bytes() if isinstance(file, Path) else file.getvalue()
    return decode(content, max_pixels=MAX_PIXELS)


def alter(image: Image.Image, *, seed: int) -> Image.Image:
    """Alter a picture as the web does: crop it, change its brightness, compress it."""
    rng = np.random.default_rng(seed)
    width, height = image.size
    left, top, right, bottom = rng.uniform(0, MAX_CROP, 4)
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    cropped = image.crop(tuple(round(edge) for edge in box))
    lit = ImageEnhance.Brightness(cropped).enhance(rng.uniform(*BRIGHTNESS_FACTORS))
    file = io.BytesIO()
    lit.save(file, "JPEG", quality=int(rng.integers(*JPEG_QUALITIES)))
    return Image.open(file).convert("RGB")
