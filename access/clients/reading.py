"""The OpenAPI schema as what a client is made of: models and operations.

Reads what drf-spectacular writes for this API, not every schema there is: what it does
not know is an error, never a client that is almost right.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

JSON, FORM = "application/json", "multipart/form-data"
PROBLEM = "application/problem+json"
# What the platform's HTTP does by itself, or a download by hand.
TRANSPORT = {"If-None-Match", "If-Range", "Range"}
BLANK = "BlankEnum"  # the empty text, as the schema's writer calls it
SCALARS = {"string", "integer", "number", "boolean"}


class NotUnderstood(Exception):
    """The schema has something that no client is made of here."""


@dataclass(frozen=True)
class Type:
    """`base`: a scalar of JSON Schema, `bytes`, or a model's name if `is_model`."""

    base: str
    is_model: bool = False
    is_list: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Field:
    name: str
    type: Type
    required: bool
    doc: str = ""
    place: Literal["path", "query", "header", "body"] = "body"


@dataclass(frozen=True)
class Model:
    """Either fields, or the values of an enumeration."""

    name: str
    doc: str
    fields: tuple[Field, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """`answer`: None for the bytes of a file."""

    name: str
    method: str
    path: str
    doc: str
    params: tuple[Field, ...]
    body: str | None
    is_form: bool
    answer: Type | None

    def params_in(self, place: str) -> list[Field]:
        return [param for param in self.params if param.place == place]


def models(schema: dict[str, Any]) -> list[Model]:
    """The components, by name."""
    found = schema["components"]["schemas"]
    return [_model(name, each) for name, each in sorted(found.items()) if name != BLANK]


def operations(schema: dict[str, Any]) -> list[Operation]:
    """All of them, by path."""
    return [
        _operation(path, method, operation)
        for path, methods in sorted(schema["paths"].items())
        for method, operation in methods.items()
    ]


def camel(name: str) -> str:
    """`search_photo`, `If-None-Match` → `searchPhoto`, `ifNoneMatch`."""
    first, *rest = re.split(r"[^0-9A-Za-z]+", name)
    return first[:1].lower() + first[1:] + "".join(word.capitalize() for word in rest)


def _model(name: str, schema: dict[str, Any]) -> Model:
    doc = schema.get("description", "")
    if "enum" in schema:
        return Model(name, doc, values=tuple(schema["enum"]))
    required = schema.get("required", [])
    fields = tuple(
        Field(key, type_of(each), key in required, each.get("description", ""))
        for key, each in schema["properties"].items()
    )
    return Model(name, doc, fields)


def type_of(schema: dict[str, Any]) -> Type:
    """Raises NotUnderstood."""
    if "$ref" in schema:
        return Type(schema["$ref"].rsplit("/", 1)[1], is_model=True)
    some = schema.get("oneOf") or schema.get("allOf")
    if some:
        parts = [each for each in some if each.get("type") != "null"]
        told = [each for each in parts if not _is_blank(each)]
        if len(told) != 1:
            raise NotUnderstood(schema)
        inner = type_of(told[0])
        nullable = inner.nullable or len(parts) < len(some)
        return Type(inner.base, inner.is_model, inner.is_list, nullable)
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    (kind,) = [each for each in kinds if each != "null"]
    if kind == "array":
        inner = type_of(schema["items"])
        if inner.is_list or inner.nullable:
            raise NotUnderstood(schema)
        return Type(inner.base, inner.is_model, is_list=True)
    if kind not in SCALARS:
        raise NotUnderstood(schema)
    binary = schema.get("format") == "binary" or "contentMediaType" in schema
    return Type("bytes" if binary else kind, nullable="null" in kinds)


def _is_blank(schema: dict[str, Any]) -> bool:
    """Whether it is the empty text alone: a client leaves the field out instead."""
    return schema.get("maxLength") == 0 or schema.get("$ref", "").endswith(f"/{BLANK}")


def _operation(path: str, method: str, schema: dict[str, Any]) -> Operation:
    body, is_form = None, False
    for kind, content in schema.get("requestBody", {}).get("content", {}).items():
        body, is_form = type_of(content["schema"]).base, kind == FORM
    params = tuple(
        Field(
            each["name"],
            type_of(each["schema"]),
            each.get("required", False),
            each.get("description", ""),
            each["in"],
        )
        for each in schema.get("parameters", [])
        if each["name"] not in TRANSPORT
    )
    return Operation(
        camel(schema["operationId"]),
        method.upper(),
        path,
        schema.get("description", ""),
        params,
        body,
        is_form,
        _answer(schema["responses"]),
    )


def _answer(responses: dict[str, Any]) -> Type | None:
    for status, response in responses.items():
        if status.startswith("2"):
            content = response["content"]
            return type_of(content[JSON]["schema"]) if JSON in content else None
    raise NotUnderstood(responses)
