"""Pages in a phone's browser: when, how heavy, and how long a photo takes.

    python -m benchmarks.bench_page [--visits 5] [--photos 15]

The demo shop under gunicorn, Chromium beside it, both on this machine. Visits begin
with an empty cache, on a screen of 390 × 844, with a CPU slowed 4 times and the network
throttled as Lighthouse does it for a phone: the milder way waits 150 ms for each
request, the harsher 562.5 ms (its "applied" throttling); 1.6 Mbit/s either way. LCP and
CLS as the browser reports them; bytes as they travel, compressed.

A photo of 12 megapixels is chosen in the page, on this machine's own CPU, without
throttling: from the choice to the results, shown. Beside it, as the peer, the plain
form that sends the photo as it is (JavaScript off): from the press to the page's load.
Thumbnails are there, as the sweep of a running shop makes them.
"""

import argparse
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.shop import Shop, percentile, save_result
from demo import PICTURES
from tests.chromium import chromium

SEED = 1
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
SLOWER = 4
NETWORKS = {"150 ms": 150.0, "562.5 ms": 562.5}
DOWN, UP = 1.6e6 / 8 * 0.9, 750e3 / 8 * 0.9  # bytes a second
PAGES = {
    "search": "/search/",
    "home": "/",
    "category": "/category/home/",
    "words": "/search/?q=red+phone",
    "results": "/search/?sample=street-01",
}
SIDES = (4000, 3000)

VITALS = """() => new Promise((done) => {
    const found = { lcp: 0, what: "", cls: 0 };
    new PerformanceObserver((list) => { for (const each of list.getEntries()) {
        found.lcp = each.startTime;
        found.what = each.element?.tagName ?? "";
    } }).observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => { for (const each of list.getEntries())
        if (!each.hadRecentInput) found.cls += each.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(found), 500);
})"""
SIZES = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const bytes = { document: page.transferSize };
    for (const { name, transferSize } of performance.getEntriesByType("resource")) {
        const path = new URL(name).pathname;
        const kind = path.endsWith(".js") ? "script"
            : path.endsWith(".css") ? "style"
            : path.startsWith("/static/") ? "other of ours" : "pictures";
        bytes[kind] = (bytes[kind] ?? 0) + transferSize;
    }
    return bytes;
}"""
# From the choice of a photo to the first picture after the results came.
WATCH = """() => {
    window.took = new Promise((done) => {
        let start = 0;
        document.addEventListener("change", () => { start = performance.now(); }, true);
        document.addEventListener("htmx:load", ({ detail: { elt } }) => {
            if (!elt.querySelector?.(".results .card")) return;
            const over = () => done(performance.now() - start);
            requestAnimationFrame(() => setTimeout(over));
        });
    });
}"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


@contextmanager
def page_of(browser: Browser, shop: Shop, **options: Any) -> Iterator[Page]:
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{shop.port}", locale="en-GB", **options
    )
    yield context.new_page()
    context.close()


def visit(browser: Browser, shop: Shop, path: str, latency: float) -> dict[str, Any]:
    with page_of(browser, shop, **PHONE) as page:
        tools = page.context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": latency,
                "downloadThroughput": DOWN,
                "uploadThroughput": UP,
            },
        )
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(path, wait_until="networkidle")
        return {**page.evaluate(VITALS), "bytes": page.evaluate(SIZES)}


def visits(browser: Browser, shop: Shop, count: int) -> list[dict[str, Any]]:
    visit(browser, shop, "/search/", 0)  # both have done this before
    rows = []
    for name, path in PAGES.items():
        row: dict[str, Any] = {"page": name}
        for network, latency in NETWORKS.items():
            seen = [visit(browser, shop, path, latency) for _ in range(count)]
            row[f"LCP s at {network}"] = round(
                median(each["lcp"] for each in seen) / 1000, 2
            )
            row["CLS"] = max(row.get("CLS", 0), *(round(s["cls"], 3) for s in seen))
        size = {kind: n / 1000 for kind, n in seen[-1]["bytes"].items()}
        ours = sum(size.get(kind, 0) for kind in ("script", "style", "other of ours"))
        row |= {
            "largest": seen[-1]["what"].lower(),
            "script kB": round(size.get("script", 0), 1),
            "own assets kB": round(ours, 1),
            "page kB": round(size["document"], 1),
            "pictures kB": round(size.get("pictures", 0), 1),
        }
        rows.append(row)
    return rows


