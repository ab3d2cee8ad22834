import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalogue import sending, tasks
from catalogue.importing import jobs as import_jobs
from catalogue.importing import rows as import_rows
from catalogue.models import CatalogueImport, Product, ProductImage
from tests.builders import make_image, new_product
from tests.catalogue.import_files import HEAD, zip_of
from tests.wait import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ADD = reverse("admin:catalogue_catalogueimport_add")
GOOD = f"{HEAD}\nm1,Mug,Kitchen,9.50,a.jpg\n"
State = CatalogueImport.State


def send(client: Client, table: str | bytes, **values: Any) -> CatalogueImport:
    content = table.encode() if isinstance(table, str) else table
    file = SimpleUploadedFile("shop.csv", content)
    response = client.post(ADD, {"table": file, **values})
    assert response.status_code == 302, response.context["errors"]
    return CatalogueImport.objects.latest("pk")


def page_of(client: Client, job: CatalogueImport) -> str:
    url = reverse("admin:catalogue_catalogueimport_change", args=[job.pk])
    response = client.get(url)
    assert response.status_code == 200
    return str(response.content.decode())


def waiting(table: str = GOOD, **values: Any) -> CatalogueImport:
    job = CatalogueImport(name="shop.csv", **values)
    job.table.save("x", ContentFile(table.encode()), save=False)
    pictures = zip_of({"a.jpg": make_image(1)})
    job.pictures.save("x", ContentFile(pictures))
    return job


def uploads() -> list[Path]:
    folder = Path(settings.DATA_DIR) / "imports"
    return [file for file in folder.iterdir() if not file.name.startswith("report")]


@pytest.fixture(autouse=True)
def _no_uploads_left() -> Any:
    yield
    for file in (Path(settings.DATA_DIR) / "imports").glob("*"):
        file.unlink()


def test_a_file_is_imported_with_its_pictures(admin_client: Client) -> None:
    pictures = SimpleUploadedFile("images.zip", zip_of({"a.jpg": make_image(1)}))
    job = send(admin_client, GOOD, pictures=pictures)
    assert "Waiting for its turn" in page_of(admin_client, job)
    assert not Product.objects.exists(), "never inside the request"
    tasks.run_waiting_imports.delay()
    page = page_of(admin_client, job)
    assert "Done." in page and "<b>1</b> created" in page
    assert ProductImage.objects.count() == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (State.DONE, 1, 1)
    assert job.created_by is not None
    assert uploads() == []


def test_bad_rows_are_shown_and_the_report_downloaded(admin_client: Client) -> None:
    job = send(admin_client, "sku,name,category,price\nm1,Mug,Kitchen,<b>cheap\n")
    tasks.run_import.delay(job.pk)
    page = page_of(admin_client, job)
    assert "Write the price as 1234.50" in page and "&lt;b&gt;cheap" in page
    url = reverse("admin:catalogue_catalogueimport_report", args=[job.pk])
    report = admin_client.get(url)
    assert "shop report.csv" in report["Content-Disposition"]
    assert b"2,m1,price,failed," in report.getvalue()


def test_a_file_that_cannot_be_read_says_so(admin_client: Client) -> None:
    job = send(admin_client, b"%PDF-1.7\n")
    tasks.run_waiting_imports.delay()
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "This is a PDF" in page_of(admin_client, job)
    assert uploads() == []


@pytest.mark.parametrize("content", [b"none", b"PK\x05\x06" + bytes(18), b"PK\x03\x04"])
def test_pictures_that_are_no_zip_say_so(admin_client: Client, content: bytes) -> None:
    pictures = SimpleUploadedFile("images.zip", content)
    job = send(admin_client, GOOD, pictures=pictures)
    tasks.run_waiting_imports.delay()
    job.refresh_from_db()
    assert job.is_over and not Product.objects.exists()


def test_a_check_writes_nothing(admin_client: Client) -> None:
    job = send(admin_client, "sku,name,category,price\nm1,M,K,1\n", dry_run="on")
    tasks.run_waiting_imports.delay()
    assert "It would be:" in page_of(admin_client, job)
    assert not Product.objects.exists()


