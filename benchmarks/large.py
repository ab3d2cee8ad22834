"""A shop in PostgreSQL with as many pictures as are wanted, and few files of them.

Embeddings drawn by chance and their codes, two pictures a product, twenty categories,
two hundred brands. The pictures share some files. What the texts mean is made up.
"""

import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psycopg
from PIL import Image

from benchmarks.shop import Shop
from hashing import SHIPPED, Encoder, load_encoder
from search.words.language import sentences
from tests.servers import PostgresServer, RedisServer

FILES = 500
A_COPY = 50_000  # codes drawn and sent at a time
# What PostgreSQL's COPY in binary begins and ends with.
COPY_BEGIN, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"

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
    # What their texts mean is known, or workers would be at it for minutes.
    """
    INSERT INTO search_producttext (product_id, digest, embedding, seen)
    SELECT p.id,
        left(encode(sha256(convert_to(concat(
            %(sentences)s::text, E'\\n', c.name, ': ', p.name, '. ', E'\\n'
        ), 'UTF8')), 'hex'), 32),
        decode(repeat(md5(p.id::text), %(dim)s / 16), 'hex'), ''
    FROM catalogue_product AS p JOIN catalogue_category AS c ON c.id = p.category_id
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
MAKE_THUMBNAILS = f"""
from catalogue.models import ProductImage
for image in ProductImage.objects.order_by("pk")[:{FILES}]:
    image.card.generate()
"""
TABLES = ("catalogue_category", "catalogue_product", "catalogue_productimage")


@contextmanager
def large_shop(images: int, *, keep: Path | None = None) -> Iterator[Shop]:
    """On PostgreSQL and Redis, with a snapshot to be built.

    keep: a folder in which what was filled once is used again, as it was then.
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="semblance-bench-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL reaches it as another user
    with PostgresServer(folder) as postgres, RedisServer(folder) as redis:
        _fill_once(postgres.url, images, folder / "filled")
        with psycopg.connect(postgres.url, autocommit=True) as database:
            database.execute("DROP DATABASE IF EXISTS shop")
            database.execute("CREATE DATABASE shop TEMPLATE filled STRATEGY file_copy")
        url = _named(postgres.url, "shop")
        with Shop(DATABASE_URL=url, REDIS_URL=redis.url) as shop:
            write_pictures(shop.folder / "data" / "media")
            shop.manage("shell", "-c", MAKE_THUMBNAILS)
            yield shop


def _fill_once(url: str, images: int, marker: Path) -> None:
    encoder = load_encoder(SHIPPED)
    wanted = f"{images} {encoder.fingerprint} {sentences.ENCODER_NAME}"
    if marker.exists() and marker.read_text() == wanted:
        return
    start = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("DROP DATABASE IF EXISTS filled")
        database.execute("CREATE DATABASE filled")
    with Shop(DATABASE_URL=_named(url, "filled")):  # migrates
        fill(_named(url, "filled"), images, encoder)
    marker.write_text(wanted)
    print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)


def _named(url: str, database: str) -> str:
    return f"{url.rsplit('/', 1)[0]}/{database}"


def fill(url: str, images: int, encoder: Encoder) -> None:
    """Into an empty, migrated database, with the codes of an encoder."""
    values = {
        "images": images,
        "products": images // 2,
        "encoder": encoder.fingerprint,
        "files": FILES,
        "sentences": sentences.ENCODER_NAME,
        "dim": sentences.DIM,
    }
    with psycopg.connect(url, autocommit=True) as database:
        for statement in FILL:
            database.execute(_escaped(statement), values)
        database.execute(
            "CREATE UNLOGGED TABLE codes (image_id bigint, code bytea, embedding bytea)"
        )
        with database.cursor().copy(COPY_CODES) as copy:
            for piece in _copied(images, encoder):
                copy.write(piece)
        database.execute(_escaped(TAKE_CODES), values)
        database.execute("DROP TABLE codes")
        for table in TABLES:
            database.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) "
                f"FROM {table}"
            )
        database.execute("VACUUM ANALYZE")


def embeddings(start: int, n: int, dim: int) -> npt.NDArray[np.int8]:
    """Of the pictures from id `start` + 1 on; `start` is a multiple of A_COPY."""
    drawn = np.random.default_rng(start).standard_normal((n, dim), np.float32)
    return (drawn * 30).clip(-127, 127).astype(np.int8)


def _escaped(statement: str) -> str:
    return statement.replace(" % ", " %% ")


def _copied(images: int, encoder: Encoder) -> Iterator[bytes]:
    """Image ids, codes and embeddings, as COPY takes them."""
    dim, n_bytes = encoder.card.dim, encoder.n_bits // 8
    row = np.dtype(
        [
            ("fields", ">i2"),
            *(("id length", ">i4"), ("id", ">i8")),
            *(("code length", ">i4"), ("code", np.uint8, n_bytes)),
            *(("embedding length", ">i4"), ("embedding", np.int8, dim)),
        ]
    )
    yield COPY_BEGIN
    for start in range(0, images, A_COPY):
        rows = np.zeros(min(A_COPY, images - start), row)
        rows["fields"] = 3
        rows["id length"] = 8
        rows["code length"], rows["embedding length"] = n_bytes, dim
        rows["id"] = np.arange(start, start + len(rows)) + 1
        rows["embedding"] = embeddings(start, len(rows), dim)
        rows["code"] = encoder.layer.codes(rows["embedding"])
        yield rows.tobytes()
    yield COPY_END


def write_pictures(media: Path) -> None:
    """Return the files that the pictures share."""
    folder = media / "products"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        chance = np.random.default_rng(number)
        small: npt.NDArray[np.uint8] = chance.integers(0, 256, (8, 8, 3), np.uint8)
        out = io.BytesIO()
        Image.fromarray(small).resize((480, 480)).save(out, "JPEG", quality=85)
        (folder / f"{number}.jpg").write_bytes(out.getvalue())
