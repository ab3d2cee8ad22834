"""Clients generated from the schema: one is run, the other is read by a parser."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_kotlin
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from access.clients.reading import models, operations
from access.models import AppKey
from tests.builders import make_image
from tests.documented import node
from tests.search.asking import open_varied_shop

USE = """
import { readFileSync } from "node:fs";
import { ProblemError, Semblance } from "./semblance.ts";

const [address, key, file] = process.argv.slice(2);
const shop = new Semblance(address, key);
const photo = new Blob([readFileSync(file)], { type: "image/jpeg" });
const answer = await shop.searchPhoto({ photo, limit: 3, colour: ["red", "blue"] });
const again = await shop.searchQuery({ query: answer.query, page: 2, limit: 3 });
const product = await shop.productsRetrieve(answer.results[0].product.id);
const given = await shop.feedback(
  { query: answer.query, product: product.id, verdict: "right" },
  { "Idempotency-Key": "one" },
);
const card = await shop.encoder();
const layer = await shop.encoderFile(card.fingerprint, "layer.bin");
const refused = await shop.productsRetrieve(99999999).catch((error) => error);
console.log(JSON.stringify({
  first: answer.results[0].product.sku,
  found: answer.results.length,
  others: again.results.map((found) => found.product.sku),
  product: product.sku,
  verdict: given.verdict,
  layer: layer.size,
  refused: refused instanceof ProblemError ? refused.problem.code : String(refused),
}));
"""


@pytest.fixture
def schema() -> Any:
    return SchemaGenerator().get_schema(public=True)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_typescript_client_searches(live_server: Any, tmp_path: Path) -> None:
    open_varied_shop()
    _, secret = AppKey.objects.make("App")
    (tmp_path / "photo.jpg").write_bytes(make_image(4))
    (tmp_path / "use.ts").write_text(USE)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    call_command("generate_client", "typescript", str(tmp_path / "semblance.ts"))
    ran = subprocess.run(
        [node(), "use.ts", live_server.url, secret, "photo.jpg"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["first"] == found["product"] == "p4"
    assert found["found"] == 3
    assert "p4" not in found["others"]
    assert (found["verdict"], found["refused"]) == ("right", "not_found")
    assert found["layer"] == 512 * 256 * 2 + 256 * 8


def test_the_kotlin_client_is_kotlin(tmp_path: Path) -> None:
    file = tmp_path / "Semblance.kt"
    call_command("generate_client", "kotlin", str(file))
    language = tree_sitter.Language(tree_sitter_kotlin.language())
    tree = tree_sitter.Parser(language).parse(file.read_bytes())
    assert not tree.root_node.has_error, wrong(tree.root_node)


def wrong(node: Any) -> list[str]:
    """Where the parser gave up."""
    if node.is_error or node.is_missing:
        return [f"{node.start_point}: {node.text[:200]!r}"]
    return [each for child in node.children for each in wrong(child)]


@pytest.mark.parametrize("language", ["typescript", "kotlin"])
def test_a_client_has_every_operation_model_and_field(
    schema: Any, tmp_path: Path, language: str
) -> None:
    call_command("generate_client", language, str(tmp_path / "client"))
    text = (tmp_path / "client").read_text()
    for operation in operations(schema):
        assert f" {operation.name}(" in text
    for model in models(schema):
        assert f" {model.name}" in text
        for name in [*model.values, *(field.name for field in model.fields)]:
            assert name in text or name.replace("_", "") in text.lower()


def test_the_test_of_kotlin_sees_what_is_wrong() -> None:
    language = tree_sitter.Language(tree_sitter_kotlin.language())
    tree = tree_sitter.Parser(language).parse(b"class X( { fun (")
    assert tree.root_node.has_error
