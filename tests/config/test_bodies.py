"""How much may be sent, and by whom: said before anything has read it."""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalogue.models import CatalogueImport
from config import bodies
from tests.builders import new_product

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FORM = "multipart/form-data; boundary=b"
IMPORT = reverse("admin:catalogue_catalogueimport_add")
ADD_PRODUCT = reverse("admin:catalogue_product_add")
GOLDEN_PHOTO = reverse("admin:search_goldenquery_photo")
LOGIN = reverse("admin:login")
EVERYWHERE = [LOGIN, IMPORT, ADD_PRODUCT, reverse("give-feedback"), "/i18n/setlang/"]
API = ["/api/v1/feedback/", "/api/v1/search/code/", "/api/v1/products/"]


class Untouchable(io.BytesIO):
    def read(self, *args: Any) -> bytes:
        raise AssertionError("the body was read")


def announce(client: Client, path: str, size: int) -> Any:
    """Send the head of a request, with a body that must not be read."""
    client.cookies["csrftoken"] = "a" * 32
    extra: dict[str, Any] = {
        "wsgi.input": Untouchable(),
        "CONTENT_LENGTH": str(size),
        "CONTENT_TYPE": FORM,
    }
    return client.generic("POST", path, **extra)


def in_chunks(client: Client, path: str, body: io.BytesIO, content_type: str) -> Any:
    """Send a body as a server hands it over that came in chunks, without a length."""
    extra: dict[str, Any] = {
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_TYPE": content_type,
    }
    return client.generic("POST", path, **extra)


def sign_in(client: Client, *permissions: str) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


@pytest.mark.parametrize("path", [*EVERYWHERE, *API, "/nowhere", "/"])
def test_a_stranger_sends_no_more_than_a_form(client: Client, path: str) -> None:
    response = announce(client, path, bodies.MAX_FORM_BYTES + 1)
    if path in (IMPORT, ADD_PRODUCT):
        assert response["Location"].startswith(f"{LOGIN}?next=")
    else:
        assert response.status_code == 413
    if path in API:
        assert response.json()["code"] == "body_too_large"


@pytest.mark.parametrize("path", [IMPORT, ADD_PRODUCT])
def test_who_may_not_import_is_refused_before_the_file_is_read(
    client: Client, path: str
) -> None:
    sign_in(client, "view_product", "view_catalogueimport")
    assert announce(client, path, 30_000_000).status_code == 403


def test_staff_send_photos_but_no_more_where_no_files_are_taken(client: Client) -> None:
    sign_in(client, "view_goldenquery")
    size = bodies.photo_bytes() + 1
    assert announce(client, GOLDEN_PHOTO, size).status_code == 413


def test_no_file_is_made_of_a_photo_that_staff_search_with(
    admin_client: Client, settings: Any
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = "/nowhere"
    photo = SimpleUploadedFile("a.jpg", b"x" * 5_000_000)
    response = admin_client.post(GOLDEN_PHOTO, {"photo": photo})
    assert "photo" in response.context["form"].errors


def test_more_than_the_largest_import_is_refused_by_its_length(
    admin_client: Client,
) -> None:
    assert announce(admin_client, IMPORT, bodies.IMPORT_BYTES + 1).status_code == 413


def test_who_may_imports_a_large_file(client: Client) -> None:
    sign_in(client, "add_catalogueimport", "view_catalogueimport")
    table = SimpleUploadedFile("shop.csv", b"sku,name\n" + b"x,y\n" * 1_000_000)
    assert client.post(IMPORT, {"table": table}).status_code == 302
    job = CatalogueImport.objects.get()
    assert job.table.size == 4_000_009
    job.table.delete()


def test_few_large_files_are_read_at_a_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "add_catalogueimport")
    for _ in range(bodies.LARGE_AT_ONCE):
        assert bodies._large_slots.acquire(blocking=False)
    try:
        response = announce(client, IMPORT, 30_000_000)
    finally:
        for _ in range(bodies.LARGE_AT_ONCE):
            bodies._large_slots.release()
    assert (response.status_code, response["Retry-After"]) == (503, "10")


def test_a_form_in_chunks_is_read_as_any_other(client: Client) -> None:
    body = io.BytesIO(b"username=nobody&password=wrong")
    response = in_chunks(client, LOGIN, body, "application/x-www-form-urlencoded")
    assert 'value="nobody"' in response.content.decode()


def test_json_in_chunks_is_read_as_any_other(client: Client) -> None:
    body = json.dumps({"query": "x", "product": 1, "verdict": "right"}).encode()
    response = in_chunks(client, API[0], io.BytesIO(body), "application/json")
    assert response.json()["code"] == "query_expired"


def test_the_docs_of_the_api_have_no_options(client: Client) -> None:
    assert client.options("/api/v1/docs/").status_code == 405


def test_chunks_without_end_are_read_as_far_as_a_form_goes(client: Client) -> None:
    body = io.BytesIO(b"x" * 1_000_000)
    response = in_chunks(client, LOGIN, body, FORM)
    assert (response.status_code, body.tell()) == (413, bodies.MAX_FORM_BYTES + 1)


def test_a_large_import_in_chunks_is_read(client: Client) -> None:
    sign_in(client, "add_catalogueimport", "view_catalogueimport")
    head = b'--b\r\nContent-Disposition: form-data; name="table"; filename="s.csv"'
    body = head + b"\r\n\r\n" + b"sku,name\n" * 100_000 + b"\r\n--b--\r\n"
    assert in_chunks(client, IMPORT, io.BytesIO(body), FORM).status_code == 302
    CatalogueImport.objects.get().table.delete()


def test_pictures_of_a_product_are_taken_from_who_may_add_them(client: Client) -> None:
    sign_in(client, "add_product", "view_product")
    picture = SimpleUploadedFile("a.png", b"x" * 100_000)
    fields = {"sku": "m1", "name": "Mug", "new_pictures": picture}
    assert client.post(ADD_PRODUCT, fields).status_code == 200, "shown with its errors"


def test_thousands_of_rows_are_read_and_their_limit_told_by_the_page(
    admin_client: Client,
) -> None:
    rows = [new_product().pk, *range(1_000_000, 1_010_000)]
    response = admin_client.post(
        reverse("admin:catalogue_product_changelist"),
        {"action": "delete_selected", "_selected_action": rows},
        follow=True,
    )
    (message,) = response.context["messages"]
    assert "At most" in str(message)


def test_hundreds_of_pictures_are_sent_in_one_form(admin_client: Client) -> None:
    pictures = [SimpleUploadedFile(f"{n}.png", b"x") for n in range(300)]
    fields = {"sku": "m1", "name": "Mug", "new_pictures": pictures}
    assert admin_client.post(ADD_PRODUCT, fields).status_code == 200


def test_more_than_a_page_takes_is_told_with_how_much_that_is(
    admin_client: Client,
) -> None:
    response = announce(admin_client, ADD_PRODUCT, bodies.PICTURES_BYTES + 1)
    assert response.status_code == 413
    assert "200 MB" in response.content.decode()


def test_too_many_fields_are_told(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
    form = "&".join(f"f{number}=x" for number in range(1100))
    response = client.post(LOGIN, form, "application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert response.content == b"There are too many fields."
