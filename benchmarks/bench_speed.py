"""One photo to a code, and many in bulk, on one core, beside ResNet-50.

    python -m benchmarks.bench_speed [--rounds 40] [--int8 DIR] [--pictures 1000]

Ours is `Encoder.encode` of decoded pictures, resizing and hash layer included;
ResNet-50 is torchvision's up to its pooled features, of 224 x 224 pixels that are
ready. They take turns in one process on one thread, and what is counted is the
processor's time of that process, so that other work on the machine matters little;
ratios are medians of paired rounds. ResNet-50 in bulk runs at the best of several
batches. `--int8` measures an encoder of `python -m hashing quantise` too: its speed,
its accuracy, and the bits that it flips. Bits of the runtime and of torch are compared,
too.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before numpy: a second thread of its own would wait busily, and be counted.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from PIL import Image

from benchmarks.bench_bits import InTorch
from benchmarks.shop import DATA, save_result
from hashing import SHIPPED, hamming, load_encoder
from hashing.encoder import Encoder, open_network
from hashing.evaluation.metrics import equal_pairs, mean_figures
from hashing.evaluation.rankings import code_similarity, cosines, rerank
from hashing.networks.architectures import make_network
from hashing.picture_sets import PictureSet

SEED = 0
SIZES = {"512 x 384": (512, 384), "224 x 224": (224, 224)}
BATCHES = (1, 4, 16, 32)
SETS = ("grocery.tar:val", "luma.tar", "warehouse.tar", "grocery.tar:train")
QUESTIONS = {
    "grocery": ("grocery.tar:val", "grocery.tar:iconic"),
    "luma": ("luma.tar:view!=main", "luma.tar:view=main"),
    "warehouse": ("warehouse.tar:photo", "warehouse.tar:catalogue"),
}

Run = Callable[[], Any]


def seconds(run: Run) -> float:
    """Return the processor's time that a run takes."""
    start = time.process_time()
    run()
    return time.process_time() - start


