"""A client in Kotlin, for Android and the JVM.

Needs kotlinx-serialization-json and its compiler plugin; HTTP is java.net's. Calls block:
make them from Dispatchers.IO.
"""

from collections.abc import Iterator
from typing import Any

from access.clients.reading import (
    Field,
    Model,
    Operation,
    Type,
    camel,
    models,
    operations,
)

SCALARS = {
    "string": "String",
    "integer": "Long",
    "number": "Double",
    "boolean": "Boolean",
    "bytes": "ByteArray",
}
WORDS_OF_KOTLIN = {"in", "is", "as", "object", "val", "var", "fun", "when", "package"}

HEAD = """\
// Generated from the OpenAPI schema by `manage.py generate_client kotlin`.
package semblance

import java.net.HttpURLConnection
import java.net.URL
import java.net.URLEncoder
import java.util.UUID
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.decodeFromString
import kotlinx.serialization.encodeToString
import kotlinx.serialization.json.Json
"""

RUNTIME = """\
class ProblemException(val problem: Problem, val retryAfter: Long?) :
    Exception(problem.detail)

typealias Pairs = List<Pair<String, Any>>

private fun pairs(vararg values: Pair<String, Any?>): Pairs = values.flatMap { (name, value) ->
    when (value) {
        null -> emptyList()
        is List<*> -> value.filterNotNull().map { name to it }
        else -> listOf(name to value)
    }
}

private fun quoted(value: Any): String = URLEncoder.encode(value.toString(), "UTF-8")

/** `address`: the shop's, such as https://shop.example; `key`: an app key, or none. */
class Semblance(private val address: String, private val key: String? = null) {
    private val json = Json { ignoreUnknownKeys = true }

    private fun send(
        method: String,
        path: String,
        query: Pairs,
        headers: Pairs,
        type: String? = null,
        body: ByteArray? = null,
    ): ByteArray {
        val search = query.joinToString("&") { (name, value) -> "$name=${quoted(value)}" }
        val url = URL(address.trimEnd('/') + path + if (search.isEmpty()) "" else "?$search")
        val connection = url.openConnection() as HttpURLConnection
        try {
            connection.requestMethod = method
            headers.forEach { (name, value) ->
                connection.setRequestProperty(name, value.toString())
            }
            key?.let { connection.setRequestProperty("Authorization", "Bearer $it") }
            if (body != null) {
                connection.doOutput = true
                connection.setRequestProperty("Content-Type", type)
                connection.outputStream.use { it.write(body) }
            }
            if (connection.responseCode >= 400) {
                val told = connection.errorStream.use { it.readBytes() }.decodeToString()
                val wait = connection.getHeaderField("Retry-After")?.toLongOrNull()
                throw ProblemException(json.decodeFromString<Problem>(told), wait)
            }
            return connection.inputStream.use { it.readBytes() }
        } finally {
            connection.disconnect()
        }
    }

    private fun form(boundary: String, fields: Pairs): ByteArray {
        var body = ByteArray(0)
        for ((name, value) in fields) {
            val file = if (value is ByteArray) "; filename=\\"$name\\"" else ""
            val head = "Content-Disposition: form-data; name=\\"$name\\"$file"
            body += "--$boundary\\r\\n$head\\r\\n\\r\\n".encodeToByteArray()
            body += if (value is ByteArray) value else value.toString().encodeToByteArray()
            body += "\\r\\n".encodeToByteArray()
        }
        return body + "--$boundary--\\r\\n".encodeToByteArray()
    }
"""


def render(schema: dict[str, Any]) -> str:
    """The whole file."""
    forms = {each.body for each in operations(schema) if each.is_form}
    kept = {model.name: model for model in models(schema)}
    parts = [
        HEAD,
        *(_model(each, each.name in forms) for each in kept.values()),
        RUNTIME,
    ]
    for operation in operations(schema):
        form = kept[operation.body] if operation.body and operation.is_form else None
        parts.append("\n".join(_method(operation, form)))
    return "\n".join(parts) + "}\n"


def _name(name: str) -> str:
    found = camel(name)
    return f"`{found}`" if found in WORDS_OF_KOTLIN else found


def _type(type: Type, *, optional: bool = False) -> str:
    name = type.base if type.is_model else SCALARS[type.base]
    listed = f"List<{name}>" if type.is_list else name
    return f"{listed}?" if type.nullable or optional else listed


def _model(model: Model, is_form: bool) -> str:
    if model.values:
        values = "".join(
            f'    @SerialName("{value}") {_constant(value)}("{value}"),\n'
            for value in model.values
        )
        shown = "    ;\n\n    override fun toString() = value\n"
        return (
            f"@Serializable\nenum class {model.name}(val value: String) {{\n"
            f"{values}{shown}}}\n"
        )
    # A form is not sent as JSON, and bytes in it have no place there.
    mark = "" if is_form else "@Serializable\n"
    fields = "".join(_field(field, is_form) for field in model.fields)
    return f"{_doc(model.doc)}{mark}data class {model.name}(\n{fields})\n"


def _constant(value: str) -> str:
    spelled = value.replace("-", "DESCENDING_" if value.startswith("-") else "_")
    return spelled.upper()


def _field(field: Field, is_form: bool) -> str:
    name = _name(field.name)
    renamed = name.strip("`") != field.name and not is_form
    serial = f'@SerialName("{field.name}") ' if renamed else ""
    type = _type(field.type, optional=not field.required)
    default = "" if field.required else " = null"
    return f"{_doc(field.doc, '    ')}    {serial}val {name}: {type}{default},\n"


def _doc(text: str, indent: str = "") -> str:
    lines = text.replace("*/", "* /").strip().splitlines()
    return "".join(f"{indent}// {line}".rstrip() + "\n" for line in lines)


def _method(operation: Operation, form: Model | None) -> Iterator[str]:
    ordered = sorted(operation.params, key=lambda field: not field.required)
    arguments = [_argument(field) for field in ordered if field.required]
    if operation.body:
        arguments.append(f"body: {operation.body}")
    arguments += [_argument(field) for field in ordered if not field.required]
    path = operation.path
    for field in operation.params_in("path"):
        path = path.replace(f"{{{field.name}}}", f"${{quoted({_name(field.name)})}}")
    answer = _type(operation.answer) if operation.answer else "ByteArray"
    yield _doc(operation.doc, "    ").rstrip("\n")
    yield f"    fun {operation.name}("
    yield from (f"        {argument}," for argument in arguments)
    yield f"    ): {answer} {{"
    if form:
        yield '        val boundary = "semblance-" + UUID.randomUUID()'
    yield "        val answer = send("
    yield f'            "{operation.method}",'
    yield f'            "{path}",'
    for place in ("query", "header"):
        yield f"            pairs({_pairs(operation.params_in(place))}),"
    if form:
        yield '            "multipart/form-data; boundary=$boundary",'
        yield f"            form(boundary, pairs({_pairs(form.fields, 'body.')})),"
    elif operation.body:
        yield '            "application/json",'
        yield "            json.encodeToString(body).encodeToByteArray(),"
    yield "        )"
    if operation.answer:
        yield f"        return json.decodeFromString<{answer}>(answer.decodeToString())"
    else:
        yield "        return answer"
    yield "    }\n"


def _argument(field: Field) -> str:
    type = _type(field.type, optional=not field.required)
    return f"{_name(field.name)}: {type}" + ("" if field.required else " = null")


def _pairs(fields: Any, owner: str = "") -> str:
    return ", ".join(
        f'"{field.name}" to {owner}{_name(field.name)}' for field in fields
    )
