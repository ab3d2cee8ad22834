"""Which runtime serves the encoder: ONNX Runtime or OpenVINO, one picture, one thread.

    python -m benchmarks.bench_runtime [--rounds 60] [--set SET[:SPLIT]]

Both run the shipped network in float32, turn and turn about in one process, so that
whatever else the machine does falls on both; ratios are medians of paired rounds. Load
time and memory are taken in processes of their own. `whole` is the graph with
resizing, `resized` gets pictures of 224 x 224, for which resizing does nothing.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import files
from pathlib import Path

import numpy as np
from PIL import Image

from hashing import SHIPPED, hamming, load_encoder
from hashing.embeddings import quantise_embeddings
from hashing.picture_sets import PictureSet

RESULTS = Path(__file__).parent / "results" / "runtime.json"
NETWORK = SHIPPED / "network.onnx"
SEED = 0
RUNTIMES = ("onnxruntime", "openvino")
SIZES = {"whole, 512 x 384": (512, 384), "whole, 224 x 224": (224, 224),
         "resized, 224 x 224": (224, 224)}  # fmt: skip


def opened(runtime):
    """Return a function from uint8 (1, height, width, 3) to the embedding (1, dim)."""
    if runtime == "onnxruntime":
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # it warns of an input that need not be given
        session = onnxruntime.InferenceSession(
            NETWORK, options, providers=["CPUExecutionProvider"]
        )
        return lambda pixels: session.run(["embedding"], {"picture": pixels})[0]
    import openvino

    hints = {
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().compile_model(str(NETWORK), "CPU", hints)
    request = model.create_infer_request()
    return lambda pixels: request.infer([pixels])["embedding"].copy()


def paired_times(runs, pixels, rounds):
    """Milliseconds (rounds, 2), the two runtimes taking turns."""
    times = np.empty((rounds, 2))
    for turn in range(-3, rounds):  # three rounds to warm up
        for column, run in enumerate(runs):
            start = time.perf_counter()
            run(pixels)
            times[turn, column] = (time.perf_counter() - start) * 1e3
    return times


def speed(runs, rounds):
    rng = np.random.default_rng(SEED)
    rows = {}
    for name, (width, height) in SIZES.items():
        pixels = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        times = paired_times(runs, pixels, rounds)
        rows[name] = {
            **{
                f"{r}_ms": round(m, 2)
                for r, m in zip(RUNTIMES, np.median(times, 0), strict=True)
            },
            **{
                f"{r}_best_ms": round(m, 2)
                for r, m in zip(RUNTIMES, times.min(0), strict=True)
            },
            "openvino / onnxruntime": round(np.median(times[:, 1] / times[:, 0]), 2),
        }
    return rows


def flipped(runs, pictures):
    """Share of bits that differ between the runtimes over pictures."""
    layer = load_encoder(SHIPPED).layer
    shares = {}
    for name, side in (("whole", None), ("resized", (224, 224))):
        codes = [[], []]
        for image in pictures:
            seen = image.resize(side, Image.Resampling.BICUBIC) if side else image
            pixels = np.asarray(seen)[None]
            for column, run in enumerate(runs):
                codes[column].append(layer.codes(quantise_embeddings(run(pixels))))
        one, other = (np.concatenate(column) for column in codes)
        distances = np.diag(hamming(one, other))
        shares[name] = {
            "bits": float(distances.mean() / layer.n_bits),
            "pictures": float((distances > 0).mean()),
        }
    return shares


CHILD = """
import sys, time
import numpy as np
from benchmarks.bench_runtime import opened
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
before = resident()
start = time.perf_counter()
run = opened(sys.argv[1])
loaded = time.perf_counter() - start
pixels = np.zeros((1, 384, 512, 3), np.uint8)
for _ in range(5): run(pixels)
print(loaded * 1e3, resident() - before)
"""


def footprint(runtime):
    """Load time, memory and what the package takes on disk."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", CHILD, runtime], capture_output=True, check=True
        ).stdout.split()
        for _ in range(3)
    ]
    load_ms, memory_mb = np.median(np.array(runs, dtype=float), axis=0)
    disk = sum(f.size or 0 for f in files(runtime) or ())
    return {
        "load_ms": round(load_ms),
        "memory_mb": round(memory_mb),
        "package_mb": round(disk / 1e6),
    }


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((x.split(":")[1].strip() for x in lines if "model name" in x), "")
    load = round(os.getloadavg()[0], 1)
    return {"cpu": model, "cores": os.cpu_count(), "load": load,
            "python": platform.python_version()}  # fmt: skip


def commit():
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--set", default="../shared/data/grocery.tar:val")
    options = parser.parse_args()
    runs = [opened(runtime) for runtime in RUNTIMES]
    pictures = list(PictureSet.parse(options.set).pictures())[:300]
    result = {
        "commit": commit(),
        "seed": SEED,
        "machine": machine(),
        "encoder": load_encoder(SHIPPED).fingerprint,
        "speed": speed(runs, options.rounds),
        "flipped": {"pictures": len(pictures), **flipped(runs, pictures)},
        "footprint": {runtime: footprint(runtime) for runtime in RUNTIMES},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
