"""A whole photo search, from the file to the JSON, beside ResNet-50 and HNSW.

    python -m benchmarks.bench_search [--images 1000000] [--rounds 40] [--keep FOLDER]

One request at a time in one process on one core, through all of the web stack but the
socket; the database runs beside. The peer is the same shop with two parts exchanged:
pictures become ResNet-50's 2,048 features in ONNX Runtime, and a graph of faiss (HNSW,
32 links a vector, 200 looked at) finds the 200 nearest of them. It shares decoding, the
web stack and the database. Its weights and vectors are drawn by chance, since speed
alone matters, and its graph holds 50,000 vectors whatever the size of the shop, which
is in its favour: it would be slower with more. Beside it its fastest precision: int8 in
ONNX Runtime, and bf16 in OpenVINO where that is installed. All take turns, photo by
photo; milliseconds are medians. With `--keep` the database is filled once and used
again. Seed 0.
"""

import argparse
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image

from benchmarks.large import large_shop
from benchmarks.shop import BASE_DIR, load_result, percentile, save_result

SIZES = {"12 megapixels": (4000, 3000), "1,024 pixels": (1024, 768)}
PHOTOS = 8  # of each size
DIM = 2048
HELD = 50_000  # vectors in the peer's graph
LINKS, LOOKED_AT = 32, 200
STAGES = ("decode", "encode", "search", "fetch")
Run = Callable[[np.ndarray], np.ndarray]  # (1, 224, 224, 3) uint8 to (1, 2048) float32


def a_photo(seed: int, size: tuple[int, int]) -> bytes:
    """Return a JPEG of soft shapes with some noise, as large in bytes as a photo."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (18, 24, 3), np.uint8))
    pixels = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.int16)
    noisy = pixels + chance.integers(-6, 7, pixels.shape, np.int8)
    out = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=85)
    return out.getvalue()


def resnet50(folder: Path) -> Path:
    """As ONNX, from decoded pixels to pooled features, with random weights."""
    import torch

    from hashing.networks.architectures import make_network

    torch.manual_seed(0)
    network = make_network("resnet50")

    class FromPixels(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            planes = pixels.permute(0, 3, 1, 2)
            features: torch.Tensor = self.network(self.network.prepare(planes))
            return features

    path = folder / "resnet50.onnx"
    pixels = torch.zeros(1, 224, 224, 3, dtype=torch.uint8)
    torch.onnx.export(
        FromPixels().eval(), (pixels,), str(path), dynamo=True, verbose=False
    )
    return path


def in_int8(path: Path) -> Path:
    """Quantise it; it is calibrated on noise, which speed does not depend on."""
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantType,
        quantize_static,
    )

    class Noise(CalibrationDataReader):
        def __init__(self) -> None:
            (given,) = onnx.load(path, load_external_data=False).graph.input
            chance = np.random.default_rng(0)
            drawn = chance.integers(0, 256, (4, 1, 224, 224, 3), np.uint8)
            self.left: Iterator[dict[str, Any]] = iter([{given.name: d} for d in drawn])

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    quantised = path.with_name("resnet50-int8.onnx")
    quantize_static(
        *(path, quantised, Noise()),
        **{"per_channel": True, "activation_type": QuantType.QUInt8},
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "Add", "MaxPool", "Gemm"],
    )
    return quantised


def in_onnxruntime(path: Path) -> Run:
    from hashing.encoder import open_network

    session = open_network(path)
    name = session.get_inputs()[0].name
    return lambda pixels: session.run(None, {name: pixels})[0]


def in_openvino(path: Path) -> Run:
    import openvino

    hints = {
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "bf16",
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().compile_model(str(path), "CPU", hints)
    request = model.create_infer_request()
    return lambda pixels: np.array(request.infer([pixels])[0])


class Peer:
    """What takes the place of our encoder and our index."""

    def __init__(self, run: Run, graph: Any) -> None:
        self.run, self.graph = run, graph

    def encode(self, encoder: Any, images: list[Image.Image]) -> Any:
        from hashing import Encoded

        seen = [image.resize((224, 224), Image.Resampling.BICUBIC) for image in images]
        self.features = np.concatenate([self.run(np.asarray(i)[None]) for i in seen])
        vectors = np.ones((len(images), encoder.card.dim), np.int8)
        codes = np.zeros((len(images), encoder.n_bits // 8), np.uint8)
        return Encoded(vectors, codes)

    def search(self, now: Any, query: Any, k: int, **_: Any) -> Any:
        from hashing import RowHits
        from search.gallery.neighbours import Shortlist

        _, rows = self.graph.search(self.features[:1].astype(np.float32), k)
        found = RowHits(rows[0], np.arange(len(rows[0]), dtype=np.int32))
        return Shortlist.of([(now.snapshot.rows, found)], k)

    def __enter__(self) -> "Peer":
        from hashing import Encoder
        from search.gallery.snapshot_gallery import SnapshotGallery

        self.patches = ExitStack()
        for kind, name in ((Encoder, "encode"), (SnapshotGallery, "search")):
            ours = getattr(self, name)

            def theirs(instance: Any, *a: Any, ours: Any = ours, **k: Any) -> Any:
                return ours(instance, *a, **k)

            self.patches.enter_context(patch.object(kind, name, theirs))
        return self

    def __exit__(self, *_: object) -> None:
        self.patches.close()


def peers(folder: Path) -> dict[str, Peer]:
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    graph = faiss.IndexHNSWFlat(DIM, LINKS)
    graph.hnsw.efConstruction = 40
    vectors = np.random.default_rng(0).standard_normal((HELD, DIM), np.float32)
    graph.add(vectors)
    graph.hnsw.efSearch = LOOKED_AT
    faiss.omp_set_num_threads(1)
    network = resnet50(folder)
    runs = {
        "ResNet-50 + HNSW": in_onnxruntime(network),
        "the same, int8": in_onnxruntime(in_int8(network)),
    }
    if importlib.util.find_spec("openvino"):
        runs["the same, bf16 in OpenVINO"] = in_openvino(network)
    return {name: Peer(run, graph) for name, run in runs.items()}


def inside(rounds: int) -> list[dict[str, Any]]:
    """Within the shop's environment."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import logging

    import django

    django.setup()
    logging.disable(logging.INFO)
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")

    def ask(photo: bytes) -> tuple[float, dict[str, Any]]:
        file = SimpleUploadedFile("photo.jpg", photo, "image/jpeg")
        start = time.perf_counter()
        response = client.post("/api/v1/search/photo/", {"photo": file})
        answer = response.json()
        took = (time.perf_counter() - start) * 1000
        if response.status_code != 200 or len(answer["results"]) != 20:
            raise RuntimeError(f"{response.status_code}: {str(answer)[:300]}")
        return took, answer["stages"]

    contenders: dict[str, Any] = {"ours": ExitStack()}
    contenders |= peers(Path(tempfile.mkdtemp()))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core from here on
    rows = []
    for name, size in SIZES.items():
        photos = [a_photo(seed, size) for seed in range(PHOTOS)]
        took: dict[str, list[tuple[float, dict[str, Any]]]] = {
            c: [] for c in contenders
        }
        for turn in range(-3, rounds):
            for contender, patches in contenders.items():
                with patches:
                    measured = ask(photos[turn % PHOTOS])
                if turn >= 0:
                    took[contender].append(measured)
        rows += table(name, took)
    return rows


