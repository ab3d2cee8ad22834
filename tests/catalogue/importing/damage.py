"""Catalogue files damaged at random, and the rows that the damage did not touch."""

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.builders import make_image
from tests.catalogue.import_files import zip_of
from tests.catalogue.importing.sheets import number, row, xlsx_of

HEADER = ("sku", "name", "category", "price", "stock", "description")
ROWS = 12
PICTURES = 5
NAMES = ("Mug", "Käse", "茶杯", "Jug, large", 'Frame "24"', "Two\nlines", "a;b", "'x'")
SPECIAL = (b'"', b'""', b",", b";", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb")
SHEET = "xl/worksheets/sheet1.xml"

Values = tuple[str, ...]


@dataclass
class Damaged:
    """A file, what was done to it, and the rows, by SKU, that are still whole.

    `pictures` is a ZIP beside it.
    """

    content: bytes
    done: str
    whole: dict[str, Values] = field(default_factory=dict)
    pictures: bytes | None = None


def damaged_csv(chance: random.Random) -> Damaged:
    """Damage one row of a CSV: its bytes, quotation marks or end, or all behind it."""
    end, delimiter = chance.choice(["\n", "\r\n"]), chance.choice([",", ";", "\t"])
    rows = _rows(chance)
    lines = [_csv_line(values, delimiter, end, chance) for values in rows]
    head = (delimiter.join(HEADER) + end).encode()
    spot = chance.randrange(ROWS)
    whole = {values[0]: values for values in rows}
    if chance.random() < 0.1:
        kept = lines[spot][: chance.randrange(len(lines[spot]))]
        whole = {values[0]: values for values in rows[:spot]}
        return Damaged(head + b"".join([*lines[:spot], kept]), f"cut in {spot}", whole)
    before, lines[spot] = lines[spot], _harmed(lines[spot], chance)
    del whole[rows[spot][0]]
    if not lines[spot].endswith(end.encode()) and spot + 1 < ROWS:
        del whole[rows[spot + 1][0]]  # it begins in the line that was damaged
    return Damaged(head + b"".join(lines), f"{before!r} -> {lines[spot]!r}", whole)


def damaged_xlsx(chance: random.Random) -> Damaged:
    """Damage a workbook: a row before it is packed, or bytes of the archive."""
    rows = _rows(chance)
    content = _workbook(rows)
    whole = {values[0]: values for values in rows}
    if chance.random() < 0.5:
        at = chance.randrange(len(content))
        harmed = _harmed(content[at : at + 100], chance)
        archive = content[:at] + harmed + content[at + 100 :]
        return Damaged(archive, f"archive at {at}", whole)
    spot = chance.randrange(ROWS)
    with zipfile.ZipFile(io.BytesIO(content)) as archive_file:
        parts = {name: archive_file.read(name) for name in archive_file.namelist()}
    start = parts[SHEET].index(f'<row r="{spot + 2}"'.encode())
    stop = parts[SHEET].index(b"</row>", start)
    harmed = _harmed(parts[SHEET][start:stop], chance)
    parts[SHEET] = parts[SHEET][:start] + harmed + parts[SHEET][stop:]
    del whole[rows[spot][0]]
    return Damaged(zip_of(parts), f"{harmed!r}", whole)


def damaged_zip(chance: random.Random) -> Damaged:
    """Damage a ZIP of pictures; rows whose pictures it still has are whole."""
    rows = _rows(chance)[:PICTURES]
    pictures = {f"{n} ü.jpg": make_image(n, size=(16, 16)) for n in range(PICTURES)}
    content = zip_of(pictures)
    at = chance.randrange(len(content))
    harmed = _harmed(content[at : at + 100], chance)
    archive = content[:at] + harmed + content[at + 100 :]
    lines = ["sku,name,category,price,images"]
    lines += [f"{values[0]},Mug,Kitchen,1,{n} ü.jpg" for n, values in enumerate(rows)]
    intact = _intact(archive, pictures)
    whole = {v[0]: v for n, v in enumerate(rows) if f"{n} ü.jpg" in intact}
    return Damaged("\n".join(lines).encode(), f"archive at {at}", whole, archive)


KINDS: dict[str, Callable[[random.Random], Damaged]] = {
    "csv": damaged_csv,
    "xlsx": damaged_xlsx,
    "zip": damaged_zip,
}


def _rows(chance: random.Random) -> list[Values]:
    """Return rows whose SKUs no small damage turns into each other."""
    return [
        (
            f"{chance.getrandbits(40):010x}s",
            f"{chance.choice(NAMES)} {number}",
            "Kitchen > Mugs",
            f"{chance.randint(1, 900)}.{chance.randint(10, 99)}",
            str(chance.randint(0, 500)),
            chance.choice(NAMES),
        )
        for number in range(ROWS)
    ]


def _csv_line(values: Values, delimiter: str, end: str, chance: random.Random) -> bytes:
    cells = []
    for value in values:
        needs_marks = any(mark in value for mark in (delimiter, '"', "\n"))
        if needs_marks or chance.random() < 0.2:
            value = '"' + value.replace('"', '""') + '"'
        cells.append(value)
    return (delimiter.join(cells) + end).encode()


def _harmed(piece: bytes, chance: random.Random) -> bytes:
    """Return the piece with one change: a flip, an insertion, a gap or a repetition."""
    at, length = chance.randrange(len(piece)), chance.randint(1, 5)
    flipped = bytes([piece[at] ^ (1 << chance.randrange(8))])
    return chance.choice(
        [
            piece[:at] + flipped + piece[at + 1 :],
            piece[:at] + chance.choice(SPECIAL) + piece[at:],
            piece[:at] + piece[at + length :],
            piece[: at + length] + piece[at:],
        ]
    )


def _workbook(rows: list[Values]) -> bytes:
    cells = [
        row(sku, name, category, number(price), number(stock), text, at=str(n))
        for n, (sku, name, category, price, stock, text) in enumerate(rows, start=2)
    ]
    return xlsx_of(row(*HEADER), *cells)


def _intact(archive: bytes, pictures: dict[str, bytes]) -> set[str]:
    """Return the pictures that Python's zipfile still reads, unchanged."""
    intact = set()
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for name, content in pictures.items():
                try:
                    if opened.read(name) == content:
                        intact.add(name)
                except Exception:  # noqa: BLE001, S112 - whatever zipfile raises
                    continue
    except Exception:  # noqa: BLE001 - then nothing of it is
        return set()
    return intact
