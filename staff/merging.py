"""Forms that write only what this person changed since the page was shown.

What somebody else changed meanwhile stays, unless both changed the same field: then
both values are shown and this person chooses. Rows that are gone are left out and
named.
"""

from datetime import datetime
from functools import cached_property
from typing import Any, cast

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.formsets import DELETION_FIELD_NAME
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from staff.seen import SeenPage, SeenRow, Vanished, plain, plain_text

THEIRS, MINE = "theirs", "mine"  # answers to: which one counts?


class MergedField(forms.BoundField):
    """A field that holds the row's present value, unless this person changed it."""

    form: "MergingForm"

    @property
    def data(self) -> Any:
        return self._stored if self.form.keeps(self.name) else self.sent

    @property
    def _stored(self) -> Any:
        """The present value, in parts where the field has several inputs."""
        if isinstance(self.field, forms.MultiValueField):
            return cast(Any, self.field.widget).decompress(self.initial)
        return self.initial

    @property
    def sent(self) -> Any:
        """What came with the form."""
        return super().data


class MergingForm(forms.ModelForm):  # type: ignore[type-arg]
    """Mixed into admin's forms by `merging_form`.

    A form's `row_name` names its row where it is gone; else the row's own text does.

    watched: attributes of the row that the page shows and no field has; a field of
    `guarded` is a file or a mark that must not go over a change of these.
    """

    bound_field_class = MergedField
    seen_page: SeenPage
    watched: tuple[str, ...]
    guarded: tuple[str, ...]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Before cleaning writes into the instance.
        self._watched = {
            name: plain_text(getattr(self.instance, name)) for name in self.watched
        }
        self._name = getattr(self, "row_name", str(self.instance))

    @cached_property
    def _seen(self) -> SeenRow | None:
        is_sent = self.is_bound and self.instance.pk is not None
        model = type(self.instance)
        return self.seen_page.row(model, self.instance.pk) if is_sent else None

    @cached_property
    def _standings(self) -> dict[str, str]:
        """Return the choice for each compared field.

        It is empty where what is stored stays; MINE or THEIRS where both changed it.
        """
        if self._seen is None:
            return {}
        return {
            name: self._standing(name, base, self._seen.asked.get(name))
            for name, base in self._seen.values.items()
            if name in self.fields and _is_compared(name, self.fields[name])
        }

    def _bound(self, name: str) -> MergedField:
        return cast(MergedField, self[name])

    def _standing(self, name: str, base: str, asked: str | None) -> str:
        bound = self._bound(name)
        mine = plain(bound.field, bound.sent)
        theirs = plain(bound.field, bound.initial)
        answer = self.data.get(answer_name(bound), "")
        if answer == THEIRS or mine == theirs:
            return ""
        if asked is not None:
            is_answered = answer == MINE or mine != asked
            return MINE if is_answered and theirs == base else THEIRS
        if mine == base:
            return ""
        return MINE if theirs == base else THEIRS

    def keeps(self, name: str) -> bool:
        """Tell whether the row keeps what it has now in this field."""
        return self._standings.get(name) == ""

    @property
    def conflicts(self) -> list[str]:
        return [
            name for name, standing in self._standings.items() if standing == THEIRS
        ]

    @property
    def is_outdated(self) -> bool:
        """Tell whether what the page showed beside the fields has changed."""
        return self._seen is not None and any(
            self._seen.values.get(name, value) != value
            for name, value in self._watched.items()
        )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in self.conflicts:
            self.add_error(name, ValidationError(self._question(name), "conflict"))
        for name in self.guarded:
            if self.is_outdated and self.cleaned_data.get(name):
                self.add_error(name, ValidationError(_replaced(), "conflict"))
        if self.is_outdated and self.data.get(self.add_prefix(DELETION_FIELD_NAME)):
            self.add_error(None, ValidationError(_replaced(), "conflict"))
        return cleaned

    def _question(self, name: str) -> SafeString:
        bound = self._bound(name)
        return render_to_string(
            "admin/staff/conflict.html",
            {
                "field": bound,
                "answer": answer_name(bound),
                "mine": shown(bound.field, bound.sent),
                "theirs": shown(bound.field, bound.initial),
                "who": who_changed(self.instance, self.seen_page.at),
            },
        )

    def as_seen(self) -> SeenRow:
        """Return the row as this form shows it, with the questions that it asks."""
        values = {
            name: plain(field, self.get_initial_for_field(field, name))
            for name, field in self.fields.items()
            if _is_compared(name, field)
        }
        asked = {
            name: plain(self[name].field, self[name].data) for name in self.conflicts
        }
        return SeenRow(self._name, {**values, **self._watched}, asked)


