"""docker/ as far as it can be checked without a container engine."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.env import BASE_DIR, env
from tests.servers import NginxServer, WebServer

DOCKER = BASE_DIR / "docker"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[-?][^}]*)?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def test_compose_starts_every_part(compose: dict[str, Any]) -> None:
    shop = {"set-up", "web", "worker-uploads", "worker-bulk", "beat"}
    assert set(compose["services"]) == shop | {"postgres", "redis", "nginx"}
    for name in shop:
        assert compose["services"][name]["image"] == "semblance"


def test_parts_wait_only_for_parts_that_exist(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for other, condition in service.get("depends_on", {}).items():
            assert other in services
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[other]


def test_compose_sets_what_the_shop_reads(compose: dict[str, Any]) -> None:
    assert set(compose["services"]["web"]["environment"]) <= set(env.scheme)


def test_volumes_are_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            is_short = isinstance(volume, str)
            source = volume.split(":")[0] if is_short else volume["source"]
            is_file = source.startswith("./")
            assert (
                (DOCKER / source).exists() if is_file else source in compose["volumes"]
            )


def test_nginx_reads_pictures_and_static_files_and_nothing_else(
    compose: dict[str, Any],
) -> None:
    config, *folders = compose["services"]["nginx"]["volumes"]
    assert config.endswith(":ro")
    assert {volume["volume"]["subpath"] for volume in folders} == {"media", "static"}
    aliases = re.findall(r"alias (\S+)/;", (DOCKER / "nginx.conf").read_text())
    assert {volume["target"] for volume in folders} == set(aliases)
    assert all(volume["read_only"] for volume in folders)
    # A part of a volume must be there before it is mounted.
    made = compose["services"]["set-up"]["command"]
    assert "mkdir -p /data/media" in made and "collectstatic" in made


def test_the_example_names_every_variable() -> None:
    used = VARIABLE.findall((DOCKER / "compose.yaml").read_text())
    example = (DOCKER / "example.env").read_text()
    named = re.findall(r"^([A-Z_]+)=", example, re.M)
    assert {name for name, _ in used} == set(named)


def test_the_image_copies_what_there_is() -> None:
    for line in (DOCKER / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (BASE_DIR / source).exists(), line


def test_the_image_runs_as_nobody_special() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    assert "USER shop" in lines
    assert lines.index("USER shop") < lines.index("VOLUME /data")


def test_nginx_is_given_every_value_that_it_reads(compose: dict[str, Any]) -> None:
    used = VARIABLE.findall((DOCKER / "nginx.conf").read_text())
    assert {name for name, _ in used} == set(NginxServer.VALUES)
    assert set(compose["services"]["nginx"]["environment"]) == set(NginxServer.VALUES)


@pytest.mark.parametrize("proxies", ["1", "2", "3"])
def test_nginx_takes_its_configuration(
    tmp_path: Path, needed_nginx: str, proxies: str
) -> None:
    server = NginxServer(tmp_path, WebServer(tmp_path), PROXIES=proxies)
    command = [needed_nginx, "-t", "-c", server.config]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
