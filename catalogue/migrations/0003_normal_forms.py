"""Store SKUs and the names of categories in their normal form, where it is free."""

from typing import Any

import structlog
from django.db import migrations

from catalogue.identity import normal_form

log = structlog.get_logger()


def store_normal_forms(apps: Any, schema_editor: Any) -> None:
    """Leave a product whose normal SKU another product has, and say so."""
    products = apps.get_model("catalogue", "Product").objects
    for pk, sku in products.values_list("pk", "sku").iterator():
        normal = normal_form(sku)
        if normal == sku:
            continue
        if not normal or products.filter(sku=normal).exists():
            log.warning("two products have one SKU", product=pk, sku=normal)
        else:
            products.filter(pk=pk).update(sku=normal)
    categories = apps.get_model("catalogue", "Category").objects
    for pk, name in categories.values_list("pk", "name"):
        if (normal := normal_form(name)) and normal != name:
            categories.filter(pk=pk).update(name=normal)


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0002_catalogue_import")]

    operations = [
        migrations.RunPython(store_normal_forms, migrations.RunPython.noop),
    ]
