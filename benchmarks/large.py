"""A shop in PostgreSQL with as many pictures as are wanted, and no file of them.

Made by the database itself from numbers: uniform codes, two pictures a product, twenty
categories, two hundred brands.
"""

import psycopg

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
    SELECT i, 1 + (i - 1) / 2, (i - 1) % 2, 'none.jpg', 8, 8, 1,
        md5(i::text) || md5(i::text), md5(i::text) || md5(i::text)
    FROM generate_series(1, %(images)s) AS i
    """,
    """
    INSERT INTO search_imagecode (image_id, encoder, digest, code, embedding, error,
        updated)
    SELECT i, %(encoder)s, md5(i::text) || md5(i::text),
        decode(md5('a' || i) || md5('b' || i), 'hex'),
        decode((SELECT string_agg(md5(i || ' ' || j), '') FROM generate_series(1, 32)
            AS j), 'hex'), '', now()
    FROM generate_series(1, %(images)s) AS i
    """,
)
TABLES = ("catalogue_category", "catalogue_product", "catalogue_productimage")


def fill(url: str, images: int, encoder: str) -> None:
    """Into an empty, migrated database: 256 bits a code, 512 numbers an embedding."""
    values = {"images": images, "products": images // 2, "encoder": encoder}
    with psycopg.connect(url, autocommit=True) as database:
        for statement in FILL:
            database.execute(statement.replace(" % ", " %% "), values)
        for table in TABLES:
            database.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) "
                f"FROM {table}"
            )
        database.execute("VACUUM ANALYZE")
