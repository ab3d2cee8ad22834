"""What the thumbnails of a picture are called."""

from functools import cache
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from imagekit import hashers
from imagekit.utils import suggest_extension


def name_of(spec: Any) -> str:
    """By the picture and by how it is made smaller; a page asks for dozens.

    imagekit would pickle all of that for each.
    """
    source = PurePosixPath(spec.source.name)
    extension = suggest_extension(source.name, spec.format)
    folder = PurePosixPath(settings.IMAGEKIT_CACHEFILE_DIR, source.with_suffix(""))
    digest = _digest_of(type(spec))  # type: ignore[arg-type]  # classes are hashable
    return str(folder / f"{digest}{extension}")


@cache
def _digest_of(kind: Any) -> str:
    """Of a class of specs: another size or format is another name."""
    made = [kind.processors, kind.format, kind.options, kind.autoconvert]
    return str(hashers.pickle(made))[:12]
