"""Whether the shop in this container answers, its home page too: exits 1 if not.

    python docker/healthy.py [PORT]

A port that is open says nothing: a shop that answers 500 to everything has one.
"""

import http.client
import sys

SECONDS = 8
PATHS = ("/healthz", "/")


def status_of(path: str, port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        # As the proxy says it; else a shop with HTTPS=1 would only redirect.
        connection.request("GET", path, headers={"X-Forwarded-Proto": "https"})
        return connection.getresponse().status
    finally:
        connection.close()


def main(port: int = 8000) -> None:
    for path in PATHS:
        try:
            status = status_of(path, port)
        except OSError as error:
            sys.exit(f"{path}: {error}")
        if status != http.client.OK:
            sys.exit(f"{path}: {status}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
