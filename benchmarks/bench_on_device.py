"""100 grocery photos encoded on a device, against the same photos uploaded.

    python -m benchmarks.bench_on_device

The device is the program of docs/on-device.md, which knows nothing of Django: first on
the pixels that the server decodes, then on its own decoding (Pillow), then on a
browser's (Chromium's canvas, with the docs' JavaScript making embedding and code).
Nothing is random.
"""

import base64
import csv
import importlib.util
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.bench_grocery import TAR, write_catalogue
from benchmarks.shop import Shop, save_result
from tests.documented import blocks, write

PHOTOS, TOP = 100, 20


def load_device(shop: Shop) -> Any:
    """Return the docs' program, talking to this shop."""
    address = f"http://127.0.0.1:{shop.port}"
    path = write(
        blocks("on-device.md", "python")[0], shop.folder / "device.py", server=address
    )
    spec = importlib.util.spec_from_file_location("device", path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Device()


def server_decoding(shop: Shop) -> Callable[[Path], Path]:
    """Photos as the server decodes them, without a loss."""
    os.environ.update(shop.environment, DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()
    from catalogue.media.images import open_photo

    def decoded(photo: Path) -> Path:
        path = photo.with_suffix(".decoded.png")
        with photo.open("rb") as file:
            open_photo(file).save(path)
        return path

    return decoded


def in_browser(page: Page, device: Any, photo: Path) -> dict[str, str]:
    """Decode, quantise and hash by the docs' JavaScript."""
    content = base64.b64encode(photo.read_bytes()).decode()
    pixels, width, height = page.evaluate(
        """async ([photo, side]) => {
            const bytes = Uint8Array.from(atob(photo), (c) => c.charCodeAt(0));
            const seen = await device.decode(new Blob([bytes]), side);
            let text = "";
            for (const byte of seen.pixels) text += String.fromCharCode(byte);
            return [btoa(text), seen.width, seen.height];
        }""",
        [content, device.card["longest_side"]],
    )
    picture = np.frombuffer(base64.b64decode(pixels), np.uint8)
    shape = (1, height, width, 3)
    vector = device.session.run(["embedding"], {"picture": picture.reshape(shape)})[0]
    made: dict[str, str] = page.evaluate(
        """([vector, bits]) => {
            const embedding = device.quantise(Float32Array.from(vector));
            const code = device.hash(embedding, layer, bits);
            return {code: device.base64(code), embedding: device.base64(embedding)};
        }""",
        [vector[0].tolist(), device.card["n_bits"]],
    )
    return made


def open_browser(page: Page, device: Any, shop: Shop) -> None:
    page.goto(f"http://127.0.0.1:{shop.port}/search/")
    script = blocks("on-device.md", "js")[0].replace("export ", "")
    names = "{decode, quantise, hash, base64}"
    page.evaluate(f"() => {{ {script}; window.device = {names} }}")
    page.evaluate(
        """text => {
            window.layer = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
        }""",
        base64.b64encode(device.file("layer.bin")).decode(),
    )


def by_code(shop: Shop, device: Any, made: dict[str, str]) -> list[str]:
    body = json.dumps({"encoder": device.card["fingerprint"], **made}).encode()
    path = f"/api/v1/search/code/?limit={TOP}"
    return skus(shop._request("POST", path, body, "application/json"))


def skus(answered: tuple[int, Any]) -> list[str]:
    status, answer = answered
    if status != 200:
        raise RuntimeError(f"{status} {answer}")
    return [found["product"]["sku"] for found in answer["results"]]


def coded(device: Any, photo: Path) -> dict[str, str]:
    embedding, code = device.encode(device.decode(photo))
    return {
        "embedding": base64.b64encode(embedding).decode(),
        "code": base64.b64encode(code).decode(),
    }


def main() -> None:
    with Shop() as shop, sync_playwright() as playwright:
        with tarfile.open(TAR) as tar:
            tar.extractall(shop.folder, filter="data")
        catalogue = write_catalogue(shop.folder)
        shop.manage("import_catalogue", str(catalogue), "--images", str(shop.folder))
        shop.manage("build_snapshot")
        shop.serve()
        device, decoded = load_device(shop), server_decoding(shop)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page()
        open_browser(page, device, shop)
        with (shop.folder / "manifest.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
        found: dict[str, list[tuple[bool, bool]]] = {}
        for row in rows[:PHOTOS]:
            photo = shop.folder / row["path"]
            uploaded = skus(shop.search(photo.read_bytes(), limit=str(TOP)))
            for name, made in (
                ("the server's pixels", coded(device, decoded(photo))),
                ("its own decoding", coded(device, photo)),
                ("a browser's decoding", in_browser(page, device, photo)),
            ):
                there = by_code(shop, device, made)
                same = (there == uploaded, there[0] == uploaded[0])
                found.setdefault(name, []).append(same)
        chromium.close()
    table = {
        name: {
            f"same top {TOP}": mean(a for a, _ in each),
            "same first": mean(b for _, b in each),
        }
        for name, each in found.items()
    }
    for name, line in table.items():
        cells = "   ".join(f"{column} {share:.2f}" for column, share in line.items())
        print(f"{name:24}{cells}")
    print(save_result("on_device", {"seed": None, "photos": PHOTOS, "rows": table}))


if __name__ == "__main__":
    main()
