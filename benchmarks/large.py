"""A shop in PostgreSQL with as many pictures as are wanted, and few files of them.

Uniform codes and embeddings, two pictures a product, twenty categories, two hundred
brands. The pictures share some files, whose thumbnails are there, as those of a shop
that sells are.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psycopg
from PIL import Image

FILES = 500
A_COPY = 50_000  # codes sent at a time
# What PostgreSQL's COPY in binary begins and ends with.
COPY_BEGIN, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
DIM, CODE = 256, 32  # numbers of an embedding, bytes of a code

FILL = (
    """
    INSERT INTO catalogue_category (id, path, depth, numchild, name, slug)
    SELECT i, lpad(i::text, 4, '0'), 1, 0, 'Category ' || i, 'category-' || i
    FROM generate_series(1, 20) AS i
    """,
    """
    INSERT INTO catalogue_product (id, sku, name, slug, category_id, brand, colour,
        price, stock, description, active, created, updated)
    SELECT i, 'p' || i, 'Product ' || i, 'product-' || i, 1 + i % 20,
        'Brand ' || i % 200, 'colour ' || i % 12, (i % 10000) / 100.0, i % 5, '', true,
        now(), now()
    FROM generate_series(1, %(products)s) AS i
    """,
    """
    INSERT INTO catalogue_productimage (id, product_id, position, file, width, height,
        size, digest, source_digest)
    SELECT i, 1 + (i - 1) / 2, (i - 1) % 2, 'products/' || i % %(files)s || '.jpg',
        480, 480, 30000, md5(i::text) || md5(i::text), md5(i::text) || md5(i::text)
    FROM generate_series(1, %(images)s) AS i
    """,
)
COPY_CODES = """
    COPY codes (image_id, code, embedding) FROM STDIN (FORMAT BINARY)
"""
TAKE_CODES = """
    INSERT INTO search_imagecode (image_id, encoder, digest, code, embedding, error,
        updated)
    SELECT image_id, %(encoder)s, md5(image_id::text) || md5(image_id::text), code,
        embedding, '', now()
    FROM codes
"""
TABLES = ("catalogue_category", "catalogue_product", "catalogue_productimage")


def fill(url: str, images: int, encoder: str) -> None:
    """Into an empty, migrated database: 256 bits a code, 256 numbers an embedding."""
    values = {
        "images": images,
        "products": images // 2,
        "encoder": encoder,
        "files": FILES,
    }
    with psycopg.connect(url, autocommit=True) as database:
        for statement in FILL:
            database.execute(_escaped(statement), values)
        database.execute(
            "CREATE UNLOGGED TABLE codes (image_id bigint, code bytea, embedding bytea)"
        )
        with database.cursor().copy(COPY_CODES) as copy:
            for piece in _codes(images):
                copy.write(piece)
        database.execute(_escaped(TAKE_CODES), values)
        database.execute("DROP TABLE codes")
        for table in TABLES:
            database.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) "
                f"FROM {table}"
            )
        database.execute("VACUUM ANALYZE")


def _escaped(statement: str) -> str:
    return statement.replace(" % ", " %% ")


def _codes(images: int) -> Iterator[bytes]:
    """Image ids, codes and embeddings, as COPY takes them."""
    chance = np.random.default_rng(0)
    row = np.dtype(
        [
            ("fields", ">i2"),
            *(("id length", ">i4"), ("id", ">i8")),
            *(("code length", ">i4"), ("code", f"V{CODE}")),
            *(("embedding length", ">i4"), ("embedding", f"V{DIM}")),
        ]
    )
    yield COPY_BEGIN
    for start in range(0, images, A_COPY):
        rows = np.zeros(min(A_COPY, images - start), row)
        rows["fields"] = 3
        rows["id length"], rows["code length"], rows["embedding length"] = 8, CODE, DIM
        rows["id"] = np.arange(start, start + len(rows)) + 1
        for name, size in (("code", CODE), ("embedding", DIM)):
            drawn = np.frombuffer(chance.bytes(len(rows) * size), f"V{size}")
            rows[name] = drawn
        yield rows.tobytes()
    yield COPY_END


def write_pictures(media: Path) -> None:
    """The files that the pictures share; their thumbnails come with the first page."""
    folder = media / "products"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        chance = np.random.default_rng(number)
        small: npt.NDArray[np.uint8] = chance.integers(0, 256, (8, 8, 3), np.uint8)
        out = io.BytesIO()
        Image.fromarray(small).resize((480, 480)).save(out, "JPEG", quality=85)
        (folder / f"{number}.jpg").write_bytes(out.getvalue())
