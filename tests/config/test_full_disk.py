"""A disk that is full: whoever sends something is told, and nobody gets a 500."""

import errno
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client
from django.urls import reverse

from catalogue.importing import jobs
from catalogue.models import CatalogueImport, Product
from tests.builders import make_image, new_product
from tests.catalogue.admin_forms import ADD, filled_in, upload
from tests.catalogue.import_files import HEAD, zip_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]

IMPORT = reverse("admin:catalogue_catalogueimport_add")
ROWS = f"{HEAD}\nm1,Mug,Kitchen,9.50,a.jpg\nm2,Cup,Kitchen,4.50,\n".encode()


def fill_up(*args: Any, **kwargs: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def assert_told(response: Any) -> None:
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "disk is full" in response.content.decode()


def test_an_import_that_finds_no_room_is_told(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileSystemStorage, "_save", fill_up)
    file = SimpleUploadedFile("shop.csv", ROWS)
    assert_told(admin_client.post(IMPORT, {"table": file}))
    assert not CatalogueImport.objects.exists()


def test_no_room_for_the_temporary_file_is_told(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TemporaryUploadedFile, "__init__", fill_up)
    large = SimpleUploadedFile("shop.csv", b"x" * 5_000_000)
    assert_told(admin_client.post(IMPORT, {"table": large}))


def test_no_room_for_a_body_in_chunks_is_told(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", fill_up)
    large = SimpleUploadedFile("shop.csv", b"x" * 5_000_000)
    assert_told(admin_client.post(IMPORT, {"table": large}))


def test_an_import_that_runs_out_of_room_says_so_and_is_not_begun_again(
    monkeypatch: pytest.MonkeyPatch, admin_client: Client
) -> None:
    job = CatalogueImport(name="shop.csv")
    job.table.save("x", ContentFile(ROWS), save=False)
    job.pictures.save("x", ContentFile(zip_of({"a.jpg": make_image(1)})))
    uploads = [Path(job.table.path), Path(job.pictures.path)]
    monkeypatch.setattr("catalogue.importing.jobs.report_to", fill_up)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == CatalogueImport.State.FAILED
    assert "disk is full" in job.message
    assert not any(path.exists() for path in uploads), "they take room"
    assert not CatalogueImport.objects.runnable().exists()
    page = reverse("admin:catalogue_catalogueimport_change", args=[job.pk])
    assert "disk is full" in admin_client.get(page).content.decode()


def test_a_picture_without_room_is_reported_at_its_row_or_stops_the_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = CatalogueImport(name="shop.csv")
    job.table.save("x", ContentFile(ROWS), save=False)
    job.pictures.save("x", ContentFile(zip_of({"a.jpg": make_image(1)})))
    monkeypatch.setattr(FileSystemStorage, "_save", fill_up)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state in (CatalogueImport.State.FAILED, CatalogueImport.State.DONE)
    assert not Product.objects.filter(sku="m1").exists(), "whole, or not at all"


def test_a_product_whose_picture_has_no_room_is_not_saved(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileSystemStorage, "_save", fill_up)
    category = new_product().category
    mug = Product(sku="m1", name="Mug", category=category, price=1, stock=1)
    form = filled_in(mug, new_pictures=upload("a.jpg", make_image(1)))
    assert admin_client.post(ADD, form).status_code == 503
    assert not Product.objects.filter(sku="m1").exists()
