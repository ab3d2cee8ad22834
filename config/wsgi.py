import os
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Who asks for a page has gone by then.
os.environ.setdefault("DATABASE_SECONDS", "10")

django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    environ["CONTENT_TYPE"] = without_charset(environ.get("CONTENT_TYPE", ""))
    return django(environ, start_response)


def without_charset(content_type: str) -> str:
    """Return the media type and the boundary alone; empty if unreadable.

    All requests are UTF-8. Django would trust the charset of a request, and some of
    Python's codecs (`charset=base64`) raise before any view is reached.
    """
    try:
        media_type, parameters = parse_header_parameters(content_type)
    except ValueError:
        return ""
    boundary = parameters.get("boundary")
    return f'{media_type}; boundary="{boundary}"' if boundary else media_type
