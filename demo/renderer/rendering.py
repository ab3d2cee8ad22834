"""Rendering whole folders: the demo shop, its street photos, training sets."""

import csv
import multiprocessing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from demo.assortment import (
    KINDS,
    SEED,
    DemoProduct,
    demo_products,
    training_products,
)
from demo.photography import PICTURE_SIDE, catalogue_picture, webp
from demo.products import COLUMNS, listings_of
from demo.street import jpeg, street_photo

STREET_PHOTOS = 60
VIEWS = 2


@dataclass(frozen=True)
class RenderJob:
    """A picture to render, and where it goes."""

    product: DemoProduct
    path: Path
    size: int
    view: int = 0
    others: tuple[DemoProduct, ...] = ()  # clutter of a street photo
    seed: tuple[int, ...] = ()  # of a street photo


def render(job: RenderJob) -> None:
    if job.seed:
        photo = street_photo(job.product, list(job.others), list(job.seed), job.size)
        content = jpeg(photo, list(job.seed))
    else:
        content = webp(catalogue_picture(job.product, job.view, job.size))
    # Renamed when complete, so that an interrupted run can be resumed.
    part = job.path.with_name(job.path.name + ".part")
    part.write_bytes(content)
    part.replace(job.path)


def render_all(render_jobs: Sequence[RenderJob], jobs: int, title: str) -> None:
    if jobs <= 1:
        for job in tqdm(render_jobs, desc=title):
            render(job)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        done: Iterable[None] = pool.imap_unordered(render, render_jobs, chunksize=4)
        for _ in tqdm(done, total=len(render_jobs), desc=title):
            pass


def write_rows(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def street_products(products: Sequence[DemoProduct]) -> list[DemoProduct]:
    """Choose the products of the street photos: every kind in turn, none twice."""
    rng = np.random.default_rng([SEED, 60])
    stacks = [[p for p in products if p.kind == kind] for kind in KINDS]
    stacks = [[stack[i] for i in rng.permutation(len(stack))] for stack in stacks]
    ranked = [p for row in zip(*stacks, strict=False) for p in row]
    return ranked[:STREET_PHOTOS]


def street_jobs(products: Sequence[DemoProduct], folder: Path) -> list[RenderJob]:
    render_jobs = []
    for number, product in enumerate(street_products(products), start=1):
        others = tuple(p for p in products if p.kind != product.kind)
        path = folder / f"street-{number:02d}.jpg"
        render_jobs.append(RenderJob(product, path, 0, 0, others, (SEED, 61, number)))
    return render_jobs


def render_demo(out: Path, *, only: str | None, jobs: int) -> None:
    """Render the demo shop's pictures and data; `only` limits to a kind or an SKU."""
    products = demo_products()
    images, street = out / "images", out / "street"
    images.mkdir(parents=True, exist_ok=True)
    street.mkdir(parents=True, exist_ok=True)
    photos = street_jobs(products, street)
    write_rows(
        out / "catalogue.csv", COLUMNS, (x.values for x in listings_of(products))
    )
    write_rows(
        street / "manifest.csv",
        ("path", "sku"),
        ((job.path.name, job.product.sku) for job in photos),
    )

    def is_wanted(job: RenderJob) -> bool:
        return only is None or only in (job.product.kind, job.product.sku)

    render_jobs = [
        RenderJob(
            product, images / f"{product.sku}-{view + 1}.webp", PICTURE_SIDE, view
        )
        for product in products
        for view in range(VIEWS)
    ]
    render_all(
        [job for job in [*render_jobs, *photos] if is_wanted(job)], jobs, "pictures"
    )


def training_jobs(
    products: Sequence[DemoProduct], folder: Path, seed: int, size: int
) -> list[RenderJob]:
    render_jobs = []
    for number, product in enumerate(products):
        for view in range(VIEWS):
            path = folder / f"{product.sku}-catalogue-{view + 1}.webp"
            render_jobs.append(RenderJob(product, path, size, view))
        near = range(number + 1, number + 40)
        others = tuple(
            p
            for p in (products[i % len(products)] for i in near)
            if p.kind != product.kind
        )
        for photo in range(2):
            path = folder / f"{product.sku}-photo-{photo + 1}.jpg"
            render_jobs.append(
                RenderJob(product, path, size, 0, others, (seed, number, photo))
            )
    return render_jobs


def render_training(out: Path, *, count: int, seed: int, size: int, jobs: int) -> None:
    """Render a SET of other products for `hashing`; one in five is for validation."""
    products = training_products(count, seed)
    folder = out / "images"
    folder.mkdir(parents=True, exist_ok=True)
    render_jobs = training_jobs(products, folder, seed, size)
    split = {p.sku: "val" if i % 5 == 4 else "train" for i, p in enumerate(products)}

    def row(job: RenderJob) -> tuple[str, ...]:
        product = job.product
        shelf = KINDS[product.kind].category.split(" > ")[0]
        kind = "photo" if job.seed else "catalogue"
        path = job.path.relative_to(out).as_posix()
        return (path, split[product.sku], product.kind, shelf, product.sku, kind)

    header = ("path", "split", "fine_label", "coarse_label", "product_id", "kind")
    render_all([job for job in render_jobs if not job.path.exists()], jobs, "training")
    write_rows(out / "manifest.csv", header, (row(job) for job in render_jobs))