class MergingFormSet(forms.BaseModelFormSet):  # type: ignore[type-arg]
    """Leaves out rows that are gone, and notes which they were."""

    seen_page: SeenPage
    model: type[Model]
    data: Any
    files: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and self.management_form.is_valid():
            self._leave_out_what_is_gone()

    def _leave_out_what_is_gone(self) -> None:
        total, initial = self.total_form_count(), self.initial_form_count()
        present = {str(each.pk) for each in self.get_queryset()}
        gone = [index for index in range(initial) if self._pk(index) not in present]
        if not gone:
            return
        self.seen_page.vanished += filter(None, map(self._vanished, gone))
        kept = [index for index in range(total) if index not in gone]
        self._renumber(kept, initial - len(gone))

    def _pk(self, index: int) -> str:
        name = f"{self.add_prefix(index)}-{self.model._meta.pk.name}"
        return str(self.data.get(name, ""))

    def _vanished(self, index: int) -> Vanished | None:
        """None for a row that the page never showed, or that was to be removed."""
        row = self.seen_page.row(self.model, self._pk(index))
        prefix = self.add_prefix(index)
        if row is None or self.data.get(f"{prefix}-{DELETION_FIELD_NAME}"):
            return None
        fields = self.form.base_fields
        is_edited = any(name.startswith(f"{prefix}-") for name in self.files) or any(
            plain(fields[name], _sent(fields[name], self.data, f"{prefix}-{name}"))
            != value
            for name, value in row.values.items()
            if name in fields
        )
        return Vanished(row.name, is_edited)

    def _renumber(self, kept: list[int], initial: int) -> None:
        """Move the forms that are kept to the first places."""
        places = {self.add_prefix(old): new for new, old in enumerate(kept)}
        self.data, self.files = (
            self._moved(values, places) for values in (self.data, self.files)
        )
        self.data[f"{self.prefix}-TOTAL_FORMS"] = str(len(kept))
        self.data[f"{self.prefix}-INITIAL_FORMS"] = str(initial)
        del self.__dict__["management_form"]

    def _moved(self, values: Any, places: dict[str, int]) -> Any:
        moved = values.copy()
        moved.clear()
        for name in values:
            number, _, rest = name.removeprefix(f"{self.prefix}-").partition("-")
            if name.startswith(f"{self.prefix}-") and number.isdecimal():
                place = places.get(f"{self.prefix}-{number}")
                if place is None:
                    continue
                moved.setlist(f"{self.add_prefix(place)}-{rest}", values.getlist(name))
            else:
                moved.setlist(name, values.getlist(name))
        return moved

    def _should_delete_form(self, form: Any) -> bool:
        """Not what changed since it was shown: the form then says so."""
        is_chosen: bool = super()._should_delete_form(form)  # type: ignore[misc]
        return is_chosen and not form.is_outdated


def merging_form(form: type[Any], page: SeenPage) -> type[Any]:
    """Return this ModelForm made to merge with what changed since this page."""
    attributes = {
        "seen_page": page,
        "watched": getattr(form, "watched", ()),
        "guarded": getattr(form, "guarded", ()),
    }
    metaclass: Any = type(form)
    made: type[Any] = metaclass(form.__name__, (MergingForm, form), attributes)
    return made


def merging_formset(formset: type[Any], page: SeenPage) -> type[Any]:
    return type(formset.__name__, (MergingFormSet, formset), {"seen_page": page})


def answer_name(bound: forms.BoundField) -> str:
    return f"{bound.html_name}-counts"


def shown(field: forms.Field, value: Any) -> str:
    """Return a value as people read it: of a menu the words, not the number."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(field, forms.ModelChoiceField):
        rows: Any = field.queryset
        row = rows.filter(pk__in=[field.prepare_value(value) or 0]).first()
        return field.label_from_instance(row).strip() if row else "–"
    labels = dict(getattr(field, "choices", ()))
    return str(labels.get(value, "–" if value in field.empty_values else value))


def who_changed(instance: Model, since: datetime) -> str:
    """Return who changed this row last in admin; "" for an import or a program."""
    kind = ContentType.objects.get_for_model(instance)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(instance.pk))
    entry = entries.filter(action_time__gte=since).select_related("user").first()
    return entry.user.get_username() if entry else ""


def _is_compared(name: str, field: forms.Field) -> bool:
    is_file = isinstance(field, forms.FileField)
    return not (is_file or field.disabled or name == DELETION_FIELD_NAME)


def _sent(field: forms.Field, data: Any, name: str) -> Any:
    return field.widget.value_from_datadict(data, {}, name)


def _replaced() -> str:
    return _(
        "This was changed by somebody else meanwhile, as shown. Do it again if it "
        "still counts."
    )
