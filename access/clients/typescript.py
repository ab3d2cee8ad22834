"""A client in TypeScript, without a library, for browsers and Node alike.

Its types can be stripped (no enums, no parameter properties), so that Node runs it as
it is.
"""

from collections.abc import Iterator
from typing import Any

from access.clients.reading import Field, Model, Operation, Type, models, operations

SCALARS = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "bytes": "Blob",
}

HEAD = """\
// Generated from the OpenAPI schema by `manage.py generate_client typescript`.
"""

RUNTIME = """\
export class ProblemError extends Error {
  problem: Problem;
  retryAfter: number | null;

  constructor(problem: Problem, retryAfter: number | null) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

type Plain = string | number | boolean | Blob | string[] | null | undefined;

function each(values: object): [string, string | Blob][] {
  return Object.entries(values as Record<string, Plain>).flatMap(([name, value]) =>
    value === undefined || value === null
      ? []
      : (Array.isArray(value) ? value : [value]).map((one): [string, string | Blob] =>
          [name, one instanceof Blob ? one : String(one)]),
  );
}

export class Semblance {
  address: string;
  key: string | null;

  // The shop's address, such as https://shop.example, and its app key if there is one.
  constructor(address: string, key: string | null = null) {
    this.address = address;
    this.key = key;
  }

  async send(
    method: string, path: string, query: object, headers: object,
    body: object | null, isForm: boolean,
  ): Promise<Response> {
    const url = new URL(path, this.address);
    for (const [name, value] of each(query)) url.searchParams.append(name, String(value));
    const sent = new Headers({ Accept: "application/json, */*;q=0.5" });
    for (const [name, value] of each(headers)) sent.set(name, String(value));
    if (this.key !== null) sent.set("Authorization", `Bearer ${this.key}`);
    let content: FormData | string | null = null;
    if (body !== null && isForm) {
      content = new FormData();
      for (const [name, value] of each(body)) content.append(name, value);
    } else if (body !== null) {
      content = JSON.stringify(body);
      sent.set("Content-Type", "application/json");
    }
    const answer = await fetch(url, { method, headers: sent, body: content });
    if (answer.status >= 400) {
      const wait = answer.headers.get("Retry-After");
      const problem = (await answer.json()) as Problem;
      throw new ProblemError(problem, wait === null ? null : Number(wait));
    }
    return answer;
  }
"""


def render(schema: dict[str, Any]) -> str:
    """The whole file."""
    parts = [HEAD, *(_model(each) for each in models(schema)), RUNTIME]
    parts += ["\n".join(_method(each)) for each in operations(schema)]
    return "\n".join(parts) + "}\n"


def _type(type: Type) -> str:
    name = type.base if type.is_model else SCALARS[type.base]
    listed = f"{name}[]" if type.is_list else name
    return f"{listed} | null" if type.nullable else listed


def _doc(text: str, indent: str = "") -> str:
    lines = text.replace("*/", "* /").strip().splitlines()
    if not lines:
        return ""
    return "".join(f"{indent}// {line}".rstrip() + "\n" for line in lines)


def _model(model: Model) -> str:
    if model.values:
        values = " | ".join(f'"{value}"' for value in model.values)
        return f"export type {model.name} = {values};\n"
    fields = "".join(_field(field) for field in model.fields)
    return f"{_doc(model.doc)}export interface {model.name} {{\n{fields}}}\n"


def _field(field: Field) -> str:
    optional = "" if field.required else "?"
    name = field.name if field.name.isidentifier() else f'"{field.name}"'
    return f"{_doc(field.doc, '  ')}  {name}{optional}: {_type(field.type)};\n"


def _method(operation: Operation) -> Iterator[str]:
    path, query = operation.params_in("path"), operation.params_in("query")
    headers = operation.params_in("header")
    arguments = [f"{field.name}: {_type(field.type)}" for field in path]
    if operation.body:
        arguments.append(f"body: {operation.body}")
    for name, fields in (("query", query), ("headers", headers)):
        if fields:
            empty = "" if any(field.required for field in fields) else " = {}"
            inside = "".join(_inline(field) for field in fields)
            arguments.append(f"{name}: {{ {inside}}}{empty}")
    answer = _type(operation.answer) if operation.answer else "Blob"
    url = operation.path
    for field in path:
        url = url.replace(f"{{{field.name}}}", f"${{encodeURIComponent({field.name})}}")
    yield _doc(operation.doc, "  ").rstrip("\n")
    yield f"  async {operation.name}("
    yield from (f"    {argument}," for argument in arguments)
    yield f"  ): Promise<{answer}> {{"
    yield "    const answer = await this.send("
    yield f'      "{operation.method}", `{url}`, {"query" if query else "{}"},'
    yield (
        f"      {'headers' if headers else '{}'}, {'body' if operation.body else 'null'}"
        f", {str(operation.is_form).lower()},"
    )
    yield "    );"
    read = "json() as Promise" if operation.answer else "blob() as Promise"
    yield f"    return answer.{read}<{answer}>;"
    yield "  }\n"


def _inline(field: Field) -> str:
    optional = "" if field.required else "?"
    name = field.name if field.name.isidentifier() else f'"{field.name}"'
    return f"{name}{optional}: {_type(field.type)}; "
