"""What admin's pages of all rows share: rights, and edits that meet."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import BigIntegerField, Model, QuerySet
from django.forms import FileField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from staff.deletion import summary_of
from staff.merging import merging_form, merging_formset
from staff.once import once
from staff.paging import paged_formset
from staff.rights import is_offered
from staff.seen import SeenPage, SeenRow, plain_text, seen_by

# Rows that the page which asks again before a deletion names, each with a field of its
# form: Django takes 1000.
DELETED_AT_ONCE = 900


class StaffAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Offers actions by their rights, and merges forms with what changed meanwhile.

    watched: attributes that an action goes by; a row whose have changed since the list
    was shown is left out of the action, and named.
    """

    watched: tuple[str, ...] = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One that names no rights is offered to nobody."""
        offered: dict[str, Any] = super().get_actions(request)
        return {
            name: action
            for name, action in offered.items()
            if is_offered(request.user, action[0])
        }

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Rows that hang on these go with them, and are listed before.

        They need no right of their own: some, such as pairs of the duplicates queue,
        nobody may delete by hand.
        """
        if summary := summary_of(objs):
            may = all(self.has_delete_permission(request, each) for each in objs)
            return summary._replace(
                perms_needed=set() if may else {self.opts.verbose_name}
            )
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return rows, counts, lacking & {self.opts.verbose_name}, protected

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return merging_form(form, seen_by(request))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        form = super().get_changelist_form(request, **kwargs)
        return merging_form(form, seen_by(request))

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        formset = super().get_changelist_formset(request, **kwargs)
        return merging_formset(formset, seen_by(request))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Lock it where its form is being saved."""
        if request.method == "POST" and not from_field:
            self._lock([object_id])
        return super().get_object(request, object_id, from_field)

    def _lock(self, ids: list[str]) -> None:
        if transaction.get_connection().in_atomic_block:
            rows = self.model._base_manager.select_for_update().order_by("pk")
            list(rows.filter(pk__in=filter(_is_id, ids)).values_list("pk"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if request.method == "POST" and object_id and self._is_gone(request, object_id):
            return self._show_again(request, unquote(object_id))
        work = partial(
            super().changeform_view, request, object_id, form_url, extra_context
        )
        response = once(request, work) if request.method == "POST" else work()
        self._tell_what_is_gone(request)
        return response

    def _is_gone(self, request: HttpRequest, object_id: str) -> bool:
        """Tell whether a form is sent of a row that was there when it was shown."""
        return (
            self.has_change_permission(request)
            and seen_by(request).row(self.model, unquote(object_id)) is not None
            and self.get_object(request, unquote(object_id)) is None
        )

    def _show_again(self, request: HttpRequest, object_id: str) -> Any:
        """Show what was written for a row that is gone as a new one, not yet saved."""
        messages.warning(request, self._told_gone(request, object_id))
        if not self.has_add_permission(request):
            return self.response_post_save_change(request, None)
        form = self.get_form(request, None, change=False)(request.POST)
        request.written = {  # type: ignore[attr-defined]
            name: form[name].data
            for name, field in form.fields.items()
            if not isinstance(field, FileField)
        }
        request.method = "GET"
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_add")
        return self.add_view(request, form_url=url)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return getattr(request, "written", initial)

    def _told_gone(self, request: HttpRequest, object_id: str) -> str:
        row = seen_by(request).row(self.model, object_id)
        kind = ContentType.objects.get_for_model(self.model)
        deletions = LogEntry.objects.filter(action_flag=DELETION, content_type=kind)
        entry = deletions.filter(object_id=object_id).select_related("user").first()
        who = entry.user.get_username() if entry else _("somebody")
        text = _("“%(name)s” was deleted by %(who)s meanwhile.") % {
            "name": row.name if row else object_id, "who": who,
        }  # fmt: skip
        if not self.has_add_permission(request):
            return f"{text} {_('What you wrote was not saved.')}"
        return f"{text} {_('What you wrote is here: save it as a new one, or leave.')}"

    def _tell_what_is_gone(self, request: HttpRequest) -> None:
        page = seen_by(request)
        for gone in page.vanished:
            text = _("%(name)s is gone: somebody removed it meanwhile.")
            if gone.is_edited:
                text += " " + _("What you changed there was not saved.")
            messages.warning(request, text % {"name": capfirst(gone.name)})
        page.vanished.clear()

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        page = SeenPage()
        if kwargs.get("obj") and self.has_change_permission(request, kwargs["obj"]):
            _add_forms(page, [context["adminform"].form])
            for inline in context["inline_admin_formsets"]:
                _add_forms(page, inline.formset.forms)
        context["seen"] = page.signed()
        if request.FILES:
            text = _("Nothing is saved yet. Choose the files again, please.")
            messages.warning(request, text)
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        work = partial(super().changelist_view, request, extra_context)
        if request.method == "POST":
            response = cast(
                HttpResponse, once(request, partial(self._locked, request, work))
            )
        else:
            response = work()
        self._tell_what_is_gone(request)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            context["seen"] = self._seen_in_list(context["cl"]).signed()
        return response

    def _locked(self, request: HttpRequest, work: Callable[[], Any]) -> Any:
        """Work on a list while the rows are locked that it sends."""
        ids = _ids_in(request)
        _refuse_what_is_no_id(ids)
        with transaction.atomic():
            self._lock(ids)
            return work()

    def _seen_in_list(self, changes: Any) -> SeenPage:
        page = SeenPage()
        formset = changes.formset
        if formset is not None and formset.is_bound:
            # The rows that were sent, which are not those of the page as it is now.
            changes.result_list = [form.instance for form in formset.forms]
        for row in changes.result_list:
            page.add(row, SeenRow(str(row), self._watched_of(row)))
        if formset is not None:
            _add_forms(page, formset.forms, beside=page)
        return page

    def _watched_of(self, row: Model) -> dict[str, str]:
        return {name: plain_text(getattr(row, name)) for name in self.watched}

    def response_action(
        self, request: HttpRequest, queryset: "QuerySet[Any]", *args: Any, **kwargs: Any
    ) -> Any:
        """Leave out, and name, rows that are gone or were decided on meanwhile."""
        page = seen_by(request)
        sent = request.POST.getlist(ACTION_CHECKBOX_NAME)
        _refuse_what_is_no_id(sent)
        chosen = [
            (pk, row) for pk in sent if (row := page.row(self.model, pk)) is not None
        ]
        present = queryset.order_by().in_bulk([pk for pk, _row in chosen])
        decided = []
        for pk, seen in chosen:
            row = present.get(int(pk))
            if row is None:
                text = _("%(name)s is gone: somebody removed it meanwhile.")
            elif seen.values.items() >= self._watched_of(row).items():
                continue
            else:
                text = _("%(name)s was left out: somebody decided on it meanwhile.")
                decided.append(row.pk)
            messages.warning(request, text % {"name": capfirst(seen.name)})
        queryset = queryset.exclude(pk__in=decided)
        if self._is_too_much(request, queryset, len(sent)):
            text = _("At most %d at once can be deleted. Choose fewer.")
            messages.error(request, text % DELETED_AT_ONCE)
            return None
        return super().response_action(request, queryset)

    def _is_too_much(
        self, request: HttpRequest, queryset: "QuerySet[Any]", chosen: int
    ) -> bool:
        """Tell whether the page that asks again would hold more than can be sent."""
        if "delete_selected" not in request.POST.getlist("action"):
            return False
        is_all = request.POST.get("select_across") == "1"
        return (queryset.count() if is_all else chosen) > DELETED_AT_ONCE


class StaffInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a StaffAdmin's form, merged as the form is, and shown by pages."""

    template = "admin/staff/tabular.html"
    per_page = 50

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        page = seen_by(request)
        kwargs["form"] = merging_form(self.form, page)
        paged = paged_formset(self.formset, request.GET, self.per_page)
        kwargs["formset"] = merging_formset(paged, page)
        return super().get_formset(request, obj, **kwargs)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows = super().get_queryset(request)
        return rows.select_for_update() if request.method == "POST" else rows


def _add_forms(page: SeenPage, forms: Any, *, beside: SeenPage | None = None) -> None:
    """Add the rows of these forms; `beside` what the page shows of them already."""
    for form in forms:
        if form.instance.pk is not None:
            row = form.as_seen()
            if beside and (old := beside.row(type(form.instance), form.instance.pk)):
                row = SeenRow(row.name, {**old.values, **row.values}, row.asked)
            page.add(form.instance, row)


def _is_id(text: str) -> bool:
    return text.isdecimal() and int(text[:20]) <= BigIntegerField.MAX_BIGINT


def _refuse_what_is_no_id(texts: list[str]) -> None:
    """Raise BadRequest: Django would pass it to the database."""
    if not all(map(_is_id, texts)):
        raise BadRequest("a row is named by what is no id")


def _ids_in(request: HttpRequest) -> list[str]:
    """Return the ids of rows that a list with editable columns sends."""
    sent = request.POST.items()
    return [str(value) for name, value in sent if re.fullmatch(r"form-\d+-id", name)]
