"""Photo advice: how often it is given where it should be, and where it should not.

    python -m benchmarks.bench_advice

Good photos are those of the sets and the demo shop's street photos. Of each, copies are
made dark (an eighth to a quarter of the light, with the noise of a small sensor),
blurred (out of focus, or the hand moved) and tiny. Thresholds were chosen on grocery's
`train` and clothing's `train`; reported are grocery's `val`, clothing's `validation`,
warehouse and the street. SEED decides how much.
"""

import csv
import io
import random
import tarfile
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.shop import BASE_DIR, DATA, save_result
from search.web.advice import Advice, advice, brightness, grey_copy, sharpness

SEED = 1
MOST = 80
SETS = {
    "grocery train": ("grocery", "train"),
    "clothing train": ("clothing", "train"),
    "grocery val": ("grocery", "val"),
    "clothing validation": ("clothing", "validation"),
    "warehouse": ("warehouse", ""),
}
CHOSEN_ON = ("grocery train", "clothing train")
SIDE = 512  # as the browser sends it

Picture = Image.Image
Chance = random.Random


def dark(picture: Picture, chance: Chance) -> Picture:
    light = np.asarray(picture, np.float32) * chance.uniform(0.12, 0.25)
    noise = np.random.default_rng(chance.randrange(1 << 30)).normal(0, 3, light.shape)
    return Image.fromarray(np.clip(light + noise, 0, 255).astype(np.uint8))


def blurred(picture: Picture, chance: Chance) -> Picture:
    radius = max(picture.size) * chance.uniform(0.012, 0.025)
    if chance.random() < 0.5:
        return picture.filter(ImageFilter.GaussianBlur(radius))
    wide, high = picture.size
    steps = range(0, int(4 * radius), 4)
    moved = [np.asarray(picture.transform((wide, high), Image.Transform.AFFINE,
             (1, 0, step, 0, 1, step / 2)), np.float32) for step in steps]  # fmt: skip
    return Image.fromarray(np.mean(moved, axis=0).astype(np.uint8))


def tiny(picture: Picture, chance: Chance) -> Picture:
    small = picture.copy()
    small.thumbnail((chance.randint(40, 130),) * 2)
    return small


WRONG: dict[Advice, Callable[[Picture, Chance], Picture]] = {
    Advice.DARK: dark,
    Advice.BLURRED: blurred,
    Advice.TINY: tiny,
}


def pictures_of(name: str) -> list[Picture]:
    if name == "street":
        folder = BASE_DIR / "catalogue" / "demo" / "pictures" / "street"
        files = [path for path in sorted(folder.iterdir()) if path.suffix != ".csv"]
        return [_as_sent(Image.open(path).convert("RGB")) for path in files[:MOST]]
    set_name, split = SETS[name]
    with tarfile.open(DATA / f"{set_name}.tar") as tar:
        lines = io.TextIOWrapper(_file(tar, "manifest.csv"), "utf-8")
        rows = [row for row in csv.DictReader(lines)
                if row["kind"] == "photo" and split in ("", row["split"])]  # fmt: skip
        Chance(SEED).shuffle(rows)
        return [
            _as_sent(Image.open(_file(tar, row["path"])).convert("RGB"))
            for row in rows[:MOST]
        ]


def measured(pictures: list[Picture]) -> dict[str, Any]:
    """Return the share of altered photos that are recognised, and of good ones."""
    chance = Chance(SEED)
    told = {wrong: [wrong in advice(alter(picture, chance)) for picture in pictures]
            for wrong, alter in WRONG.items()}  # fmt: skip
    good = [advice(picture) for picture in pictures]
    return {
        "pictures": len(pictures),
        "told": {wrong: round(float(np.mean(all_)), 4) for wrong, all_ in told.items()},
        "false alarms": {
            wrong: round(float(np.mean([wrong in each for each in good])), 4)
            for wrong in WRONG
        },
        "any false alarm": round(float(np.mean([bool(each) for each in good])), 4),
        "brightness, 2nd percentile": round(
            float(
                np.quantile([brightness(grey_copy(each)) for each in pictures], 0.02)
            ),
            4,
        ),
        "sharpness, 2nd percentile": round(
            float(np.quantile([sharpness(grey_copy(each)) for each in pictures], 0.02)),
            5,
        ),
    }


def _as_sent(picture: Picture) -> Picture:
    """No set has photos as large as a phone's; these are enlarged to what is sent."""
    share = SIDE / max(picture.size)
    size = (round(picture.width * share), round(picture.height * share))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _file(tar: tarfile.TarFile, path: str) -> Any:
    file = tar.extractfile(path)
    if file is None:
        raise FileNotFoundError(path)
    return io.BytesIO(file.read())


def main() -> None:
    sets = {name: measured(pictures_of(name)) for name in (*SETS, "street")}
    for name, row in sets.items():
        print(f"{name:22}{row}")
    result = {"seed": SEED, "chosen_on": CHOSEN_ON, "sets": sets}
    print(save_result("advice", result))


if __name__ == "__main__":
    main()
