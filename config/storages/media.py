"""Product pictures, where no web server in front answers `/media/`."""

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.static import serve


def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer with a picture of the folder that pictures are in."""
    storage = storages["default"]
    is_folder = isinstance(storage, FileSystemStorage)
    try:
        folder = storage.path("") if is_folder else str(settings.MEDIA_ROOT)
        return serve(request, path, document_root=folder)
    except (OSError, ValueError) as error:
        # A name that no file can have: too long, or with a NUL.
        raise Http404 from error
