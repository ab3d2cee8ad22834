import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import catalogue.importing.models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogueImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        editable=False, max_length=200, verbose_name="file name"
                    ),
                ),
                (
                    "table",
                    models.FileField(
                        storage=catalogue.importing.models.import_storage,
                        upload_to=catalogue.importing.models.import_path,
                        verbose_name="catalogue file",
                    ),
                ),
                (
                    "pictures",
                    models.FileField(
                        blank=True,
                        storage=catalogue.importing.models.import_storage,
                        upload_to=catalogue.importing.models.import_path,
                        verbose_name="pictures (ZIP)",
                    ),
                ),
                (
                    "dry_run",
                    models.BooleanField(
                        default=False,
                        help_text="You see what would happen and which rows have mistakes.",
                        verbose_name="only check, write nothing",
                    ),
                ),
                (
                    "deactivate_missing",
                    models.BooleanField(
                        default=False,
                        help_text="Refused if these are more than 20 % of the products in the shop.",
                        verbose_name="hide products that are not in the file",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "attempt",
                    models.PositiveSmallIntegerField(default=0, editable=False),
                ),
                ("heartbeat", models.DateTimeField(editable=False, null=True)),
                (
                    "done",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="rows done"
                    ),
                ),
                (
                    "total",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="rows"
                    ),
                ),
                (
                    "counts",
                    models.JSONField(
                        default=dict, editable=False, verbose_name="counts"
                    ),
                ),
                (
                    "problems",
                    models.JSONField(
                        default=list, editable=False, verbose_name="problems"
                    ),
                ),
                (
                    "message",
                    models.TextField(
                        blank=True, editable=False, verbose_name="message"
                    ),
                ),
                (
                    "report",
                    models.FileField(
                        blank=True,
                        editable=False,
                        storage=catalogue.importing.models.import_storage,
                        upload_to="",
                        verbose_name="report",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(auto_now_add=True, verbose_name="created"),
                ),
                (
                    "finished",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="finished"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "catalogue import",
                "verbose_name_plural": "catalogue imports",
                "ordering": ["-pk"],
            },
        ),
    ]
