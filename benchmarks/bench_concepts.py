"""Words that find products by their pictures alone, through ImageNet's classes.

    python -m benchmarks.bench_concepts

Would a search by words be better if products without a text were found by what their
picture seems to show? EfficientNet-Lite0 (the network of the shipped encoder) names
what is on a picture among ImageNet's 1,000 classes; a class and a query meet in the
sentence encoder's space. A product's score is the probability of the classes whose
names mean the query (cosine from `near` on), each times its cosine; an answer is given
from SHOWN on.

Asked are the names of the kinds, in English and Chinese, on three sets: groceries (the
shop's own pictures), clothing (photos) and the demo shop (rendered). Without pictures,
products without text are found by nothing: every query comes back empty. With them:
`answered`, the share of queries that get an answer; `p@10`, of these the share of the
first ten (of as many as there are) that are of the kind; and `right`, the share of the
answered queries with at least nine tenths right, as a shopper judges. `right of all`
counts queries without an answer as wrong. Nothing is random.
"""

import csv
import io
import tarfile
from collections import Counter
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.shop import DATA, save_result
from demo import PICTURES
from hashing.networks.architectures import load_imagenet_lite0
from hashing.networks.torchvision_import import torchvision
from search.words.language import sentences

NEAR = (
    0.5,
    0.6,
    0.68,
)  # the last as for names of categories (search.words.category_names)
SHOWN = 0.3
FIRST, NINE_TENTHS = 10, 0.9
LEAST = 2  # products of a kind that is asked for
MOST = 250  # pictures of a set

CHINESE = {
    "Juice": "果汁", "Milk": "牛奶", "Yoghurt": "酸奶", "Apple": "苹果",
    "Melon": "甜瓜",
    "Pepper": "甜椒", "Pear": "梨", "Potato": "土豆", "Tomato": "番茄",
    "Sour-Cream": "酸奶油", "Soy-Milk": "豆浆", "Soyghurt": "大豆酸奶",
    "dress": "连衣裙", "hat": "帽子", "longsleeve": "长袖", "outwear": "外套",
    "pants": "裤子", "shirt": "衬衫", "shoes": "鞋", "shorts": "短裤", "skirt": "裙子",
    "t-shirt": "T恤", "Backpacks": "背包", "Baskets": "篮子",
    "Balls": "球", "Teddy bears": "玩具熊", "Books and albums": "书", "Bottles": "瓶子",
    "Bowls": "碗", "Cameras": "相机", "Candles": "蜡烛", "Cars": "玩具车",
    "Suitcases": "行李箱", "Chairs": "椅子", "Clocks": "时钟",
    "Cushions": "靠垫", "Bath ducks": "玩具鸭", "Handbags": "手提包", "Hats": "帽子",
    "Headphones": "耳机", "Jugs": "水壶", "Kettles": "电热水壶", "Lamps": "台灯",
    "Mugs": "杯子", "Pans": "平底锅", "Phones": "手机", "Plant pots": "花盆",
    "Radios": "收音机", "Shirts": "衬衫", "Shoes": "鞋", "Speakers": "音箱",
    "Stools": "凳子", "Sunglasses": "太阳镜", "Side tables": "边桌", "Teapots": "茶壶",
    "Stacking toys": "叠叠乐", "Umbrellas": "雨伞", "Vases": "花瓶", "Watches": "手表",
}  # fmt: skip

Pictures = list[tuple[Image.Image, str]]  # each with its kind


def of_tar(name: str, column: str, split: str) -> Pictures:
    with tarfile.open(DATA / f"{name}.tar") as tar:
        rows = csv.DictReader(io.TextIOWrapper(_file(tar, "manifest.csv"), "utf-8"))
        some = [row for row in rows if row["split"] == split]
        step = max(1, len(some) // MOST)
        return [
            (Image.open(_file(tar, row["path"])).convert("RGB"), row[column])
            for row in some[::step]
        ]


def of_demo() -> Pictures:
    with (PICTURES / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (
            Image.open(PICTURES / "images" / row["images"].split(";")[0]).convert(
                "RGB"
            ),
            row["category"].rpartition(" > ")[2],
        )
        for row in rows
    ]


def probabilities(pictures: Pictures) -> np.ndarray:
    """Of ImageNet's classes (n, 1000)."""
    network = load_imagenet_lite0()
    classifier: Any = network.body.classifier
    side = network.input_size
    found = []
    with torch.inference_mode():
        for picture, _ in pictures:
            pixels = np.array(picture.resize((side, side), Image.Resampling.BICUBIC))
            given = network.prepare(torch.from_numpy(pixels).permute(2, 0, 1)[None])
            found.append(classifier(network(given)).softmax(1)[0].numpy())
    return np.stack(found)


def figures(
    seen: np.ndarray, kinds: np.ndarray, asked: dict[str, str], near: float
) -> dict[str, Any]:
    """Measure; seen (n, 1000), kinds (n,); `asked`: what is typed for each kind."""
    classes = sentences.encode_cached(torchvision.models._meta._IMAGENET_CATEGORIES)
    shares = []
    for kind, typed in asked.items():
        cosines = classes @ sentences.encode([typed])[0]
        scores = seen @ np.where(cosines >= near, cosines, 0.0)
        shown = np.argsort(-scores, kind="stable")[:FIRST]
        shown = shown[scores[shown] >= SHOWN]
        if len(shown):
            shares.append(float((kinds[shown] == kind).mean()))
    right = [share >= NINE_TENTHS for share in shares]
    return {
        "queries": len(asked),
        "answered": round(len(shares) / len(asked), 3),
        "p@10": round(float(np.mean(shares)), 3) if shares else 0.0,
        "right": round(float(np.mean(right)), 3) if shares else 0.0,
        "right of all": round(sum(right) / len(asked), 3),
    }


def _file(tar: tarfile.TarFile, path: str) -> Any:
    file = tar.extractfile(path)
    if file is None:
        raise FileNotFoundError(path)
    return io.BytesIO(file.read())


def main() -> None:
    sets = {
        "groceries": of_tar("grocery", "coarse_label", "iconic"),
        "clothing": of_tar("clothing", "fine_label", "train"),
        "demo shop": of_demo(),
    }
    rows = []
    for name, pictures in sets.items():
        labels = np.array([kind for _, kind in pictures])
        kinds = [kind for kind, n in Counter(labels.tolist()).items() if n >= LEAST]
        seen = probabilities(pictures)
        for language, asked in (
            ("English", {kind: kind.replace("-", " ") for kind in kinds}),
            ("Chinese", {kind: CHINESE[kind] for kind in kinds if kind in CHINESE}),
        ):
            for near in NEAR:
                row = {"set": name, "asked in": language, "near": near, "without": 0.0}
                rows.append({**row, **figures(seen, labels, asked, near)})
                print(" · ".join(f"{key} {value}" for key, value in rows[-1].items()))
    print(save_result("concepts", {"shown": SHOWN, "table": rows}))


if __name__ == "__main__":
    main()