def write_photos(folder: Path, count: int) -> list[Path]:
    """Street photos as large as a phone takes them, with its noise, held upright."""
    chance = np.random.default_rng(SEED)
    paths = []
    for number in range(1, count + 1):
        small = Image.open(PICTURES / "street" / f"street-{number:02}.jpg")
        large = small.convert("RGB").resize(SIDES, Image.Resampling.BICUBIC)
        noise = chance.integers(-5, 6, (SIDES[1], SIDES[0], 1), np.int8)
        pixels = np.asarray(large, np.int16) + noise
        path = folder / f"IMG_{number:04}.jpg"
        out = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(
            out, "JPEG", quality=90
        )
        path.write_bytes(out.getvalue())
        paths.append(path)
    return paths


def in_page(browser: Browser, shop: Shop, photo: Path) -> tuple[float, int]:
    """Milliseconds, and bytes that were sent."""
    with page_of(browser, shop, **PHONE) as page:
        page.goto("/search/", wait_until="networkidle")
        page.evaluate(WATCH)
        with page.expect_request(lambda request: request.method == "POST") as sent:
            page.set_input_files("input[name=photo]", photo)
        took = page.evaluate("window.took")
        return float(took), int(sent.value.all_headers()["content-length"])


def by_plain_form(browser: Browser, shop: Shop, photo: Path) -> float:
    """Milliseconds from the request to the load of the page that answers it."""
    with page_of(browser, shop, java_script_enabled=False, **PHONE) as page:
        page.goto("/search/", wait_until="networkidle")
        page.set_input_files("input[name=photo]", photo)
        page.get_by_role("main").get_by_role("button", name="Search").click()
        page.locator(".results").wait_for()
        page.wait_for_load_state("load")
        tools = page.context.new_cdp_session(page)
        answer = tools.send("Runtime.evaluate", {"expression": LOADED})
        return float(answer["result"]["value"])


def make_thumbnails(shop: Shop) -> None:
    os.environ.update(shop.environment, DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()
    from catalogue.models import ProductImage

    for image in ProductImage.objects.all():
        image.make_thumbnails()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--photos", type=int, default=15)
    options = parser.parse_args()
    with Shop() as shop, chromium() as browser:
        shop.manage("set_up", "--demo")
        make_thumbnails(shop)
        shop.serve(workers=2)
        photos = write_photos(shop.folder, options.photos)
        sizes = [photo.stat().st_size for photo in photos]
        for photo in photos[:2]:
            in_page(browser, shop, photo)  # the processes have loaded all
        sent = [in_page(browser, shop, photo) for photo in photos]
        plain = [by_plain_form(browser, shop, photo) for photo in photos]
        rows = visits(browser, shop, options.visits)
    took = [milliseconds for milliseconds, _ in sent]
    choosing = [
        {
            "photo to results": name,
            "median ms": round(median(each)),
            "p95 ms": round(percentile(each, 0.95)),
            "kB sent": round(kilobytes),
        }
        for name, each, kilobytes in (
            ("made small in the page", took, median(n for _, n in sent) / 1000),
            ("plain form", plain, median(sizes) / 1000),
        )
    ]
    for row in (*rows, *choosing):
        print(" · ".join(f"{name} {value}" for name, value in row.items()))
    result = {
        "seed": SEED, "screen": "390 x 844", "cpu_slowed": SLOWER,
        "megabits_down": 1.6, "visits": options.visits, "photos": len(photos),
        "megapixels": SIDES[0] * SIDES[1] / 1e6, "pages": rows, "choosing": choosing,
    }  # fmt: skip
    print(save_result("page", result))


if __name__ == "__main__":
    main()
