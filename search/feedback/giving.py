"""What shoppers say of an answer: this product is right, that one is wrong.

Kept without the picture and without who said it: a hash of the app key or the address,
with a salt of the day that is thrown away two days later, tells one sender from another
and leads back to none.
"""

import hashlib
import secrets
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalogue.models import Product
from search.answers.query import Query
from search.answers.similar import answers_photo
from search.errors import KeyReused, NotAnswered, UnknownProduct
from search.gallery.filters import NO_FILTERS, Filters
from search.models import Feedback, Salt

DAY = timedelta(days=1)


def give(
    token: str,
    product_id: int,
    verdict: str,
    *,
    sender: str,
    idempotency_key: str = "",
    filters: Filters = NO_FILTERS,
) -> Feedback:
    """Keep one verdict on a product that answered the query of this token.

    filters: those of the answer, under which a product further off may be in it.
    sender: one word for who says so, such as `access.callers.caller_of(request)`; its
    hash is kept. With a key, the same again is answered by what was kept at first.
    Raises QueryExpired, ForeignEncoder, UnknownProduct, NotAnswered,
    SearchUnavailable, and KeyReused if the same sender sent the key with something
    else, today or yesterday.
    """
    today, *before = _salts(timezone.now().date())
    body = _hash(b"", token, str(product_id), verdict)
    keyed = [
        _hash(salt, sender, idempotency_key)
        for salt in (today, *before)
        if idempotency_key
    ]
    if earlier := _earlier(keyed, body):
        return earlier
    query = Query.from_token(token)
    product = Product.objects.on_sale().filter(pk=product_id).first()
    if product is None:
        raise UnknownProduct
    if not answers_photo(query, product_id, filters):
        raise NotAnswered
    given = Feedback(
        product=product,
        verdict=verdict,
        encoder=query.encoder,
        embedding=query.embedding.tobytes(),
        code=query.codes.tobytes() if len(query.embedding) else b"",
        sender=_hash(today, sender),
        idempotency=keyed[0] if keyed else None,
        body=body,
    )
    try:
        with transaction.atomic():
            given.save()
    except IntegrityError:  # the same request was a moment quicker elsewhere
        if earlier := _earlier(keyed, body):
            return earlier
        raise
    return given


def _earlier(keyed: list[str], body: str) -> Feedback | None:
    """Return what came with this key before. Raises KeyReused if it was different."""
    found = Feedback.objects.filter(idempotency__in=keyed).first() if keyed else None
    if found and found.body != body:
        raise KeyReused
    return found


def _salts(today: date) -> list[bytes]:
    """Today's, made when it is first asked for, and yesterday's if there is one."""
    yesterday = today - DAY
    kept = {salt.day: bytes(salt.value) for salt in Salt.objects.all()}
    if today not in kept:
        value = secrets.token_bytes(32)
        row, _ = Salt.objects.get_or_create(day=today, defaults={"value": value})
        kept[today] = bytes(row.value)
        Salt.objects.filter(day__lt=yesterday).delete()
    return [kept[day] for day in (today, yesterday) if day in kept]


def _hash(salt: bytes, *words: str) -> str:
    digest = hashlib.sha256(salt)
    for word in words:
        digest.update(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()
