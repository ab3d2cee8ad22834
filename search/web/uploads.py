"""Receives photos in memory alone, and refuses bodies that are too large."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

# What a form may add to the photo: boundaries and other fields.
MAX_FORM_BYTES = 64 * 1024


class BodyTooLarge(Exception):
    """The body is larger than MAX_PHOTO_MB; it was not read to the end."""


class MemoryOnly(FileUploadHandler):
    """Keeps a file of any size in memory, so that no photo touches the disk."""

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
        self.chunks.clear()  # so that it is not in memory twice
        return SimpleUploadedFile(
            self.file_name or "photo",
            content,
            self.content_type or "application/octet-stream",
        )


def receive_in_memory(request: HttpRequest) -> None:
    """Have files received in memory. Call before anything reads the body.

    Raises BodyTooLarge by its length alone; one that came in chunks was given its
    length before (config/bodies.py).
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > settings.MAX_PHOTO_BYTES + MAX_FORM_BYTES:
        raise BodyTooLarge
    request.upload_handlers = [MemoryOnly(request)]
