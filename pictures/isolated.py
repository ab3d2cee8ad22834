"""The process that decodes one picture; started by pictures.isolation alone."""

import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from PIL import AvifImagePlugin, Image

from pictures import jpeg, pixels
from pictures.errors import UnreadableImage
from pictures.isolation import Job, cpu_limit, memory_limit


def main() -> None:
    """Answer with one line of JSON for the header, and one before the pixels."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # libraries may print
    write_no_file()
    try:
        _decode(sys.stdin.buffer, answers)
    except UnreadableImage as error:
        _answer(answers, code=error.code)
    except MemoryError:
        _answer(answers, code="too_complex")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        # Its text may hold something of the photo.
        _answer(answers, failure=f"{type(error).__module__}.{type(error).__name__}")


def write_no_file() -> None:
    """Let this process write to pipes alone, so that nothing of a photo is kept."""
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)


def _decode(file: IO[bytes], answers: IO[bytes]) -> None:
    job = Job.from_json(file.readline())
    content = file.read(job.length)
    _prepare_pillow(job)
    # WebP's decoder takes its canvases as it opens; others open next to nothing.
    _limit_to(job.max_pixels if job.format == "WEBP" else 0, job.length)
    if job.format == "JPEG":
        jpeg.refuse_too_many_scans(content)
    with pixels.opened(content, job.format, job.max_pixels) as image:
        n_pixels = image.width * image.height * pixels.memory_factor(image)
        _limit_to(n_pixels, job.length)
        _answer(answers, pixels=n_pixels)
        if not file.read(1):
            return  # nobody waits for it any more
        picture = pixels.reduced(image, job.target)
    _answer(answers, size=picture.size)
    content = picture.tobytes()
    while content:
        content = content[answers.write(content) or 0 :]


def _prepare_pillow(job: Job) -> None:
    # Some decoders take memory as they open: Pillow refuses twice as many pixels.
    Image.MAX_IMAGE_PIXELS = job.max_pixels // 2
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each has a stack, which counts
    if job.format == "HEIF":
        from pillow_heif import register_heif_opener  # an extra

        register_heif_opener(thumbnails=False)


def _limit_to(n_pixels: int, length: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + cpu_limit(n_pixels)
    _limit(resource.RLIMIT_CPU, seconds)
    statm = Path("/proc/self/statm")
    if statm.exists():  # Linux; others do not hold a process to its address space
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, taken + memory_limit(n_pixels, length))


def _limit(kind: int, limit: int) -> None:
    """Set the limit that counts, which may be raised again."""
    _, most = resource.getrlimit(kind)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    resource.setrlimit(kind, (limit, most))


def _answer(pipe: IO[bytes], **values: object) -> None:
    with suppress(BrokenPipeError):
        pipe.write(json.dumps(values).encode() + b"\n")


if __name__ == "__main__":
    main()
