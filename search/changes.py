"""Changes: which products were touched, read in commit order so that none is lost.

A reader keeps a position and asks for what came since. On SQLite one transaction
writes at a time, so that ascending ids are commit order. On PostgreSQL they are
not: a transaction may take its id first and commit last, and a reader that has
passed it would never look back. There each row keeps the id of the transaction that
wrote it, and a position names, beside the first id that had not begun, those that
were still running: what they wrote is new whenever they commit. So a reader gets each
row once, and a transaction that runs for hours costs others nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Func, Max, Q
from django.utils import timezone

from search.models import Change, Collection, Snapshot

# A gallery of the engine that is not in use is given up after so long: a shop has time
# to move from one to the other, host by host.
UNUSED_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Position:
    """Where a reader is: it has read all before `upto` except what was `running`.

    own: the transaction that it read in, if that wrote, and its last change so far.
    """

    upto: int
    running: tuple[int, ...] = ()
    own: tuple[int, int] = (0, 0)

    @property
    def oldest(self) -> int:
        """The first change that the reader may not have read."""
        return min([self.upto, *self.running])


@dataclass(frozen=True)
class ChangedProducts:
    """The products that changed since a position, and where to read from next.

    is_complete: False if changes were deleted before this reader could read them.
    """

    products: frozenset[int]
    position: Position
    is_complete: bool


class CurrentXid(Func):
    template = "pg_current_xact_id()::text::bigint"


OLDEST_NEEDED = """
    (SELECT MIN(position) FROM (
        SELECT position FROM search_snapshot
        UNION ALL SELECT position FROM search_collection
    ) AS galleries)
"""
OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
SINCE_ID = f"""
    SELECT {OLDEST_NEEDED}, c.id, c.product_id
    FROM (SELECT 1) AS always
    LEFT JOIN search_change AS c ON c.id > %s
    ORDER BY c.id
"""  # noqa: S608 - of constants alone
SINCE_XID = f"""
    SELECT {OLDEST_NEEDED}, now.upto, now.running, now.own, c.id, c.xid, c.product_id
    FROM (
        SELECT
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS upto,
            ARRAY(SELECT pg_snapshot_xip(pg_current_snapshot())::text::bigint)
                AS running,
            pg_current_xact_id_if_assigned()::text::bigint AS own
    ) AS now
    LEFT JOIN search_change AS c
        ON (c.xid >= %s OR c.xid = ANY(%s::bigint[]))
        AND NOT (c.xid = %s AND c.id <= %s)
"""  # noqa: S608 - of constants alone


def record(product_ids: Iterable[int]) -> None:
    """Record, in the transaction that changes them, that these products changed."""
    xid = CurrentXid() if _is_postgresql() else 0
    Change.objects.bulk_create(
        Change(product_id=product_id, xid=xid) for product_id in set(product_ids)
    )


def renew(product_ids: Sequence[int]) -> None:
    """Record that these products changed, in place of their earlier changes."""
    with transaction.atomic():
        Change.objects.filter(product_id__in=product_ids).delete()
        record(product_ids)


def since(position: Position) -> ChangedProducts:
    """Read all changes from this position on, with one query."""
    if _is_postgresql():
        return _since_xid(position)
    with connection.cursor() as cursor:
        cursor.execute(SINCE_ID, [position.upto])
        rows = cursor.fetchall()
    oldest, last, _ = rows[-1]
    if last is None:
        return ChangedProducts(frozenset(), position, _has_all(position, oldest))
    products = frozenset(product for *_, product in rows)
    return ChangedProducts(products, Position(last), _has_all(position, oldest))


def current_position() -> int:
    """Return where a reader starts who reads the whole catalogue after this call."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {OLDEST_RUNNING}")
            return int(cursor.fetchone()[0])
    return Change.objects.aggregate(last=Max("pk"))["last"] or 0


def forget() -> None:
    """Delete the changes that no gallery needs; none while there is no gallery.

    A gallery of the engine that is not in use is given up, so that it does not keep
    changes for long.
    """
    unused = Collection if settings.SEARCH_ENGINE == "embedded" else Snapshot
    unused.objects.filter(as_of__lt=timezone.now() - UNUSED_AFTER).delete()
    position = oldest_needed()
    if position is not None:
        forget_before(position)


def encoders_with_gallery() -> set[str]:
    """Return the fingerprints of encoders whose galleries must see a new code."""
    galleries = (Snapshot.objects, Collection.objects)
    return {row for each in galleries for row in each.values_list("encoder", flat=True)}


def oldest_needed() -> int | None:
    """Return the position before which changes may be deleted; None if none may."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OLDEST_NEEDED}")
        oldest: int | None = cursor.fetchone()[0]
    return oldest


def forget_before(position: int) -> int:
    """Delete the changes before a position, and return how many there were."""
    old = Q(xid__lt=position) if _is_postgresql() else Q(pk__lt=position)
    return Change.objects.filter(old).delete()[0]


def _since_xid(position: Position) -> ChangedProducts:
    # One statement, so one view of the database: what it says of running
    # transactions is true of the rows that it returns.
    with connection.cursor() as cursor:
        cursor.execute(
            SINCE_XID, [position.upto, list(position.running), *position.own]
        )
        rows = cursor.fetchall()
    oldest, upto, running, own, *_ = rows[0]
    products = frozenset(row[-1] for row in rows if row[-1] is not None)
    is_complete = _has_all(position, oldest)
    if own is None:
        return ChangedProducts(products, Position(upto, tuple(running)), is_complete)
    # PostgreSQL does not call our own transaction running, and it may write more.
    already = position.own[1] if position.own[0] == own else 0
    last = max([already, *(pk for *_, pk, xid, _ in rows if xid == own)])
    return ChangedProducts(
        products, Position(upto, (*running, own), (own, last)), is_complete
    )


def _has_all(position: Position, oldest_needed: int | None) -> bool:
    """Return whether no change that this reader has not read was deleted."""
    return oldest_needed is None or oldest_needed <= position.oldest


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
