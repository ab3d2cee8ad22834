"""Copies of pictures that a shop has already: how many are told, and how many wrongly.

    python -m benchmarks.bench_duplicates [--quick]

Two thirds of a set's pictures are in the shop. Of these, copies are made: resized,
cropped, recompressed, mirrored, put into another shop's frame. The last third is not
in the shop, and is altered in the same ways. A pair that is told counts as right if
the one is a copy of the other. Recall: of the copies, those told. Precision: of the
pairs told, those that are right; what a set holds twice is taken once. Beside it, on
the same pictures: `imagehash`, by the least distance of pHash to any picture or its
mirror image.

What counts as the same is chosen on the altered pictures of one half of the products,
for both sides alike: the least likeness that keeps precision at PRECISION there. It is
reported on those of the other half. SEED decides what is altered how.
"""

import argparse
import csv
import io
import random
import tarfile
import zlib
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import imagehash
import numpy as np
from PIL import Image, ImageDraw, ImageOps

from benchmarks.shop import BASE_DIR, DATA, save_result
from hashing import Encoder, load_encoder
from hashing.same_picture import SAME_PICTURE_LIKENESS, likeness

SEED = 1
SETS = ("luma", "clothing", "demoshop", "grocery", "warehouse", "own shop")
MOST = 160
# As search.duplicates.finding looks at them.
CANDIDATES = 3
PRECISION = 0.98
TWIN = 3.0  # of 255: the mean difference of two that are one

Picture = Image.Image
Chance = random.Random


class Shown(NamedTuple):
    """A picture, and which half of the products its product is in."""

    picture: Picture
    half: int


class Told(NamedTuple):
    """A pair that may be reported: how alike it is, and whether it is a copy.

    half: of the product that was altered.
    """

    is_copy: bool
    alike: float
    alteration: str
    half: int


class Seen(NamedTuple):
    """What we and the peer report of a set, and how many copies each half has."""

    ours: list[Told]
    peers: list[Told]
    copies: tuple[int, int]

    def of_half(self, half: int) -> "Seen":
        ours, peers = (
            [each for each in told if each.half == half]
            for told in (self.ours, self.peers)
        )
        counted = (self.copies[0], 0) if half == 0 else (0, self.copies[1])
        return Seen(ours, peers, counted)


def resized(picture: Picture, chance: Chance) -> Picture:
    share = chance.uniform(0.3, 1.5)
    size = [max(32, int(side * share)) for side in picture.size]
    return _jpeg(picture.resize((size[0], size[1]), Image.Resampling.LANCZOS), 92)


def cropped(picture: Picture, chance: Chance) -> Picture:
    share = chance.uniform(0.7, 0.95)
    width, height = (int(side * share) for side in picture.size)
    left = chance.randint(0, picture.width - width)
    top = chance.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def recompressed(picture: Picture, chance: Chance) -> Picture:
    return _jpeg(picture, chance.randint(20, 60))


def mirrored(picture: Picture, chance: Chance) -> Picture:
    return _jpeg(ImageOps.mirror(picture), 85)


