"""The rows of a form within a form, page by page."""

from typing import Any

from django.forms import BaseModelFormSet
from django.http import QueryDict


class PagedFormSet(BaseModelFormSet):  # type: ignore[type-arg]
    """Shows some rows at a time; takes just those that were sent.

    per_page: rows; query: of the page's address, where `images-page=2` chooses.
    """

    per_page: int
    query: QueryDict
    data: Any

    def get_queryset(self) -> Any:
        if not hasattr(self, "_queryset"):
            self._all = super().get_queryset()
            self._queryset = self._all.filter(pk__in=self._page_ids())
        return self._queryset

    def _page_ids(self) -> list[Any]:
        if self.is_bound:
            name = self.model._meta.pk.name  # type: ignore[union-attr]
            names = (f"{self.add_prefix(at)}-{name}" for at in self._sent_rows())
            return [pk for each in names if (pk := self.data.get(each, "")).isdecimal()]
        start = (self.page - 1) * self.per_page
        ids = self._all.values_list("pk", flat=True)
        return list(ids[start : start + self.per_page])

    def _sent_rows(self) -> range:
        is_valid = self.management_form.is_valid()
        return range(self.initial_form_count() if is_valid else 0)

    @property
    def page(self) -> int:
        number = self.query.get(f"{self.prefix}-page", "")
        is_number = number.isdecimal() and len(number) < 9  # noqa: PLR2004
        return min(max(int(number), 1), self.page_count) if is_number else 1

    @property
    def page_count(self) -> int:
        return max(1, -(-self._all.count() // self.per_page))

    @property
    def page_links(self) -> list[tuple[int, str]]:
        """Each page's number and address; "" for the one that is shown."""
        links = []
        for number in range(1, self.page_count + 1):
            query = self.query.copy()
            query[f"{self.prefix}-page"] = str(number)
            is_shown = number == self.page
            links.append((number, "" if is_shown else f"?{query.urlencode()}"))
        return links


def paged_formset(formset: type[Any], query: QueryDict, per_page: int) -> type[Any]:
    attributes = {"query": query, "per_page": per_page}
    return type(formset.__name__, (PagedFormSet, formset), attributes)
