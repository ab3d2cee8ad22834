"""What a page of admin showed, signed and sent back with its form.

With it an old page is told from a newer row: what this person changed, what somebody
else changed meanwhile, and what is gone.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

NAME = "_seen"  # of the form's field
SALT = "staff.seen"
LONGEST = 64  # characters that are sent as they are; of longer texts a digest

Values = dict[str, str]


@dataclass(frozen=True)
class SeenRow:
    """One row as it was shown.

    values: by field, in their plain form; asked: what this person had written in fields
    that a question is open about.
    """

    name: str
    values: Values
    asked: Values = field(default_factory=dict)


@dataclass
class Vanished:
    """A row that was shown and is gone. is_edited: this person had changed it."""

    name: str
    is_edited: bool


@dataclass
class SeenPage:
    """All rows that a page showed, and when.

    number: of this one page, so that its form counts once; vanished: noted while its
    form is read.
    """

    at: datetime = field(default_factory=timezone.now)
    number: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    is_sent: bool = False
    rows: dict[str, SeenRow] = field(default_factory=dict)
    vanished: list[Vanished] = field(default_factory=list)

    def row(self, model: type[Model], pk: object) -> SeenRow | None:
        return self.rows.get(_key(model, pk))

    def add(self, instance: Model, row: SeenRow) -> None:
        self.rows[_key(type(instance), instance.pk)] = row

    def signed(self) -> str:
        rows = {
            key: [row.name, row.values, row.asked] for key, row in self.rows.items()
        }
        whole = [self.at.isoformat(), self.number, rows]
        return signing.dumps(whole, salt=SALT, compress=True)


def seen_by(request: HttpRequest) -> SeenPage:
    """Return what the page showed that this request was sent from; read once.

    Empty where nothing was sent, as by a program, or by a page older than the key.
    """
    if not hasattr(request, "seen_page"):
        request.seen_page = _read(request.POST.get(NAME, ""))  # type: ignore[attr-defined]
    page: SeenPage = request.seen_page  # type: ignore[attr-defined]
    return page


def _read(signed: str) -> SeenPage:
    try:
        at, number, rows = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        return SeenPage()
    seen = {key: SeenRow(*row) for key, row in rows.items()}
    return SeenPage(datetime.fromisoformat(at), number, is_sent=True, rows=seen)


def _key(model: type[Model], pk: object) -> str:
    return f"{model._meta.label_lower}:{pk}"


def plain(field: forms.Field, value: Any) -> str:
    """Return a value in one form, whether it was stored, shown or typed.

    A browser sends line ends as CRLF, numbers with other zeros and lists in any order.
    """
    if isinstance(field, forms.MultiValueField) and isinstance(value, list | tuple):
        value = _clean(field, value)
    if isinstance(field, forms.ModelChoiceField):
        value = field.prepare_value(value)
    if isinstance(value, list | tuple | set):
        return plain_text(",".join(sorted(map(str, value))))
    if not isinstance(field, forms.ModelChoiceField):
        value = _to_python(field, value)
    return plain_text(value)


def plain_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        value = format(value.normalize(), "f")
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(microsecond=0).isoformat()
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) <= LONGEST:
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _to_python(field: forms.Field, value: Any) -> Any:
    try:
        return field.to_python(value)
    except (ValidationError, TypeError, ValueError):
        return value


def _clean(field: forms.Field, value: Any) -> Any:
    try:
        return field.clean(value)
    except ValidationError:
        return value
