"""The categories that there are, by their paths of names as files write them."""

from catalogue.identity import folded, normal_form
from catalogue.models import Category

Path = tuple[str, ...]


class CategoryIndex:
    """Finds categories by normal form, and by case where only one fits."""

    def __init__(self) -> None:
        self._ids: dict[Path, int] = {}
        self._by_normal_form: dict[Path, Path] = {}
        self._by_folded: dict[Path, set[Path]] = {}
        for path, pk in Category.objects.paths().items():
            self.add(path, pk)

    def add(self, path: Path, pk: int) -> None:
        self._ids.setdefault(path, pk)
        for length in range(1, len(path) + 1):
            self._add_spelling(path[:length])

    def _add_spelling(self, path: Path) -> None:
        self._by_normal_form.setdefault(tuple(map(normal_form, path)), path)
        self._by_folded.setdefault(tuple(map(folded, path)), set()).add(path)

    def id_of(self, stored: Path) -> int | None:
        return self._ids.get(stored)

    def as_stored(self, path: Path) -> Path:
        """Return the path as its categories are stored; missing ones as written."""
        stored: Path = ()
        for name in path:
            written = (*stored, name)
            stored = self._find(written) or written
        return stored

    def _find(self, path: Path) -> Path | None:
        found = self._by_normal_form.get(tuple(map(normal_form, path)))
        alike = self._by_folded.get(tuple(map(folded, path)), set())
        return found or (next(iter(alike)) if len(alike) == 1 else None)
