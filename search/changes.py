"""Which products were touched, in an order that loses nothing.

A reader keeps a position and asks for what came since. On SQLite one transaction
writes at a time, so that ascending ids are commit order. On PostgreSQL they are
not: a transaction may take its id first and commit last, and a reader that has
passed it would never look back. There each row keeps the id of the transaction that
wrote it, and a reader advances only to the oldest transaction that is still
running: everything before that has ended, so nothing before it can still appear.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Func, Max, Q

from search.models import Change


@dataclass(frozen=True)
class Seen:
    """Changes since a position: (change id, product id), and where to go on."""

    rows: list[tuple[int, int]]
    position: int


class CurrentXid(Func):
    template = "pg_current_xact_id()::text::bigint"


OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def record(product_ids: Iterable[int]) -> None:
    """Note, in the transaction that changes them, that these products changed."""
    xid = CurrentXid() if _is_postgresql() else 0
    Change.objects.bulk_create(
        Change(product_id=product_id, xid=xid) for product_id in set(product_ids)
    )


def renew(product_ids: Sequence[int]) -> None:
    """As `record`, in place of these products' earlier changes."""
    with transaction.atomic():
        Change.objects.filter(product_id__in=product_ids).delete()
        record(product_ids)


def since(position: int) -> Seen:
    """All changes from this position on. Some may be seen again: go by their ids."""
    if _is_postgresql():
        return _since_xid(position)
    rows = list(
        Change.objects.filter(pk__gt=position)
        .order_by("pk")
        .values_list("pk", "product_id")
    )
    return Seen(rows, rows[-1][0] if rows else position)


def position_now() -> int:
    """Where a reader starts who reads the whole catalogue after this call."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {OLDEST_RUNNING}")
            return int(cursor.fetchone()[0])
    return Change.objects.aggregate(last=Max("pk"))["last"] or 0


def forget_before(position: int) -> int:
    """Delete what no kept snapshot needs; returns how many."""
    old = Q(xid__lt=position) if _is_postgresql() else Q(pk__lt=position)
    return Change.objects.filter(old).delete()[0]


def _since_xid(position: int) -> Seen:
    # One statement, so one view of the database: what it says of running
    # transactions is true of the rows that it returns.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT now.oldest, c.id, c.product_id"  # noqa: S608
            f" FROM (SELECT {OLDEST_RUNNING} AS oldest) AS now"
            " LEFT JOIN search_change AS c ON c.xid >= %s ORDER BY c.id",
            [position],
        )
        rows = cursor.fetchall()
    found = [(pk, product_id) for _, pk, product_id in rows if pk is not None]
    return Seen(found, int(rows[0][0]))


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