def table(photo: str, took: dict[str, list[tuple[float, Any]]]) -> list[dict[str, Any]]:
    """Ours beside each of the others, whole and by stage."""
    of: dict[str, dict[str, float]] = {}
    for name, each in took.items():
        stages = {stage: median(s[stage] for _, s in each) for stage in STAGES}
        whole = median(ms for ms, _ in each)
        stages["rest"] = median(ms - sum(s[n] for n in STAGES) for ms, s in each)
        of[name] = {"whole": whole, **stages}
    rows = []
    for name, each in of.items():
        ratios = {
            f"ours / it, {stage}": round(of["ours"][stage] / value, 3)
            for stage, value in each.items()
            if name != "ours" and stage in ("whole", "encode", "search")
        }
        rows.append(
            {
                "photo": photo,
                "contender": name,
                **ratios,
                "p95 ms": round(percentile([ms for ms, _ in took[name]], 0.95), 1),
                **{f"{stage} ms": round(value, 2) for stage, value in each.items()},
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(options.rounds)))
        return
    with large_shop(options.images, keep=options.keep) as shop:
        shop.manage("build_snapshot")
        command = [sys.executable, "-m", "benchmarks.bench_search", "--inside"]
        command += ["--rounds", str(options.rounds)]
        ran = subprocess.run(
            command, cwd=BASE_DIR, env=shop.environment, stdout=subprocess.PIPE
        )
    ran.check_returncode()
    rows = json.loads(ran.stdout.splitlines()[-1])
    for row in rows:
        print(row)
    result = {**load_result("search"), "seed": 0}
    print(save_result("search", {**result, f"{options.images:,} images": rows}))


if __name__ == "__main__":
    main()