def paired(runs: dict[str, Run], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of each run, turn and turn about, after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(-2, rounds):
        for name, run in runs.items():
            taken = seconds(run)
            if turn >= 0:
                times[name].append(taken)
    return {name: np.array(values) for name, values in times.items()}


def resnet50_runs(batch: int) -> dict[str, Run]:
    """ResNet-50 in torch and in our runtime, for a batch of pixels."""
    torch.manual_seed(SEED)
    network = make_network("resnet50")
    pixels = torch.rand(batch, 3, 224, 224)

    def in_torch() -> None:
        with torch.inference_mode():
            network(pixels)

    path = Path(tempfile.mkdtemp()) / "resnet50.onnx"
    torch.onnx.export(network, (pixels,), str(path), dynamo=True, verbose=False)
    session = open_network(path)
    given = {session.get_inputs()[0].name: pixels.numpy()}
    return {
        "ResNet-50, torch": in_torch,
        "ResNet-50, ONNX Runtime": lambda: session.run(None, given),
    }


def one_photo(encoders: dict[str, Encoder], rounds: int) -> list[dict[str, Any]]:
    """Milliseconds for one decoded photo, and how many of ours fit into theirs."""
    rng = np.random.default_rng(SEED)
    theirs = resnet50_runs(1)
    rows = []
    for size, (width, height) in SIZES.items():
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        image = Image.fromarray(pixels)
        ours: dict[str, Run] = {
            name: lambda encoder=encoder, image=image: encoder.encode([image])
            for name, encoder in encoders.items()
        }
        times = paired({**ours, **theirs}, rounds)
        for name in ours:
            row: dict[str, Any] = {"photo": size, "encoder": name}
            for other in theirs:
                ratio = float(np.median(times[other] / times[name]))
                row[f"{other} / ours"] = round(ratio, 2)
            row["ms"] = round(float(np.median(times[name])) * 1e3, 2)
            row |= {
                f"{o} ms": round(float(np.median(times[o])) * 1e3, 2) for o in theirs
            }
            rows.append(row)
            print(row, flush=True)
    return rows


def in_bulk(encoders: dict[str, Encoder], rounds: int) -> list[dict[str, Any]]:
    """Pictures a second on one core; ResNet-50 in torch at its best batch."""
    images = list(PictureSet.parse(f"{DATA}/grocery.tar:val").pictures())[:16]
    network = make_network("resnet50")
    best = 0.0
    with torch.inference_mode():
        for batch in BATCHES:
            pixels = torch.rand(batch, 3, 224, 224)
            network(pixels)
            taken = [seconds(lambda p=pixels: network(p)) for _ in range(rounds)]
            best = max(best, batch / float(np.median(taken)))
    rows = []
    for name, encoder in encoders.items():
        encoder.encode(images[:2])
        taken = [seconds(lambda e=encoder: e.encode(images)) for _ in range(rounds)]
        a_second = len(images) / float(np.median(taken))
        rows.append(
            {
                "encoder": name,
                "ours / ResNet-50": round(a_second / best, 2),
                "a second": round(a_second, 1),
                "ResNet-50 a second": round(best, 1),
            }
        )
        print(rows[-1], flush=True)
    return rows


def against_torch(encoder: Encoder, images: list[Image.Image]) -> dict[str, Any]:
    """Shares of bits and pictures that differ between the runtime and torch."""
    torchs = InTorch(encoder)
    side = torchs.network.input_size
    shares: dict[str, Any] = {"pictures": len(images)}
    for name in ("resized by each", "resized before"):
        differ = []
        for image in images:
            shown = image
            if name == "resized before":
                shown = image.resize((side, side), Image.Resampling.BICUBIC)
            ours, theirs = encoder.encode([shown]).codes, torchs.codes([shown], 1)
            differ.append(int(hamming(ours, theirs)[0, 0]))
        flips = np.array(differ)
        shares[name] = {
            "bits": round(float(flips.mean() / encoder.n_bits), 6),
            "pictures": round(float((flips > 0).mean()), 4),
        }
    return shares


def together(encoder: Encoder, images: list[Image.Image]) -> dict[str, float]:
    """Share of bits that depend on what else is in the batch: none may."""
    alone = np.concatenate([encoder.encode([image]).codes for image in images])
    flips = np.bitwise_count(alone ^ encoder.encode(images).codes)
    return {"pictures": len(images), "bits": float(flips.mean() / 8)}


def accuracy(encoder: Encoder) -> dict[str, float]:
    """hit@1 and mAP of re-ranked answers to every question."""
    row: dict[str, float] = {}
    for name, texts in QUESTIONS.items():
        asked, found = (PictureSet.parse(f"{DATA}/{text}") for text in texts)
        queries, gallery = (encoder.encode(list(s.pictures())) for s in (asked, found))
        by_code = code_similarity(queries.codes, gallery.codes)
        scores = rerank(by_code, cosines(queries.embeddings, gallery.embeddings))
        figures = mean_figures(
            np.where(equal_pairs(asked.keys, found.keys), -np.inf, scores),
            query_labels=asked.column("product_id"),
            gallery_labels=found.column("product_id"),
        )
        row |= {f"{name} {figure}": figures[figure] for figure in ("hit@1", "map")}
    return row


def flipped(one: Encoder, other: Encoder, images: list[Image.Image]) -> float:
    """Share of bits that differ between two encoders of one hash layer."""
    pairs = zip(one.encode(images).codes, other.encode(images).codes, strict=True)
    return float(np.mean([np.bitwise_count(a ^ b).mean() / 8 for a, b in pairs]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--int8", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    shipped = load_encoder(SHIPPED)
    encoders = {"float32": shipped}
    if options.int8:
        encoders["int8"] = load_encoder(options.int8)
    images: list[Image.Image] = []
    for text in SETS:
        images += PictureSet.parse(f"{DATA}/{text}").pictures()
    images = images[: options.pictures]
    result: dict[str, Any] = {
        "seed": SEED,
        "encoder": shipped.fingerprint,
        "one photo": one_photo(encoders, options.rounds),
        "bulk": in_bulk(encoders, max(3, options.rounds // 5)),
        "bits that differ from torch": against_torch(shipped, images),
        "bits that depend on the batch": together(shipped, images[:100]),
    }
    if options.int8:
        result["int8"] = {
            "bits flipped": round(flipped(shipped, encoders["int8"], images), 4),
            "size_mb": round((options.int8 / "network.onnx").stat().st_size / 1e6, 1),
        }
        result["accuracy"] = {name: accuracy(e) for name, e in encoders.items()}
        print(result["int8"], result["accuracy"])
    print(save_result("speed", result))


if __name__ == "__main__":
    main()
