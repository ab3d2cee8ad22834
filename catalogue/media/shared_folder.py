"""A folder that all hosts mount, for STORAGE_URL=file:///….

What is written while it is not mounted would lie on one host's own disk, and be hidden
once it is. A marker file in the folder tells that it is there.
"""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

from catalogue.media.storing import StorageAway

MARKER = ".semblance-storage"
TEXT = "Without this file, a Semblance shop writes nothing here.\n"


class SharedFolder(FileSystemStorage):
    """A folder in a shared one; all that touches a file sees that this is mounted."""

    def path(self, name: str) -> str:
        """Return where the file is. Raises StorageAway while it is not mounted."""
        marker = Path(self.location).parent / MARKER
        if not marker.is_file():
            raise StorageAway(f"{marker.parent} is not mounted: it has no {MARKER}")
        return super().path(name)


def mark(folder: Path, *, is_new: bool) -> None:
    """Put the marker where it is missing: in a new shop, or beside a shop's files.

    Raises ImproperlyConfigured where the shop has pictures and the folder has none.
    """
    marker = folder / MARKER
    if marker.is_file():
        return
    if not (is_new or (folder / "media").is_dir()):
        raise ImproperlyConfigured(
            f"STORAGE_URL: {folder} holds nothing of this shop. Is it mounted? "
            f"If it is right that it is empty: touch {marker}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(TEXT)


def shared_folder(storages: dict[str, Any]) -> Path | None:
    """Return the folder of these STORAGES, if hosts share one."""
    default = storages["default"]
    if default["BACKEND"] != f"{__name__}.{SharedFolder.__name__}":
        return None
    return Path(default["OPTIONS"]["location"]).parent
