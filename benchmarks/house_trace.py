"""Which of our files, and how many database queries, some requests pass through.

Run inside a checkout by benchmarks.bench_house, with DATA_DIR set: it prints JSON.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

CHECKOUT = Path.cwd()
PHOTO = "street/street-01.jpg"


class Trace:
    """The files of the checkout whose functions are called, in order of first call.

    moves: how often a call goes from one of these files to another.
    """

    def __init__(self) -> None:
        self.files: list[str] = []
        self.moves = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or not (name := _own_file(frame)):
            return
        if name not in self.files:
            self.files.append(name)
        caller = frame.f_back
        while caller is not None and not _own_file(caller):
            caller = caller.f_back
        if caller is not None and _own_file(caller) != name:
            self.moves += 1


def traced(request: Callable[[], Any]) -> dict[str, Any]:
    """Make the request twice, and trace the second: the first one loads."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    request()
    trace = Trace()
    with CaptureQueriesContext(connection) as queries:
        sys.setprofile(trace)
        try:
            response = request()
        finally:
            sys.setprofile(None)
    if response.status_code != 200:
        raise SystemExit(f"{response.status_code}: {response.content[:300]!r}")
    return {"files": trace.files, "moves": trace.moves, "queries": len(queries)}


def main() -> None:
    import django

    django.setup()
    from django.test import Client

    photo = next(
        path for path in CHECKOUT.glob(f"**/{PHOTO}") if ".venv" not in str(path)
    )
    client = Client(SERVER_NAME="127.0.0.1")

    def send(address: str) -> Callable[[], Any]:
        def request() -> Any:
            with photo.open("rb") as file:
                return client.post(address, {"photo": file})

        return request

    requests = {
        "photo by API": send("/api/v1/search/photo/"),
        "words by API": lambda: client.get("/api/v1/search/words/", {"q": "red mug"}),
        "photo page": send("/search/"),
    }
    print(json.dumps({name: traced(request) for name, request in requests.items()}))


def _own_file(frame: FrameType) -> str:
    """Return the file of this frame if it is ours, else nothing."""
    file = frame.f_code.co_filename
    is_ours = file.startswith(f"{CHECKOUT}/") and "/.venv/" not in file
    is_code = is_ours and file.endswith(".py") and "benchmarks" not in file
    return str(Path(file).relative_to(CHECKOUT)) if is_code else ""


if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))
    main()
