"""How a photo is received: in memory alone, and not more of it than allowed."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

# What a form adds around the photo: its boundaries and the other fields.
FORM_BYTES = 64 * 1024


class BodyTooLarge(Exception):
    """The body is larger than MAX_PHOTO_MB; it was not read to its end."""


class MemoryOnly(FileUploadHandler):
    """Keeps a file in memory whatever its size, so that no photo touches the disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.chunks: list[bytes] = []
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        if self.size > settings.MAX_PHOTO_BYTES:
            raise BodyTooLarge
        self.chunks.append(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        content = b"".join(self.chunks)
        self.chunks.clear()  # or it would be in memory twice
        return SimpleUploadedFile(
            self.file_name or "photo",
            content,
            self.content_type or "application/octet-stream",
        )


def receive_in_memory(request: HttpRequest) -> None:
    """Call before anything reads the body. Raises BodyTooLarge by its length alone,
    or, where the sender does not say it, when more than allowed has come.
    """
    most = settings.MAX_PHOTO_BYTES + FORM_BYTES
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > most:
        raise BodyTooLarge
    if request.META.get("wsgi.input_terminated") and int(length) == 0:
        _receive_chunked(request, most)
    request.upload_handlers = [MemoryOnly(request)]


def _receive_chunked(request: HttpRequest, most: int) -> None:
    """Django takes a body without a length for an empty one: give it its length."""
    body = request.META["wsgi.input"].read(most + 1)
    if len(body) > most:
        raise BodyTooLarge
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)
