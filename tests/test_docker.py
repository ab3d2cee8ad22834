"""docker/ as far as it can be checked without a container engine."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.env import BASE_DIR, env
from tests.servers import NginxServer, Server, WebServer

DOCKER = BASE_DIR / "docker"
DEFAULT = re.compile(r"\$\{[A-Z_]+:-([^}]*)\}$")
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


def test_every_setting_reaches_the_shop_and_nothing_else_does(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    web = set(services["web"]["environment"])
    assert web - {"WEB_CONCURRENCY"} == set(env.scheme) - {"DEBUG"}
    # Commands and workers wait for the database as long as it takes.
    for name in ("set-up", "worker-uploads", "worker-bulk", "beat"):
        own = set(services[name]["environment"])
        assert own == web - {"WEB_CONCURRENCY", "DATABASE_SECONDS"}


def test_what_is_not_set_has_the_default_of_the_settings(
    compose: dict[str, Any],
) -> None:
    web = compose["services"]["web"]["environment"]
    chosen = {
        name: given[1] for name, text in web.items() if (given := DEFAULT.match(text))
    }
    # Here a proxy stands in front, PostgreSQL is there, and the shop is in /shop.
    here = {"PROXIES": "1", "DATABASE_SECONDS": "10", "WEB_CONCURRENCY": "2"}
    here["ENCODER"] = "/shop/hashing/shipped"
    for name, value in chosen.items():
        if name in here:
            assert value == here[name]
        else:
            cast, default = env.scheme[name]
            assert env.parse_value(value, cast) == default, name


def test_every_part_has_an_end_to_its_memory(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "mem_limit" in service or name == "set-up"


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


def healthy(port: int) -> int:
    script = [sys.executable, str(DOCKER / "healthy.py"), str(port)]
    return subprocess.run(script, capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_health_check_sees_a_shop_that_answers_500(
    environment: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> None:
    server = start(WebServer(tmp_path, {**environment, "DATA_DIR": str(tmp_path)}))
    assert healthy(server.port) == 1  # without static files no page can be made
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"],
        cwd=BASE_DIR,
        env=server.env,
        check=True,
    )
    server.restart()
    assert healthy(server.port) == 0
    server.stop()
    assert healthy(server.port) == 1
