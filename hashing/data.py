"""Sets of pictures to learn from and to measure on.

A set is a folder or a `.tar` with a `manifest.csv`, whose columns are at least
`path` and whatever is asked for: `split`, `fine_label`, `product_id`, `kind` …
"""

import csv
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image, ImageEnhance

from pictures.decoding import decode

MAX_PIXELS = 200_000_000  # cameras' largest; these are one's own pictures


@dataclass(frozen=True)
class Row:
    """One picture of a set: where it is and what its manifest says about it."""

    path: str
    columns: dict[str, str]

    def matches(self, word: str) -> bool:
        """Whether a word of a SPLIT holds: `train`, `photo`, `view=main`."""
        if "!=" in word:
            column, value = word.split("!=", 1)
            return self.columns[column] != value
        if "=" in word:
            column, value = word.split("=", 1)
            return self.columns[column] == value
        return word in (self.columns.get("split"), self.columns.get("kind"))


@dataclass(frozen=True)
class PictureSet:
    """Rows of a manifest, chosen by a SPLIT."""

    text: str  # as it was asked for
    source: Path
    rows: tuple[Row, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Open `SET[:SPLIT]`.

        SPLIT is one or more words joined by `+`, all of which must hold: a split
        (`train`), a kind (`photo`), or a column (`view=main`, `view!=main`).
        Raises ValueError for a set that is not there or a SPLIT that leaves nothing.
        """
        source, _, split = text.partition(":")
        words = split.split("+") if split else []
        try:
            rows = cls._read(Path(source))
            chosen = tuple(r for r in rows if all(r.matches(word) for word in words))
        except KeyError as error:
            raise ValueError(f"{source}: its manifest has no column {error}") from error
        except (OSError, tarfile.TarError) as error:
            raise ValueError(f"{source} is no set of pictures: {error}") from error
        if not chosen:
            raise ValueError(f"{text}: no picture is left")
        return cls(text, Path(source), chosen)

    @staticmethod
    def _read(source: Path) -> list[Row]:
        if source.is_dir():
            manifest = (source / "manifest.csv").read_text(encoding="utf-8-sig")
        else:
            with tarfile.open(source) as tar:
                member = tar.extractfile("manifest.csv")
                manifest = member.read().decode("utf-8-sig") if member else ""
        lines = csv.DictReader(io.StringIO(manifest, newline=""))
        return [Row(line["path"], line) for line in lines]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What names a picture across sets: the same key is the same picture."""
        return tuple(f"{self.source.resolve()}:{row.path}" for row in self.rows)

    def column(self, name: str) -> list[str]:
        """One column of the manifest, in the order of the pictures."""
        if name not in self.rows[0].columns:
            raise ValueError(f"{self.source}: its manifest has no column {name!r}")
        return [row.columns[name] for row in self.rows]

    def pictures(self) -> Iterator[Image.Image]:
        """The pictures in order: RGB, upright, no larger than 512 pixels."""
        with self._opener() as read:
            for row in self.rows:
                yield open_picture(io.BytesIO(read(row.path)))

    def contents(self) -> Iterator[bytes | None]:
        """The files in order, as they are stored; None for one that is not there."""
        with self._opener() as read:
            for row in self.rows:
                try:
                    yield read(row.path)
                except (OSError, KeyError, AttributeError):  # the last two are a tar's
                    yield None

    def altered(self) -> Iterator[Image.Image]:
        """A copy of each picture as it may come back from a shopper."""
        for seed, image in enumerate(self.pictures()):
            yield altered(image, seed=seed)

    @contextmanager
    def _opener(self):  # type: ignore[no-untyped-def]
        if self.source.is_dir():
            yield lambda path: (self.source / path).read_bytes()
            return
        with tarfile.open(self.source) as tar:
            yield lambda path: tar.extractfile(path).read()  # type: ignore[union-attr]


def open_picture(file: Path | io.BytesIO) -> Image.Image:
    """Decode a picture as the shop does: upright, RGB, at most 512 pixels.

    Raises UnreadableImage.
    """
    content = file.read_bytes() if isinstance(file, Path) else file.getvalue()
    return decode(content, max_pixels=MAX_PIXELS)


def altered(image: Image.Image, *, seed: int) -> Image.Image:
    """A copy as it comes back from the web: cropped, darker or lighter, compressed."""
    rng = np.random.default_rng(seed)
    width, height = image.size
    left, top, right, bottom = rng.uniform(0, 0.08, 4)
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    cropped = image.crop(tuple(round(edge) for edge in box))
    lit = ImageEnhance.Brightness(cropped).enhance(rng.uniform(0.8, 1.2))
    file = io.BytesIO()
    lit.save(file, "JPEG", quality=int(rng.integers(40, 80)))
    return Image.open(file).convert("RGB")
