"""The import of products and their pictures from a catalogue file.

A row is imported whole or not at all. Whatever is wrong with it, a price or one of its
pictures, is reported by line, column and reason; the product stays as it was, its
other pictures too, and the other rows are imported. So the same file may be corrected
and sent again: rows that say what is stored already write nothing.

A missing column and an empty cell keep what is stored. A list of pictures is the
whole list: pictures of the product that are not in it are removed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from catalogue.identity import normal_form
from catalogue.importing.categories import CategoryIndex
from catalogue.importing.pictures import Pictures
from catalogue.importing.plans import Plan, plan, write, write_light
from catalogue.importing.reading.tables import Problem, Row, Table
from catalogue.importing.rows import ParsedRow, parse
from catalogue.models import Product
from catalogue.signals import bulk_images

BATCH = 200  # rows whose products are looked up together
MAX_MISSING_SHARE = 0.2  # of the active products


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    DEACTIVATED = "deactivated"
    WARNING = "warning"

    @property
    def is_of_row(self) -> bool:
        """Whether it is the outcome of a row, and not of a product or of the file."""
        return self not in (Outcome.DEACTIVATED, Outcome.WARNING)


@dataclass(frozen=True)
class Result:
    """What became of a row. `line` is 0 for a product that is not in the file.

    `problems` say why it was not imported, `notes` what was changed in it.
    """

    line: int
    sku: str
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def remarks(self) -> tuple[Problem, ...]:
        return self.problems + self.notes


@dataclass
class Summary:
    """Rows by outcome; `refused` says why nothing was deactivated."""

    rows: int
    counts: Counter[Outcome] = field(default_factory=Counter)
    refused: str = ""

    def as_dict(self) -> dict[str, int | str]:
        counts: dict[str, int | str] = {
            outcome.value: self.counts[outcome]
            for outcome in Outcome
            if outcome != Outcome.WARNING
        }
        return {"rows": self.rows, **counts, "refused": self.refused}


@dataclass(frozen=True)
class Options:
    """How to import; `dry_run` checks everything, pictures too, and writes nothing."""

    dry_run: bool = False
    deactivate_missing: bool = False


@dataclass
class _Import:
    pictures: Pictures
    options: Options
    with_images: bool
    decimal_mark: str
    categories: CategoryIndex
    lines: dict[str, int] = field(default_factory=dict)  # first, by SKU
    unknown_skus: int = 0


def import_catalogue(
    table: Table,
    pictures: Pictures,
    options: Options,
    on_result: Callable[[Result], None] = lambda result: None,
) -> Summary:
    """Import every row; call on_result with each in the file's order.

    Products that are not in the file are deactivated only on request, only if they are
    at most MAX_MISSING_SHARE of the active ones, and only if every SKU could be read.
    """
    summary = Summary(len(table))
    active_before = Product.objects.on_sale().count()
    run = _Import(
        pictures,
        options,
        with_images="images" in table.columns,
        decimal_mark=table.decimal_mark,
        categories=CategoryIndex(),
    )

    def note(result: Result) -> None:
        summary.counts[result.outcome] += 1
        on_result(result)

    for line, column, text in table.warnings:
        problem = Problem(column, text)
        note(Result(line, "", Outcome.WARNING, notes=(problem,)))
    with bulk_images():
        rows = table.rows()
        while batch := list(islice(rows, BATCH)):
            for result in _import_batch(run, batch):
                note(result)
    if options.deactivate_missing:
        summary.refused = _deactivate_missing(run, active_before, note)
    return summary


def _import_batch(run: _Import, rows: list[Row]) -> Iterator[Result]:
    parsed = [_checked(run, parse(row, run.decimal_mark)) for row in rows]
    stored = _stored(run, [row.sku for row in parsed])
    light: list[tuple[ParsedRow, Plan]] = []
    for row in parsed:
        planned = plan(row, stored.get(row.sku), run.categories, run.pictures)
        if planned.is_light:
            light.append((row, planned))
            continue
        # Heavy rows one at a time: pictures take time and memory.
        yield from _import_light(run, light)
        light.clear()
        yield _import_row(run, row, planned)
    yield from _import_light(run, light)


def _checked(run: _Import, row: ParsedRow) -> ParsedRow:
    """Return the row; add a problem if its SKU came earlier in the file."""
    if not row.sku:
        run.unknown_skus += 1
        return row
    first = run.lines.setdefault(row.sku, row.line)
    if first == row.line:
        return row
    problem = Problem("sku", _("The same SKU is in line %d.") % first)
    return ParsedRow(row.line, row.sku, problems=(*row.problems, problem))


def _stored(run: _Import, skus: list[str]) -> dict[str, Product]:
    products = Product.objects.filter(sku__in=skus)
    if run.with_images:
        products = products.prefetch_related("images")
    return {normal_form(product.sku): product for product in products}


def _import_light(run: _Import, rows: list[tuple[ParsedRow, Plan]]) -> Iterator[Result]:
    """Write prices, stock and the like in one transaction; on failure, one by one."""
    try:
        if not run.options.dry_run:
            write_light([planned for _row, planned in rows if not planned.problems])
    except DatabaseError:
        for row, planned in rows:
            yield _import_row(run, row, planned)
        return
    for row, planned in rows:
        yield _result(row, planned)


def _import_row(run: _Import, row: ParsedRow, planned: Plan) -> Result:
    try:
        return _written(run, row, planned)
    except (DatabaseError, OSError):
        return _import_again(run, row)


def _import_again(run: _Import, row: ParsedRow) -> Result:
    """Plan a failed row again, since somebody else may have written meanwhile."""
    run.categories = CategoryIndex()
    stored = _stored(run, [row.sku]).get(row.sku)
    planned = plan(row, stored, run.categories, run.pictures)
    try:
        return _written(run, row, planned)
    except (DatabaseError, OSError) as error:
        problem = Problem("", _("It could not be stored: %s.") % error)
        return Result(row.line, row.sku, Outcome.FAILED, (problem,))


def _written(run: _Import, row: ParsedRow, planned: Plan) -> Result:
    result = _result(row, planned)
    is_change = result.outcome in (Outcome.CREATED, Outcome.UPDATED)
    if is_change and not run.options.dry_run:
        write(planned)
        if planned.category:
            run.categories.add(planned.category, planned.product.category_id)
    return result


def _result(row: ParsedRow, planned: Plan) -> Result:
    """Return the outcome of this plan; call it before the plan is written."""
    if planned.problems:
        outcome = Outcome.FAILED
    elif planned.is_new:
        outcome = Outcome.CREATED
    else:
        outcome = Outcome.UPDATED if planned.is_change else Outcome.UNCHANGED
    return Result(row.line, row.sku, outcome, planned.problems, planned.notes)


def _deactivate_missing(
    run: _Import, active_before: int, note: Callable[[Result], None]
) -> str:
    """Hide products that the file does not name; return why not, if it is refused."""
    if run.unknown_skus:
        return _("Nothing was deactivated: the SKU of %d rows is unknown.") % (
            run.unknown_skus
        )
    active = Product.objects.on_sale().values_list("pk", "sku")
    missing = {
        pk: sku for pk, sku in active.iterator() if normal_form(sku) not in run.lines
    }
    if len(missing) > MAX_MISSING_SHARE * active_before:
        return _(
            "Nothing was deactivated: %(missing)d of %(active)d active products are"
            " not in the file, more than %(most)d %%."
        ) % {
            "missing": len(missing),
            "active": active_before,
            "most": MAX_MISSING_SHARE * 100,
        }
    if not run.options.dry_run:
        _deactivate(list(missing))
    for sku in missing.values():
        note(Result(0, sku, Outcome.DEACTIVATED))
    return ""


def _deactivate(product_ids: list[int]) -> None:
    with transaction.atomic():
        for start in range(0, len(product_ids), BATCH):
            some = product_ids[start : start + BATCH]
            Product.objects.filter(pk__in=some).update(active=False)
