"""The browser that tests, benchmarks and the docs' pictures use."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright


class NoChromium(RuntimeError):
    """The system has none."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, as the system has it. Raises NoChromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise NoChromium("no chromium: on Debian, apt install chromium")
    # Playwright's loop makes Django believe that this is asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=as_root)
        yield browser
        browser.close()
