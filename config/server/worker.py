"""gunicorn's worker with threads, which waits for clients without a thread.

A thread works on a request once all of it is there. What arrives slowly, or never, is
waited for by the loop that also accepts connections, hundreds at a time, and is held in
memory. Only a body larger than anybody may send to its address is handed over as it
arrives: the shop then asks who sends it (config/bodies.py).
"""

import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from config.server import connections
from config.server.connections import CONTINUE, Connection

READ_BYTES = 256 * 1024
# How long, and how much, is read on after an answer: a client that is still sending
# would find its connection broken, and never read why it was refused.
LINGER_SECONDS = 2.0
LINGER_SECONDS_UNREAD = 30.0
LINGER_BYTES = 200 * 1024 * 1024
# How much a process holds of requests: of photos that are arriving, or wait for a
# thread. Beyond it the slowest is refused.
PHOTOS_HELD = 6
CHECK_SECONDS = 0.5


class Worker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.open: set[Connection] = set()
        self.arriving: set[Connection] = set()
        self.leaving: set[Connection] = set()
        self.closing: set[Connection] = set()
        self.next_check = 0.0

    def load_wsgi(self) -> None:
        super().load_wsgi()
        # Not before: it needs the settings and the addresses of the shop.
        from config import bodies

        self.max_bytes_for_anyone = bodies.max_bytes_for_anyone
        self.max_bytes_held = PHOTOS_HELD * bodies.photo_bytes()

    # In the loop: connections

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection = Connection(self.cfg, sock, address, listener.getsockname())
        self.nr_conns += 1
        self.open.add(connection)
        self._await_request(connection, connections.HEAD_SECONDS)
        if self.nr_conns >= self.worker_connections:
            oldest = self._oldest_that_waits()
            if oldest is not None:
                self._close(oldest)

    def _oldest_that_waits(self) -> Connection | None:
        for group in (self.closing, self.arriving, self.leaving):
            if group:
                return min(group, key=lambda each: each.began)
        return None

    def _close(self, connection: Connection) -> None:
        for group in (self.arriving, self.leaving, self.closing):
            if connection in group:
                self._leave(group, connection)
        connection.outbox.discard()
        self.open.discard(connection)
        self.nr_conns -= 1
        connection.close()

    def _close_after_reading(self, connection: Connection) -> None:
        """End our side, and read on until the client has ended its own."""
        connection.deadline = time.monotonic() + (
            LINGER_SECONDS_UNREAD if connection.is_half_read else LINGER_SECONDS
        )
        try:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.sock.setblocking(False)
        except OSError:
            self._close(connection)
            return
        self.closing.add(connection)
        discard = partial(self._discard, connection)
        self.poller.register(connection.sock, EVENT_READ, discard)

    def _discard(self, connection: Connection, sock: socket.socket) -> None:
        try:
            n_bytes = len(sock.recv(READ_BYTES))
        except BlockingIOError:
            return
        except OSError:
            n_bytes = 0
        connection.discarded += n_bytes
        if not n_bytes or connection.discarded > LINGER_BYTES:
            self._close(connection)

    # In the loop: requests

    def _await_request(self, connection: Connection, seconds: float) -> None:
        connection.deadline = time.monotonic() + seconds
        connection.sock.setblocking(False)
        self.arriving.add(connection)
        receive = partial(self._receive, connection)
        self.poller.register(connection.sock, EVENT_READ, receive)

    def _receive(self, connection: Connection, sock: socket.socket) -> None:
        try:
            data = sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            connection.receive(data)
            self._look_at(connection)
        elif connection.has_head:
            self._refuse(connection, 400)
        else:
            self._close(connection)

    def _look_at(self, connection: Connection) -> None:
        """Hand a request over if it is whole, or if the shop must ask who sends it."""
        if connection.is_malformed and not connection.has_head:
            self._answer_shortly(connection, connection.refusal)
        elif connection.is_whole:
            self._hand_over(connection)
        elif connection.has_head:
            most = self.max_bytes_for_anyone(connection.path)
            if connection.body_bytes > most:
                connection.is_large = True
                self._hand_over(connection)
                return
            if connection.expects_continue:
                connection.expects_continue = False
                with suppress(OSError):
                    connection.sock.send(CONTINUE)
            self._keep_to_memory()

    def _keep_to_memory(self) -> None:
        """Refuse what arrives or is taken most slowly, once too much is held."""
        if sum(each.held_bytes for each in self.open) <= self.max_bytes_held:
            return
        with_body = [each for each in self.arriving if each.size > each.head_bytes > 0]
        if with_body:
            now = time.monotonic()
            slowest = min(with_body, key=lambda each: each.bytes_a_second(now))
            self._refuse(slowest, 503)
        elif self.leaving:
            self._close(min(self.leaving, key=lambda each: each.began))

    def _refuse(self, connection: Connection, status: int) -> None:
        connection.drop_body(status)
        self._hand_over(connection)

    def _hand_over(self, connection: Connection) -> None:
        self._leave(self.arriving, connection)
        self.enqueue_req(connection)

    def _leave(self, group: set[Connection], connection: Connection) -> None:
        self.poller.unregister(connection.sock)
        group.remove(connection)

    def murder_pending(self) -> None:
        """End what has had its time; gunicorn's loop calls this."""
        now = time.monotonic()
        if now < self.next_check:
            return
        self.next_check = now + CHECK_SECONDS
        if not self.alive:
            self._leave_soon(now)
        for connection in [each for each in self.arriving if each.is_late(now)]:
            self._end_late(connection)
        waiting = self.leaving | self.closing
        for connection in [each for each in waiting if now > each.deadline]:
            self._close(connection)

    def _leave_soon(self, now: float) -> None:
        """Wait no longer than a moment for connections on which nothing comes."""
        for connection in self.arriving | self.closing:
            soon = now + STOP_KEEPALIVE_LINGER
            connection.deadline = min(connection.deadline, soon)

    def _end_late(self, connection: Connection) -> None:
        if connection.has_head:
            self._refuse(connection, 408)
        elif connection.size:
            self._answer_shortly(connection, 408)
        else:
            self._close(connection)

    def _answer_shortly(self, connection: Connection, status: int) -> None:
        """Answer what is no request, without asking the shop."""
        connection.refusal = status
        phrase = HTTPStatus(status).phrase
        answer = (
            f"HTTP/1.1 {status} {phrase}\r\nConnection: close\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(phrase)}\r\n\r\n{phrase}"
        )
        with suppress(OSError):
            connection.sock.send(answer.encode())
        self._leave(self.arriving, connection)
        connection.end_request(is_kept=False)
        self._close_after_reading(connection)

    def finish_request(self, connection: Connection, done: Future[Any]) -> None:
        """Take over the answer of a thread; gunicorn's loop calls this."""
        if connection.sock.fileno() < 0:  # broken off in the middle of an answer
            self._close(connection)
            return
        is_answered = not (done.cancelled() or done.exception())
        connection.end_request(is_kept=is_answered and bool(done.result()))
        if not connection.outbox:
            self._go_on(connection)
            return
        connection.sock.setblocking(False)
        self.leaving.add(connection)
        send = partial(self._send, connection)
        self.poller.register(connection.sock, EVENT_WRITE, send)
        self._keep_to_memory()

    def _go_on(self, connection: Connection) -> None:
        """Wait for the next request on this connection, or end it."""
        if not connection.is_kept:
            self._close_after_reading(connection)
            return
        seconds = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
        self._await_request(connection, seconds)
        if connection.early:
            connection.receive(connection.early)
            self._look_at(connection)

    def _send(self, connection: Connection, sock: socket.socket) -> None:
        try:
            connection.outbox.flush()
        except OSError:
            self._close(connection)
            return
        if not connection.outbox:
            self._leave(self.leaving, connection)
            self._go_on(connection)

    # In a thread

    def handle_request(self, request: Any, connection: Connection) -> Any:
        request._expected_100_continue = False  # it was sent, where it is wanted
        if connection.refusal or connection.is_large:
            request.force_close()
        request.body.refusal = connection.refusal
        sock, connection.sock = connection.sock, connection.outbox
        try:
            return super().handle_request(request, connection)
        finally:
            connection.sock = sock
