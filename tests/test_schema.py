"""The schema is true: schemathesis asks all that it allows, and all that it forbids.

`make schema-test` asks more: SCHEMA_EXAMPLES for each operation.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from config.settings import BASE_DIR
from tests.search.asking import API, open_varied_shop, post_photo

EXAMPLES = os.environ.get("SCHEMA_EXAMPLES", "")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_answer_is_as_the_schema_says(live_server: Any, tmp_path: Path) -> None:
    open_varied_shop()
    _, answer = post_photo(APIClient())
    report = tmp_path / "report.json"
    phases = "coverage,fuzzing,stateful" if EXAMPLES else "fuzzing"
    ran = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run"),
            *(f"{live_server.url}{API}schema/?format=json", "--checks", "all"),
            *("--phases", phases, "--max-examples", EXAMPLES or "4", "--seed", "1"),
            *("--continue-on-failure", "--generation-deterministic"),
            *("--suppress-health-check", "all", "--no-color", "--workers", "2"),
            # The first search by words loads its encoder.
            *("--request-timeout", "120"),
            *("--report", "json", "--report-json-path", str(report)),
        ],
        cwd=BASE_DIR,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.schema_hooks",
            "SCHEMA_TOKEN": answer["query"],
        },
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-20000:] + ran.stderr[-2000:]
    assert json.loads(report.read_text())
    if EXAMPLES:
        print(ran.stdout)  # noqa: T201
