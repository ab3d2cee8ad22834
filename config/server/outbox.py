"""What a client has not taken yet of its answer."""

import os
import select
import socket
from collections import deque
from typing import Any

SEND_BYTES = 1024 * 1024
# More than this of one answer is not held in memory: a thread waits until some of it
# has gone, but not for ever.
MAX_HELD_BYTES = 32 * 1024 * 1024
PAUSE_SECONDS = 10.0


class Outbox:
    """Stands in for a socket while a thread writes to it, so that it need not wait.

    What does not fit into the system's buffer is kept; the worker's loop sends it with
    `flush`.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._parts: deque[_Bytes | _File] = deque()
        self.held_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def __bool__(self) -> bool:
        """Tell whether something waits."""
        return bool(self._parts)

    @property
    def n_bytes(self) -> int:
        return sum(part.n_bytes for part in self._parts)

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        if not self._parts:
            rest = rest[_send(self._sock, rest) :]
        if rest:
            self._parts.append(_Bytes(bytes(rest)))
            self.held_bytes += len(rest)
        while self.held_bytes > MAX_HELD_BYTES:
            self._wait_for_room()

    def sendfile(self, file: Any, offset: int = 0, count: int = 0) -> int:
        self._parts.append(_File(os.dup(file.fileno()), offset, count))
        return count

    def flush(self) -> None:
        """Send what the client takes without waiting."""
        while self._parts:
            part = self._parts[0]
            sent = part.send(self._sock)
            if isinstance(part, _Bytes):
                self.held_bytes -= sent
            if part.n_bytes:
                return
            self._parts.popleft().close()

    def discard(self) -> None:
        while self._parts:
            self._parts.pop().close()
        self.held_bytes = 0

    def _wait_for_room(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        if not poll.poll(PAUSE_SECONDS * 1000):
            raise TimeoutError("the client takes nothing of its answer")
        self.flush()


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    @property
    def n_bytes(self) -> int:
        return len(self._data)

    def send(self, sock: socket.socket) -> int:
        sent = _send(sock, self._data[:SEND_BYTES])
        self._data = self._data[sent:]
        return sent

    def close(self) -> None:
        self._data.release()


class _File:
    """A part of an open file; `number` is its descriptor, and ours to close."""

    def __init__(self, number: int, offset: int, n_bytes: int) -> None:
        self._number = number
        self._offset = offset
        self.n_bytes = n_bytes

    def send(self, sock: socket.socket) -> int:
        size = min(self.n_bytes, SEND_BYTES)
        try:
            sent = os.sendfile(sock.fileno(), self._number, self._offset, size)
        except BlockingIOError:
            return 0
        if not sent:
            raise OSError("the file became shorter")
        self._offset += sent
        self.n_bytes -= sent
        return sent

    def close(self) -> None:
        os.close(self._number)


def _send(sock: socket.socket, data: memoryview) -> int:
    try:
        return sock.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0
