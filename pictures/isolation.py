"""Decode a picture in a process of its own, with limits of time and memory.

The process gets the file by a pipe and answers by another, so that nothing of a photo
touches a disk. It reads the header first; a large picture then waits for its turn.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Semaphore, Timer
from typing import IO, Any

from PIL import Image

from pictures.errors import DecoderBusy, IsolationError, UnreadableImage
from pictures.pixels import Target

# What a pixel takes while it is decoded and converted. Measured: AVIF 9, GIF 9, PNG
# 11, TIFF 8 to 12, WebP 16.
TYPICAL_BYTES_PER_PIXEL = 10
MAX_BYTES_PER_PIXEL = 16
# A loaded machine takes longer than its processor's time.
WALL_SECONDS_PER_CPU_SECOND = 10

_large = Semaphore(1)


@dataclass(frozen=True)
class Job:
    """What the process is asked for, beside the file of `length` bytes."""

    format: str
    target: Target
    max_pixels: int
    length: int

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: bytes) -> "Job":
        values = json.loads(line)
        return cls(**{**values, "target": Target(**values["target"])})


def memory_limit(pixels: int, length: int) -> int:
    """Return the bytes that a file of this length, and size by its header, may take."""
    return 64 * 1024 * 1024 + 3 * length + MAX_BYTES_PER_PIXEL * pixels


def cpu_limit(pixels: int) -> int:
    """Return the seconds that a picture of this size by its header may take."""
    return 2 + pixels // 5_000_000


def decode(
    content: bytes, job: Job, *, large: int, patience: float | None
) -> Image.Image:
    """Decode in a process; those that take more than `large` bytes one at a time.

    Raises UnreadableImage, with the code `too_complex` at a limit, and DecoderBusy.
    """
    with _process() as process, _pipes(process) as (sent, received):
        with _killed_after(process, cpu_limit(0)):
            _send(sent, job.to_json())
            _send(sent, content)
            pixels = _answer(received)["pixels"]
        is_large = pixels * TYPICAL_BYTES_PER_PIXEL > large
        with (
            _turn(patience) if is_large else nullcontext(),
            _killed_after(process, cpu_limit(pixels)),
        ):
            _send(sent, b"\n")
            size = tuple(_answer(received)["size"])
            return Image.frombytes("RGB", size, received.read())


@contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    """Start the process; it does not outlive the block."""
    here = str(Path(__file__).resolve().parent.parent)
    environment = {
        "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)]),
        "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "1",  # each reserves 64 MB, which count
    }
    try:
        process = subprocess.Popen(
            # Without `site`: its packages are in the path already.
            [sys.executable, "-S", "-m", "pictures.isolated"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries print what is wrong with a picture
            bufsize=0,
        )
    except OSError as error:  # no memory or no process is left
        raise DecoderBusy("no process could be started") from error
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _pipes(
    process: subprocess.Popen[bytes],
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Turn the death of the process into UnreadableImage: it was over a limit."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    try:
        yield process.stdin, process.stdout
    except (BrokenPipeError, EOFError, ValueError) as error:
        raise UnreadableImage("too_complex") from error


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], cpu_seconds: int) -> Iterator[None]:
    timer = Timer(cpu_seconds * WALL_SECONDS_PER_CPU_SECOND, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _turn(patience: float | None) -> Iterator[None]:
    """Let one large picture in at a time: each may take most of a gigabyte."""
    if not _large.acquire(timeout=patience):
        raise DecoderBusy("another large picture is being decoded")
    try:
        yield
    finally:
        _large.release()


def _send(pipe: IO[bytes], content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[pipe.write(view) :]


def _answer(pipe: IO[bytes]) -> dict[str, Any]:
    """Read one line. Raises EOFError where the process died before it."""
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    answer: dict[str, Any] = json.loads(line)
    if "failure" in answer:
        raise IsolationError(answer["failure"])
    if "code" in answer:
        raise UnreadableImage(answer["code"])
    return answer
