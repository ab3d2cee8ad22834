"""What a connection has received while no thread works for it."""

import time
from collections import deque
from typing import Any

from gunicorn.asgi.parser import (
    LimitRequestHeaders,
    LimitRequestLine,
    ParseError,
    PythonProtocol,
    UnsupportedTransferCoding,
)
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

from config.server.outbox import Outbox

# How long the head of a request may take to arrive; and its body, or the answer to be
# taken: so long, and then at least at this pace.
HEAD_SECONDS = 10.0
BODY_SECONDS = 20.0
BYTES_A_SECOND = 16 * 1024
# What a thread that reads a large body waits for the next piece.
PAUSE_SECONDS = 10.0
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(TConn):  # type: ignore[misc]
    """A client's connection, the request arriving on it, and the answer being sent.

    refusal: the status that the request is answered with, whatever it asks, since its
    body will not come. is_large: its body is read by a thread, as it arrives.

    Of the request that was answered: is_kept, another may follow; early, what of that
    has come already; is_half_read, the client may still be sending its body; discarded,
    how much of it has come since.
    """

    def __init__(self, cfg: Any, sock: Any, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.data_ready = True  # or a thread would wait for the first byte
        self.deadline = 0.0
        self.outbox = Outbox(sock)
        self.is_kept = False
        self.is_half_read = False
        self.early = b""
        self.discarded = 0
        self.start_request()

    def start_request(self) -> None:
        """Forget the request that was answered."""
        self.received: deque[bytes] = deque()
        self.size = 0
        self.head_bytes = 0
        self.began = time.monotonic()
        self.refusal = 0
        self.is_large = False
        self.is_malformed = False
        self.expects_continue = False
        limits = ("request_line", "request_fields", "request_field_size")
        self._scanner = PythonProtocol(
            on_headers_complete=self._note_head,
            **{f"limit_{name}": getattr(self.cfg, f"limit_{name}") for name in limits},
        )

    def init(self) -> None:
        super().init()
        if not isinstance(self.parser.unreader, ReceivedFirst):
            self.parser.unreader = ReceivedFirst(self)

    def receive(self, data: bytes) -> None:
        """Keep what arrived, and follow where in the request it ends.

        gunicorn's other parser reads the same bytes again, and has the last word on a
        request: this one tells when there is something to read, and what is none.
        """
        if not self.size:
            self.began = time.monotonic()
        self.received.append(data)
        self.size += len(data)
        try:
            self._scanner.feed(data)
        except ParseError as error:
            self.is_malformed = True
            self.refusal = _status_of(error)

    def _note_head(self) -> bool:
        self.head_bytes = self.size
        expect = dict(self._scanner.headers).get(b"expect", b"")
        self.expects_continue = expect.lower() == b"100-continue"
        return False

    @property
    def has_head(self) -> bool:
        return self.head_bytes > 0

    @property
    def is_whole(self) -> bool:
        return bool(self._scanner.is_complete) or self.is_malformed

    @property
    def path(self) -> str:
        """Return the address that is asked for, without its query."""
        path: bytes = self._scanner.path or b""
        return path.split(b"?")[0].decode("ascii", "replace")

    @property
    def held_bytes(self) -> int:
        """Return how much memory the request and what is left of its answer take."""
        return self.size + self.outbox.held_bytes

    @property
    def body_bytes(self) -> int:
        """Return the size of the body: what is announced, or what has come so far."""
        return int(self._scanner.content_length or self.size - self.head_bytes)

    def bytes_a_second(self, now: float) -> float:
        return self.size / max(now - self.began, 0.001)

    def _unread(self) -> bytes:
        rest: bytes = self.parser.unreader.take_buffered()
        return rest + b"".join(self.received)

    def drop_body(self, refusal: int) -> None:
        """Keep the head alone, and answer with this status."""
        self.refusal = refusal
        while len(self.received) > 1 and self.size > self.head_bytes:
            self.size -= len(self.received.pop())

    def end_request(self, *, is_kept: bool) -> None:
        """Note what comes after the answer, and give the client time to take it."""
        self.is_kept = is_kept
        self.is_half_read = self.is_large or self.refusal > 0
        self.early = self._unread() if is_kept else b""
        self.start_request()
        seconds = BODY_SECONDS + self.outbox.n_bytes / BYTES_A_SECOND
        self.deadline = self.began + seconds

    def is_late(self, now: float) -> bool:
        """Tell whether the request has had all the time that is given to it."""
        if not self.size:
            return now > self.deadline
        if not self.has_head:
            return now > self.began + HEAD_SECONDS
        return now > self.began + BODY_SECONDS + self.size / BYTES_A_SECOND


def _status_of(error: ParseError) -> int:
    if isinstance(error, LimitRequestLine):
        return 414
    if isinstance(error, LimitRequestHeaders):
        return 431
    return 501 if isinstance(error, UnsupportedTransferCoding) else 400


class ReceivedFirst(SocketUnreader):  # type: ignore[misc]
    """Gives a parser what a connection has received, then what the socket has."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.sock)
        self._connection = connection

    def chunk(self, size_hint: int | None = None) -> bytes:
        connection = self._connection
        if connection.received:
            return connection.received.popleft()
        if connection.refusal or not connection.is_large:
            return b""
        return self._wait_for_more(size_hint)

    def _wait_for_more(self, size_hint: int | None) -> bytes:
        connection = self._connection
        if connection.expects_continue:
            connection.expects_continue = False
            self.sock.sendall(CONTINUE)
        self.sock.settimeout(PAUSE_SECONDS)
        try:
            data: bytes = super().chunk(size_hint)
        finally:
            self.sock.settimeout(None)
        connection.size += len(data)
        if connection.is_late(time.monotonic()):
            raise TimeoutError("the body arrives too slowly")
        return data