def test_products_are_not_hidden_when_too_many_are_missing(
    admin_client: Client,
) -> None:
    new_product("n1")
    job = send(admin_client, "sku\nother\n", deactivate_missing="on")
    tasks.run_waiting_imports.delay()
    assert "Nothing was deactivated" in page_of(admin_client, job)
    assert Product.objects.get().active


def test_a_form_without_a_file_is_shown_again(admin_client: Client) -> None:
    assert "This field is required" in admin_client.post(ADD, {}).content.decode()


def test_with_redis_the_import_is_sent_on_commit(
    admin_client: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    sent: list[int] = []
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(
        "catalogue.importing.admin.send", lambda task, pk: sent.append(pk)
    )
    with django_capture_on_commit_callbacks(execute=True):
        job = send(admin_client, GOOD)
    assert sent == [job.pk]


def test_a_broker_that_is_away_loses_no_import(
    admin_client: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(tasks.run_import, "apply_async", fail)
    with django_capture_on_commit_callbacks(execute=True):
        job = send(admin_client, GOOD)
    assert CatalogueImport.objects.get().state == State.WAITING
    sending.reset()
    tasks.run_waiting_imports.delay()
    job.refresh_from_db()
    assert job.state == State.DONE


def test_an_import_of_a_killed_worker_is_begun_again() -> None:
    job = waiting(state=State.RUNNING, attempt=1)
    for seconds, state in ((20, State.RUNNING), (31, State.DONE)):
        beat = timezone.now() - timedelta(seconds=seconds)
        CatalogueImport.objects.filter(pk=job.pk).update(heartbeat=beat)
        import_jobs.run_waiting()
        job.refresh_from_db()
        assert job.state == state
    assert job.attempt == 2


def test_an_import_runs_once_however_often_it_is_sent() -> None:
    job = waiting()
    for _ in range(3):
        import_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.attempt, job.counts) == (1, {"created": 1})


def test_imports_run_one_after_the_other() -> None:
    first = waiting(state=State.RUNNING, heartbeat=timezone.now(), attempt=1)
    second = waiting()
    import_jobs.run(second.pk)
    second.refresh_from_db()
    assert second.state == State.WAITING
    CatalogueImport.objects.filter(pk=first.pk).update(state=State.DONE)
    import_jobs.run_waiting()
    second.refresh_from_db()
    assert second.state == State.DONE


def test_who_was_taken_for_dead_writes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import was taken over while it slept; its result does not count."""
    job = waiting()
    monkeypatch.setattr(import_jobs, "HEARTBEAT_SECONDS", -1.0)

    def taken_over(*args: Any) -> Any:
        CatalogueImport.objects.filter(pk=job.pk).update(attempt=2)
        return import_rows.parse(*args)

    monkeypatch.setattr("catalogue.importing.importer.parse", taken_over)
    import_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.RUNNING, 2)
    assert job.table and job.table.storage.exists(job.table.name)


def test_an_import_that_fails_unexpectedly_is_given_up_after_some_attempts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = waiting()

    def fail(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(import_jobs, "import_catalogue", fail)
    for _ in range(import_jobs.MAX_ATTEMPTS):
        with pytest.raises(MemoryError):
            import_jobs.run_waiting()
    import_jobs.run_waiting()
    job.refresh_from_db()
    assert job.state == State.FAILED and job.message


@pytest.mark.parametrize("state", [State.WAITING, State.RUNNING])
def test_staff_stop_an_import_for_good(admin_client: Client, state: str) -> None:
    old = timezone.now() - timedelta(minutes=5)
    job = waiting(state=state, heartbeat=old)
    stop = reverse("admin:catalogue_catalogueimport_stop", args=[job.pk])
    assert stop in page_of(admin_client, job)
    admin_client.get(stop)
    job.refresh_from_db()
    assert job.state == state, "by its button alone"
    admin_client.post(stop)
    import_jobs.run_waiting()
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.FAILED, 0)
    page = page_of(admin_client, job)
    assert "It was stopped" in page and stop not in page
    assert uploads() == []
    assert LogEntry.objects.get().get_change_message() == "Stopped."


@pytest.mark.parametrize(
    "step", ["reading.tables._decimal_marks", "importer.parse", "plans.prepare"]
)
def test_a_worker_notices_that_its_import_was_stopped(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(import_jobs, "HEARTBEAT_SECONDS", -1.0)
    rows = [f"m{number},Mug,Kitchen,1,a.jpg" for number in range(9)]
    job = waiting("\n".join([HEAD, *rows]))
    module, _dot, name = f"catalogue.importing.{step}".rpartition(".")
    original = getattr(import_module(module), name)

    def stop_before(*args: Any) -> Any:
        import_jobs.stop(job.pk)
        return original(*args)

    monkeypatch.setattr(f"{module}.{name}", stop_before)
    import_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert "It was stopped" in job.message
    assert Product.objects.count() <= 1


def test_progress_is_shown_while_it_runs(admin_client: Client) -> None:
    job = waiting(
        state=State.RUNNING, heartbeat=timezone.now(), done=30, total=120, attempt=1
    )
    url = reverse("admin:catalogue_catalogueimport_progress", args=[job.pk])
    fragment = admin_client.get(url).content.decode()
    assert "30 of 120 rows" in fragment and 'value="25"' in fragment
    assert url in page_of(admin_client, job)


def test_uploads_are_private(admin_client: Client) -> None:
    job = waiting()
    path = Path(job.table.path)
    assert not path.is_relative_to(settings.MEDIA_ROOT)
    assert path.stat().st_mode & 0o077 == 0


def test_deleting_an_import_removes_its_files(admin_client: Client) -> None:
    job = waiting()
    job.delete()
    assert uploads() == []


def test_reports_and_progress_are_for_staff(client: Client, django_user_model) -> None:
    job = waiting()
    user = django_user_model.objects.create_user("clerk", is_staff=True)
    client.force_login(user)
    for name in ("progress", "report"):
        url = reverse(f"admin:catalogue_catalogueimport_{name}", args=[job.pk])
        assert client.get(url).status_code == 403
    assert client.get(ADD).status_code == 403


def test_the_import_is_linked_from_the_products(admin_client: Client) -> None:
    for name in ("admin:index", "admin:catalogue_product_changelist"):
        assert f'href="{ADD}"' in admin_client.get(reverse(name)).content.decode()


def test_the_list_of_imports_sums_up(admin_client: Client) -> None:
    import_jobs.run(waiting().pk)
    url = reverse("admin:catalogue_catalogueimport_changelist")
    assert "1 created" in admin_client.get(url).content.decode()


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_leaves_whole_products(
    environment: dict[str, str],
) -> None:
    rows = [f"m{number},Mug,Kitchen > Mugs,1,{number}.jpg" for number in range(40)]
    job = waiting("\n".join([HEAD, *rows]))
    pictures = {f"{n}.jpg": make_image(n, size=(900, 900)) for n in range(40)}
    Path(job.pictures.path).write_bytes(zip_of(pictures))
    code = "import django; django.setup()\nfrom catalogue.importing import jobs"
    worker = subprocess.Popen(
        [sys.executable, "-c", f"{code}\njobs.run_waiting()"],
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    try:
        wait_until(lambda: Product.objects.count() >= 5, timeout=60)
    finally:
        worker.kill()
        worker.wait()
    before = Product.objects.count()
    assert before < 40
    assert Product.objects.filter(images=None).count() == 0

    old = timezone.now() - timedelta(minutes=1)
    CatalogueImport.objects.update(heartbeat=old)
    import_jobs.run_waiting()
    job.refresh_from_db()
    assert job.state == State.DONE
    assert job.counts == {"unchanged": before, "created": 40 - before}
    assert ProductImage.objects.count() == 40
