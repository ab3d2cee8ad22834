"""Categories by their names, in whatever language they are asked for."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from catalogue.models import Category
from search.words.language import glossary, sentences
from search.words.language.tokens import needed, words

# What the name of a category above counts, against its own.
ABOVE = 0.7
# A name that stands for two things: `Books and albums`.
JOINED = {"and", "&", "or", "und"}
# Least cosine at which the sentence encoder may say that a name is meant, and how much
# nearer it must be than any other. By the names of the demo shop.
MEANT = 0.68
CLEARLY = 0.05

Terms = tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A category; names: its own, by their terms."""

    pk: int
    slug: str
    name: str
    path: str
    names: tuple[Terms, ...]


@dataclass(frozen=True)
class Categories:
    """The tree, as it is now."""

    all: tuple[Named, ...]

    @classmethod
    def now(cls) -> Self:
        """One query."""
        rows = Category.objects.order_by("path")
        fields = rows.values_list("pk", "slug", "name", "path")
        return cls(
            tuple(
                Named(pk, slug, name, path, _names_of(name))
                for pk, slug, name, path in fields
            )
        )

    def called(self, phrase: str) -> Named | None:
        """The one that is called so, or by a word of the same meaning.

        Of one within another the upper; None where no name fits, or apart ones do.
        """
        asked = needed(phrase)
        own = [each for each in self.all if asked in each.names]
        if own:
            return own[0]
        # An electric kettle is a kettle: what a thing is comes last.
        others = [needed(other) for other in glossary.same_as(phrase)]
        found = [
            each
            for each in self.all
            if any(_ends(other, name) for other in others for name in each.names)
        ]
        is_one = all(_is_kin(each.path, found[0].path) for each in found)
        return found[0] if found and is_one else None

    def meant(self, phrase: str) -> Named | None:
        """The one whose name means this, by the sentence encoder; None if in doubt."""
        if not self.all:
            return None
        names = sentences.encode_known([each.name for each in self.all])
        cosines = names @ sentences.encode_known([phrase])[0]
        first, *others = np.argsort(-cosines, kind="stable").tolist()
        kin = self.all[first].path
        rest = [row for row in others if not _is_kin(self.all[row].path, kin)]
        least = max(MEANT, cosines[rest[0]] + CLEARLY if rest else MEANT)
        return self.all[first] if cosines[first] >= least else None

    def with_terms(self, wanted: Terms) -> dict[int, float]:
        """Those whose names, or names above, have these terms: what each counts."""
        found: dict[int, float] = {}
        above: dict[str, bool] = {}
        for each in self.all:
            own = any(set(wanted) <= set(name) for name in each.names)
            is_below = any(each.path.startswith(path) for path in above)
            if own:
                above[each.path] = True
            if own or is_below:
                found[each.pk] = 1.0 if own else ABOVE
        return found

    def subtree(self, category: Named) -> list[int]:
        """Its id and those of everything below it."""
        return [each.pk for each in self.all if each.path.startswith(category.path)]

    def called_by(self, terms: Terms) -> bool:
        """Whether a name has all of these."""
        return any(set(terms) <= set(name) for each in self.all for name in each.names)


@lru_cache(maxsize=4096)
def _names_of(name: str) -> tuple[Terms, ...]:
    """Its whole name, and each part of one that names two things."""
    parts: list[list[str]] = [[]]
    for word in words(name):
        if word in JOINED:
            parts.append([])
        else:
            parts[-1].append(word)
    whole = needed(name)
    split = [needed(" ".join(part)) for part in parts if part]
    return tuple(dict.fromkeys([whole, *split]))


def _ends(terms: Terms, name: Terms) -> bool:
    return terms[-len(name) :] == name


def _is_kin(path: str, other: str) -> bool:
    return path.startswith(other) or other.startswith(path)
