"""A form that is sent twice, by a double click or by hand, counts once.

The first to come writes its digest in the transaction that does the work; the second
waits for that and is led where the first was.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from staff.models import SentForm
from staff.seen import seen_by

KEPT = timedelta(days=1)
LEADS_TO = "leads_to"  # of an answer that is no redirect, and yet the end of a form


def once(
    request: HttpRequest, work: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Do what a form asks for, unless the same form was sent before.

    A form that is refused does not count, and one without what its page showed, as a
    program sends it, is never taken for a second one.
    """
    if not seen_by(request).is_sent:
        return work()
    with transaction.atomic():
        form = _first(_digest(request))
        if form is None:
            return _led_to_the_first(request)
        response = work()
        if location := _end_of(response):
            SentForm.objects.filter(pk=form.pk).update(location=location[:2000])
        else:
            form.delete()
    return response


def _first(digest: str) -> SentForm | None:
    """Note this form; None if it is noted already. Waits for one being worked on."""
    SentForm.objects.filter(sent__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            return SentForm.objects.create(digest=digest)
    except IntegrityError:
        return None


def _led_to_the_first(request: HttpRequest) -> HttpResponseBase:
    form = SentForm.objects.filter(digest=_digest(request)).first()
    messages.info(request, _("This form was sent twice. It counts once."))
    return redirect(form.location if form and form.location else request.path)


def _end_of(response: HttpResponseBase) -> str:
    return str(getattr(response, LEADS_TO, "") or response.get("Location", ""))


def _digest(request: HttpRequest) -> str:
    fields = {
        name: request.POST.getlist(name)
        for name in sorted(request.POST)
        if name != "csrfmiddlewaretoken"
    }
    files = [
        (name, file.name, file.size)
        for name in sorted(request.FILES)
        for file in request.FILES.getlist(name)
    ]
    whole = json.dumps([request.user.pk, request.get_full_path(), fields, files])
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
