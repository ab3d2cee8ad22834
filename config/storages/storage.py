"""Storages that all hosts share, from STORAGE_URL.

Empty: DATA_DIR, for one host, or mounted by several. `file:///mnt/shop`: another folder
that they mount. `s3://KEY:SECRET@BUCKET/PREFIX?endpoint=…&region=…&public=…`: a bucket,
by the extra of requirements-s3.txt; without KEY by the machine's own credentials.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FILES = "django.core.files.storage.FileSystemStorage"
FOLDER = "catalogue.media.shared_folder.SharedFolder"
S3 = "config.storages.s3.S3Storage"
# Two processes may make a thumbnail at once; both make the same, under its one name.
OVERWRITING = {"allow_overwrite": True}
# Limits of a request to the bucket.
CONNECT_SECONDS = 2


def shared_storages(
    url: str, media_url: str, *, read_seconds: int = 20
) -> dict[str, dict[str, Any]]:
    """Return STORAGES entries: `default` and `thumbnails` for pictures, `snapshots`.

    Empty for an empty URL. Raises ValueError for a URL of another form.
    """
    if not url:
        return {}
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        folder = Path(unquote(parts.path))
        media = {"location": folder / "media", "base_url": media_url}
        return {
            "default": {"BACKEND": FOLDER, "OPTIONS": media},
            "thumbnails": {"BACKEND": FOLDER, "OPTIONS": {**media, **OVERWRITING}},
            "snapshots": {
                "BACKEND": FOLDER,
                "OPTIONS": {"location": folder / "snapshots"},
            },
        }
    if parts.scheme == "s3" and parts.hostname:
        media, snapshots = (
            _s3_options(url, name, read_seconds) for name in ("media", "snapshots")
        )
        return {
            "default": {"BACKEND": S3, "OPTIONS": media},
            "thumbnails": {"BACKEND": S3, "OPTIONS": {**media, "file_overwrite": True}},
            "snapshots": {"BACKEND": S3, "OPTIONS": snapshots},
        }
    raise ValueError("STORAGE_URL is neither file:///… nor s3://…")


def origin_of_pictures(url: str) -> str:
    """Return the `https://host` that browsers load pictures from, if not the shop's."""
    if urlsplit(url).scheme != "s3":
        return ""
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    if public := query.get("public"):
        return _origin(public[0])
    if endpoint := query.get("endpoint"):
        return _origin(endpoint[0])
    return f"https://{parts.hostname}.s3.amazonaws.com"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _s3_options(url: str, folder: str, read_seconds: int) -> dict[str, Any]:
    from botocore.config import Config  # of the extra

    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    options: dict[str, Any] = {
        # The bucket as written: `hostname` would be in small letters.
        "bucket_name": parts.netloc.rsplit("@", 1)[-1],
        "location": "/".join(filter(None, [parts.path.strip("/"), folder])),
        "file_overwrite": False,
        "max_memory_size": 8 * 1024 * 1024,  # larger ones are read by way of a disk
        "client_config": Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"max_attempts": 2},
            signature_version="s3v4",
        ),
    }
    if parts.username:
        options["access_key"] = unquote(parts.username)
        options["secret_key"] = unquote(parts.password or "")
    for name, option in (("endpoint", "endpoint_url"), ("region", "region_name")):
        if value := query.get(name):
            options[option] = value[0]
    if public := query.get("public"):
        where = urlsplit(public[0])
        options["custom_domain"] = f"{where.netloc}{where.path}".rstrip("/")
        options["url_protocol"] = f"{where.scheme}:"
        options["querystring_auth"] = False
    return options
