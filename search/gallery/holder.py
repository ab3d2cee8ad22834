"""What a process holds in memory: loaded once, refreshed at every search.

Three things are held so: the picture gallery of a snapshot, that of a Milvus
collection, and the table of words. Each is expensive to load, cheap to refresh, and
replaced as a whole when a newer one is published.
"""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, Protocol, Self, TypeVar
from weakref import WeakSet

from django.core.signals import setting_changed
from django.dispatch import receiver

from outages import background

ANY = object()  # a version that whatever is held has


class Refreshable(Protocol):
    def refreshed(self) -> Self | None:
        """Return it with every change committed before this call.

        None if changes have been forgotten that it has not read: load it again.
        """
        ...


Held = TypeVar("Held", bound=Refreshable)
# What was loaded, and its version.
Loaded = tuple[Held, Hashable]


class Holder(Generic[Held]):
    """Holds the last loaded of each key, of the two keys last used.

    load: given a key and what is held of it, returns the newest that can be loaded and
    its version; None where nothing can. One thread loads at a time. Meanwhile the
    others go on with what is held, and wait only where nothing is.
    """

    # A server loads beside its requests (config/gunicorn.py); a command waits.
    loads_in_background = False
    CAPACITY = 2
    _all: "WeakSet[Holder[Any]]" = WeakSet()

    def __init__(self, load: Callable[[str, Held | None], Loaded[Held] | None]) -> None:
        self._load = load
        self._held: dict[str, Loaded[Held]] = {}
        self._lock = Lock()  # while changes are read and put in place
        self._loading = Lock()
        self._all.add(self)

    def get(
        self, key: str, *, version: Hashable = ANY, patience: float | None = None
    ) -> Held | None:
        """Return the newest with every change committed before this call.

        version: the newest that is published; another one is loaded first. patience:
        seconds that a server waits for the first one, which then loads in the
        background; None waits until it is loaded. Returns None where none is.
        """
        if not self._has(key, version):
            self._load_newest(key, version, patience)
        with self._lock:
            held, held_version = self._held.pop(key, (None, None))
            if held is None:
                return None
            # Back at once: it stays, should the database fail while it is refreshed.
            self._held[key] = held, held_version
            refreshed = held.refreshed()
            if refreshed is not None:
                self._held[key] = refreshed, held_version
                while len(self._held) > self.CAPACITY:
                    del self._held[next(iter(self._held))]
                return refreshed
            del self._held[key]
        return self.get(key, version=version, patience=patience)

    def reload(self, key: str) -> None:
        """Load it again beside the searches, which go on with what is held."""
        if self._loading.acquire(blocking=False):
            background.start(lambda: self._install_newest(key))

    def reset(self) -> None:
        """Forget what is held."""
        self._held.clear()

    @classmethod
    def reset_all(cls) -> None:
        """Forget what this process holds of anything."""
        for holder in cls._all:
            holder.reset()

    def _has(self, key: str, version: Hashable) -> bool:
        held = self._held.get(key)
        return held is not None and version in (ANY, held[1])

    def _load_newest(self, key: str, version: Hashable, patience: float | None) -> None:
        is_held = key in self._held
        if self.loads_in_background and (is_held or patience is not None):
            self.reload(key)
            if not is_held and self._loading.acquire(timeout=patience or 0):
                self._loading.release()
        elif self._loading.acquire(blocking=not is_held):
            if self._has(key, version):  # another thread has loaded it meanwhile
                self._loading.release()
            else:
                self._install_newest(key)

    def _install_newest(self, key: str) -> None:
        """Load the newest and put it in place; ends the loading that was begun."""
        try:
            held = self._held.get(key)
            loaded = self._load(key, held[0] if held else None)
            with self._lock:
                self._held.pop(key, None)
                if loaded is not None:
                    self._held[key] = loaded
        finally:
            self._loading.release()


@receiver(setting_changed)
def _reset_all(**kwargs: object) -> None:
    Holder.reset_all()
