"""Admin's page that imports a catalogue file, and shows how far it is."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from catalogue.forms import ImportForm
from catalogue.importing import jobs
from catalogue.importing.jobs import PROBLEMS_SHOWN
from catalogue.importing.reading.headers import COLUMNS
from catalogue.models import CatalogueImport
from catalogue.sending import send
from catalogue.tasks import run_import
from staff import history
from staff.edits import StaffAdmin
from staff.rights import staff_page

ADD, VIEW = "catalogue.add_catalogueimport", "catalogue.view_catalogueimport"
LABELS = {
    "created": _("created"),
    "updated": _("updated"),
    "unchanged": _("unchanged"),
    "failed": _("not imported"),
    "deactivated": _("hidden"),
}


class ImportAdmin(StaffAdmin):
    add_form_template = "admin/catalogue/import_form.html"
    change_form_template = "admin/catalogue/import_progress.html"
    list_display = ["name", "created", "created_by", "state", "summary"]
    list_filter = ["state"]
    list_select_related = ["created_by"]
    form = ImportForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_running = obj is not None and obj.state == CatalogueImport.State.RUNNING
        return not is_running and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "catalogue_catalogueimport"
        return [
            path(
                "<int:pk>/progress/", wrap(self.progress_view), name=f"{name}_progress"
            ),
            path("<int:pk>/report/", wrap(self.report_view), name=f"{name}_report"),
            path("<int:pk>/stop/", wrap(self.stop_view), name=f"{name}_stop"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"title": _("Import catalogue"), "columns": COLUMNS}
        return super().add_view(request, form_url, {**context, **(extra_context or {})})

    def save_model(
        self, request: HttpRequest, obj: CatalogueImport, form: Any, change: bool
    ) -> None:
        obj.name = form.cleaned_data["table"].name[:200]
        obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
        if settings.REDIS_URL:
            # Without Redis it would run here, in the request; keep_fresh finds it.
            transaction.on_commit(lambda: send(run_import, obj.pk), robust=True)

    def response_add(
        self, request: HttpRequest, obj: CatalogueImport, post_url_continue: Any = None
    ) -> HttpResponse:
        return redirect("admin:catalogue_catalogueimport_change", obj.pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        context = {"title": _("Import"), "subtitle": None}
        context |= _context(job) if job else {}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @staff_page(VIEW)
    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(CatalogueImport, pk=pk)
        return render(request, "admin/catalogue/_import_progress.html", _context(job))

    @staff_page(VIEW)
    def report_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        job = get_object_or_404(CatalogueImport, pk=pk)
        if not job.report:
            raise Http404
        name = f"{job.name.rsplit('.', 1)[0]} report.csv"
        try:
            file = job.report.open("rb")
        except FileNotFoundError as error:
            raise Http404 from error
        return FileResponse(
            file, as_attachment=True, filename=name, content_type="text/csv"
        )

    @staff_page(ADD)
    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(CatalogueImport, pk=pk)
        if request.method == "POST" and jobs.stop(pk):
            history.record(request, [job], _("Stopped."))
        return redirect("admin:catalogue_catalogueimport_change", pk)

    @admin.display(description=_("result"))
    def summary(self, job: CatalogueImport) -> str:
        return ", ".join(f"{number} {label}" for label, number in _counts(job))


def _counts(job: CatalogueImport) -> list[tuple[str, int]]:
    return [
        (str(label), job.counts[outcome])
        for outcome, label in LABELS.items()
        if job.counts.get(outcome)
    ]


def _context(job: CatalogueImport) -> dict[str, Any]:
    return {
        "job": job,
        "counts": _counts(job),
        "share": round(100 * job.done / job.total) if job.total else 0,
        "has_more_problems": len(job.problems) >= PROBLEMS_SHOWN,
    }
