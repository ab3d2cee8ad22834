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
    Product,
    demo_products,
    training_products,
)
from demo.pictures import SIZE, catalogue_picture, webp
from demo.products import COLUMNS, listings
from demo.street import jpeg, street_photo

STREET_PHOTOS = 60
VIEWS = 2


@dataclass(frozen=True)
class Order:
    """One picture to be rendered, and where it goes."""

    product: Product
    path: Path
    size: int
    view: int = 0
    others: tuple[Product, ...] = ()  # clutter of a street photo
    seed: tuple[int, ...] = ()  # of a street photo


def carry_out(order: Order) -> None:
    if order.seed:
        photo = street_photo(
            order.product, list(order.others), list(order.seed), order.size
        )
        made = jpeg(photo, list(order.seed))
    else:
        made = webp(catalogue_picture(order.product, order.view, order.size))
    # A picture is there whole or not at all, so a stopped run can be taken up again.
    part = order.path.with_name(order.path.name + ".part")
    part.write_bytes(made)
    part.replace(order.path)


def carry_out_all(orders: Sequence[Order], jobs: int, title: str) -> None:
    if jobs <= 1:
        for order in tqdm(orders, desc=title):
            carry_out(order)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        done: Iterable[None] = pool.imap_unordered(carry_out, orders, chunksize=4)
        for _ in tqdm(done, total=len(orders), desc=title):
            pass


def write_rows(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def photographed(products: Sequence[Product]) -> list[Product]:
    """The products of the street photos: every kind in turn, none twice."""
    rng = np.random.default_rng([SEED, 60])
    stacks = [[p for p in products if p.kind == kind] for kind in KINDS]
    stacks = [[stack[i] for i in rng.permutation(len(stack))] for stack in stacks]
    ranked = [p for row in zip(*stacks, strict=False) for p in row]
    return ranked[:STREET_PHOTOS]


def street_orders(products: Sequence[Product], folder: Path) -> list[Order]:
    orders = []
    for number, product in enumerate(photographed(products), start=1):
        others = tuple(p for p in products if p.kind != product.kind)
        path = folder / f"street-{number:02d}.jpg"
        orders.append(Order(product, path, 0, 0, others, (SEED, 61, number)))
    return orders


def render_demo(out: Path, *, only: str | None, jobs: int) -> None:
    """The demo shop's pictures and data; `only` a kind's or one product's."""
    products = demo_products()
    images, street = out / "images", out / "street"
    images.mkdir(parents=True, exist_ok=True)
    street.mkdir(parents=True, exist_ok=True)
    photos = street_orders(products, street)
    write_rows(out / "catalogue.csv", COLUMNS, (x.values for x in listings(products)))
    write_rows(
        street / "manifest.csv",
        ("path", "sku"),
        ((order.path.name, order.product.sku) for order in photos),
    )

    def wanted(order: Order) -> bool:
        return only is None or only in (order.product.kind, order.product.sku)

    orders = [
        Order(product, images / f"{product.sku}-{view + 1}.webp", SIZE, view)
        for product in products
        for view in range(VIEWS)
    ]
    carry_out_all([o for o in [*orders, *photos] if wanted(o)], jobs, "pictures")


def training_orders(
    products: Sequence[Product], folder: Path, seed: int, size: int
) -> list[Order]:
    orders = []
    for number, product in enumerate(products):
        for view in range(VIEWS):
            path = folder / f"{product.sku}-catalogue-{view + 1}.webp"
            orders.append(Order(product, path, size, view))
        near = range(number + 1, number + 40)
        others = tuple(
            p
            for p in (products[i % len(products)] for i in near)
            if p.kind != product.kind
        )
        for photo in range(2):
            path = folder / f"{product.sku}-photo-{photo + 1}.jpg"
            orders.append(Order(product, path, size, 0, others, (seed, number, photo)))
    return orders


def render_training(out: Path, *, count: int, seed: int, size: int, jobs: int) -> None:
    """A SET of other products for the hashing library, one in five for validation."""
    products = training_products(count, seed)
    folder = out / "images"
    folder.mkdir(parents=True, exist_ok=True)
    orders = training_orders(products, folder, seed, size)
    split = {p.sku: "val" if i % 5 == 4 else "train" for i, p in enumerate(products)}

    def row(order: Order) -> tuple[str, ...]:
        product = order.product
        shelf = KINDS[product.kind].category.split(" > ")[0]
        kind = "photo" if order.seed else "catalogue"
        path = order.path.relative_to(out).as_posix()
        return (path, split[product.sku], product.kind, shelf, product.sku, kind)

    header = ("path", "split", "fine_label", "coarse_label", "product_id", "kind")
    carry_out_all([o for o in orders if not o.path.exists()], jobs, "training")
    write_rows(out / "manifest.csv", header, (row(order) for order in orders))