def framed(picture: Picture, chance: Chance) -> Picture:
    """On a ground of another colour, with a banner, a badge and a line of text."""
    share = chance.uniform(0.06, 0.2)
    width = int(picture.width * (1 + 2 * share))
    height = int(picture.height * (1 + share * chance.uniform(1.5, 3)))
    grounds = ("white", "#f0f0f0", "#141414", "#e63c32", "#1e5ac8", "#fadc5a")
    page = Image.new("RGB", (width, height), chance.choice(grounds))
    top = chance.randint(0, height - picture.height)
    page.paste(picture, ((width - picture.width) // 2, top))
    draw = ImageDraw.Draw(page)
    banner = int(height * chance.uniform(0.06, 0.12))
    draw.rectangle((0, height - banner, width, height), fill=_colour(chance))
    draw.text((10, height - banner + 2), "SHOP & CO  -30 %", fill=_colour(chance))
    side = width // 6
    badge = (width - side, 4, width - 4, side)
    draw.ellipse(badge, fill=_colour(chance))
    return _jpeg(page.resize((int(width * 0.9), int(height * 0.9))), 80)


ALTERATIONS: dict[str, Callable[[Picture, Chance], Picture]] = {
    "resize": resized,
    "crop": cropped,
    "recompress": recompressed,
    "mirror": mirrored,
    "frame": framed,
}


def pictures_of(name: str, most: int) -> list[Shown]:
    if name == "own shop":
        folder = BASE_DIR / "catalogue" / "demo" / "pictures" / "images"
        files = sorted(folder.glob("*.webp"))
        Chance(SEED).shuffle(files)
        return [
            Shown(Image.open(path).convert("RGB"), _half(path.stem.rpartition("-")[0]))
            for path in files[:most]
        ]
    with tarfile.open(DATA / f"{name}.tar") as tar:
        lines = io.TextIOWrapper(_file(tar, "manifest.csv"), "utf-8")
        rows = list(csv.DictReader(lines))
        if name == "grocery":  # the others are frames of the same films
            rows = [row for row in rows if row["split"] == "iconic"]
        Chance(SEED).shuffle(rows)
        return [
            Shown(
                Image.open(_file(tar, row["path"])).convert("RGB"),
                _half(row["product_id"] or row["path"]),
            )
            for row in rows[:most]
        ]


def _half(product: str) -> int:
    return zlib.crc32(product.encode()) % 2


def without_twins(pictures: list[Shown]) -> list[Shown]:
    """Drop pictures that a set holds twice, the same except for noise."""
    kept: list[Shown] = []
    seen: list[Any] = []
    for shown in pictures:
        small = np.asarray(shown.picture.resize((64, 64)), np.float32)
        if all(np.abs(small - other).mean() > TWIN for other in seen):
            kept.append(shown)
            seen.append(small)
    return kept


def pairs(pictures: list[Shown], encoder: Encoder) -> Seen:
    chance = Chance(SEED)
    kept = [shown.picture for shown in pictures[: len(pictures) * 2 // 3]]
    gallery = _directions(encoder, kept)
    hashes = [imagehash.phash(picture) for picture in kept]
    ours: list[Told] = []
    peers: list[Told] = []
    copies = [0, 0]
    for number, (picture, half) in enumerate(pictures):
        for kind in chance.sample(sorted(ALTERATIONS), 2):
            copy = ALTERATIONS[kind](picture, chance)
            copies[half] += number < len(kept)
            near = np.argsort(-(gallery @ _directions(encoder, [copy])[0]))
            for other in near[:CANDIDATES].tolist():
                alike = likeness(copy, kept[other])
                ours.append(Told(other == number, alike, kind, half))
            both = [imagehash.phash(each) for each in (copy, ImageOps.mirror(copy))]
            for other, known in enumerate(hashes):
                distance = min(each - known for each in both)
                if distance <= 32:
                    alike = 1 - distance / 64
                    peers.append(Told(other == number, alike, kind, half))
    return Seen(ours, peers, (copies[0], copies[1]))


def together(seen: list[Seen]) -> Seen:
    return Seen(
        [pair for each in seen for pair in each.ours],
        [pair for each in seen for pair in each.peers],
        (sum(each.copies[0] for each in seen), sum(each.copies[1] for each in seen)),
    )


def least_alike(told: list[Told]) -> float:
    """Return the least likeness to tell from, so that precision is kept."""
    ordered = sorted(told, key=lambda each: -each.alike)
    right, best = 0, 1.0
    for number, each in enumerate(ordered, 1):
        right += each.is_copy
        is_last = number == len(ordered) or ordered[number].alike < each.alike
        if is_last and right / number >= PRECISION:
            best = each.alike
    return best


def figures(told: list[Told], copies: int, least: float) -> dict[str, Any]:
    chosen = [each for each in told if each.alike >= least]
    right = sum(each.is_copy for each in chosen)
    return {
        "precision": round(right / max(1, len(chosen)), 4),
        "recall": round(right / max(1, copies), 4),
        "told": len(chosen),
        "copies": copies,
    }


def by_alteration(told: list[Told], least: float) -> dict[str, float]:
    """Of the copies of each sort that lie among the candidates, the share told."""
    shares = {}
    for kind in ALTERATIONS:
        copies = [each.alike >= least for each in told
                  if each.is_copy and each.alteration == kind]  # fmt: skip
        shares[kind] = round(sum(copies) / max(1, len(copies)), 4)
    return shares


def _directions(encoder: Encoder, pictures: list[Picture]) -> Any:
    vectors = encoder.encode(pictures).embeddings.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _file(tar: tarfile.TarFile, path: str) -> Any:
    file = tar.extractfile(path)
    if file is None:
        raise FileNotFoundError(path)
    return io.BytesIO(file.read())


def _jpeg(picture: Picture, quality: int) -> Picture:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


def _colour(chance: Chance) -> tuple[int, int, int]:
    red, green, blue = islice(iter(lambda: chance.randrange(256), -1), 3)
    return red, green, blue


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer pictures of a set")
    most = 45 if parser.parse_args().quick else MOST
    encoder = load_encoder(BASE_DIR / "hashing" / "shipped")
    seen = {
        name: pairs(without_twins(pictures_of(name, most)), encoder) for name in SETS
    }
    chosen_on = together(list(seen.values())).of_half(0)
    best, peer_best = least_alike(chosen_on.ours), least_alike(chosen_on.peers)
    print(f"least likeness: {best:.3f} keeps {PRECISION} there")
    print(f"SAME_PICTURE_LIKENESS is {SAME_PICTURE_LIKENESS}")
    print(f"imagehash: {round((1 - peer_best) * 64)} bits of 64")
    print(f"{'':12}{'precision':>10}{'recall':>8}   imagehash:{'':4}{'p':>6}{'r':>7}")
    measured = {name: each.of_half(1) for name, each in seen.items()}
    measured["all measured"] = together(list(measured.values()))
    measured["chosen on"] = chosen_on
    sets: dict[str, Any] = {}
    for name, half in measured.items():
        copies = sum(half.copies)
        row = {
            **figures(half.ours, copies, SAME_PICTURE_LIKENESS),
            "by": by_alteration(half.ours, SAME_PICTURE_LIKENESS),
            "imagehash": figures(half.peers, copies, peer_best),
        }
        sets[name] = row
        peer = row["imagehash"]
        print(
            f"{name:12}{row['precision']:10.3f}{row['recall']:8.3f}"
            f"{'':17}{peer['precision']:6.3f}{peer['recall']:7.3f}   {row['by']}"
        )
    result = {
        "seed": SEED, "pictures_of_a_set": most, "same": SAME_PICTURE_LIKENESS,
        "least_for_precision": round(best, 4),
        "imagehash_bits": round((1 - peer_best) * 64), "sets": sets,
    }  # fmt: skip
    print(save_result("duplicates", result))


if __name__ == "__main__":
    main()
