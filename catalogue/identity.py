"""Normal forms of the names that identify something: SKUs, categories, files.

Two names are the same if their normal forms are equal. What is stored is the normal
form; upper and lower case stay as they were written first.
"""

import re
import unicodedata
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

# Zero-width and direction marks, byte order marks, soft hyphens, control characters;
# white space is left to `str.split`. NUL stays, so that it can be refused by name.
INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]"
)


def normal_form(name: str) -> str:
    """Return the name in NFC, without invisible characters and doubled white space."""
    visible = INVISIBLE.sub("", name)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def tidied(text: str) -> str:
    """Return text for people in NFC, without byte order marks or space at its ends."""
    text = unicodedata.normalize("NFC", text.replace("\ufeff", ""))
    return text.strip().strip("\u200b\u2060").strip()


def folded(name: str) -> str:
    """Return the normal form without upper and lower case."""
    return unicodedata.normalize("NFC", normal_form(name).casefold())


def corrections(written: str) -> list[str]:
    """Describe what the normal form changes, apart from white space at the ends."""
    visible = INVISIBLE.sub("", written)
    composed = unicodedata.normalize("NFC", visible)
    steps = [
        (visible != written, _("Invisible characters were removed.")),
        (composed != visible, _("Accents were composed with their letters.")),
        (
            " ".join(composed.split()) != composed.strip(),
            _("Repeated white space became one space."),
        ),
    ]
    return [text for is_done, text in steps if is_done]


class IdentifierField(models.CharField):  # type: ignore[type-arg]
    """A CharField that stores values, and looks them up, in their normal form."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return normal_form(text) if isinstance(text, str) else text

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        """Describe it to migrations as the CharField that its column is."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
