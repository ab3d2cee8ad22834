"""What a shopper or a program asks of a search, beside the photo or the token."""

from dataclasses import dataclass, field

from search.answers.matching import MatchOn
from search.answers.query import WHOLE, Box
from search.gallery.filters import NO_FILTERS, Filters
from search.words import words_gallery
from search.words.words_gallery import WordsGallery
from search.words.words_query import WordsQuery

RESULTS_PER_PAGE = 20
RELEVANCE = "relevance"
# The other orders: fields of Product; its id decides between equals.
SORT_FIELDS = {"price": "price", "-price": "-price", "newest": "-pk"}


@dataclass(frozen=True)
class SearchRequest:
    """The filters, order, page, words and box of a search.

    sort: RELEVANCE or a key of SORT_FIELDS; match_on: ignored where only words are
    searched; words: alone, or beside a photo; box: the part of a photo to search with;
    with_boxes: whether to suggest boxes of what stands out on a whole photo;
    words_gallery: by which the words were parsed, to rank by the same.
    """

    filters: Filters = NO_FILTERS
    page: int = 1
    limit: int = RESULTS_PER_PAGE
    sort: str = RELEVANCE
    match_on: str = MatchOn.ITEM
    words: WordsQuery | None = None
    box: Box = WHOLE
    with_boxes: bool = False
    words_gallery: WordsGallery | None = field(default=None, compare=False, repr=False)

    @property
    def has_filters(self) -> bool:
        return self.filters != NO_FILTERS

    @property
    def page_slice(self) -> slice:
        """Return which of the ordered results the page shows."""
        return slice((self.page - 1) * self.limit, self.page * self.limit)

    def next_page(self, count: int) -> int | None:
        """Return the number of the next page of so many results; None on the last."""
        return self.page + 1 if self.page * self.limit < count else None

    def gallery_for(self, words: WordsQuery) -> WordsGallery:
        """Return the gallery to rank these words by, read once a request."""
        gallery = self.words_gallery
        if gallery is None or gallery.is_partial:
            return words_gallery.current(words.ranked)
        return gallery


FIRST_PAGE = SearchRequest()
