"""Categories found by their names, in whatever language a shopper asks for them."""

from functools import lru_cache

import numpy as np

from search.words.categories import CategoryNode, CategoryTree
from search.words.language import glossary, sentences
from search.words.language.tokens import PhraseTerms, phrase_terms, split_words

# What the name of a category above counts, against the category's own.
PARENT_NAME_WEIGHT = 0.7
# Words between the two things of a name like `Books and albums`.
CONJUNCTIONS = {"and", "&", "or", "und"}
# The least cosine at which the sentence encoder may say that a name is meant, and how
# much nearer that name must be than any other. Measured on the demo shop's names.
MIN_COSINE = 0.68
MIN_COSINE_LEAD = 0.05


def category_called(tree: CategoryTree, phrase: str) -> CategoryNode | None:
    """Return the category of this name, or of a synonym.

    Of several that lie within each other it is the uppermost. None where no name
    fits, or synonyms are names of categories that lie apart.
    """
    terms = phrase_terms(phrase)
    for node in tree.nodes:
        if terms in name_variants(node.name):
            return node
    # An electric kettle is a kettle: the head noun comes last.
    synonyms = [phrase_terms(synonym) for synonym in glossary.synonyms(phrase)]
    fitting = [
        node
        for node in tree.nodes
        if any(
            _ends_with(synonym, name)
            for synonym in synonyms
            for name in name_variants(node.name)
        )
    ]
    is_one = all(node.is_kin(fitting[0]) for node in fitting)
    return fitting[0] if fitting and is_one else None


def category_meant(tree: CategoryTree, phrase: str) -> CategoryNode | None:
    """Return the category whose name means this; None if the encoder is in doubt."""
    if not tree.nodes:
        return None
    names = sentences.encode_cached([node.name for node in tree.nodes])
    cosines = names @ sentences.encode_cached([phrase])[0]
    best, *others = np.argsort(-cosines, kind="stable").tolist()
    node = tree.nodes[best]
    rivals = [row for row in others if not tree.nodes[row].is_kin(node)]
    least = MIN_COSINE
    if rivals:
        least = max(MIN_COSINE, cosines[rivals[0]] + MIN_COSINE_LEAD)
    return node if cosines[best] >= least else None


def category_weights(tree: CategoryTree, terms: PhraseTerms) -> dict[int, float]:
    """Return what each category counts, by id, if its name has all these terms.

    Categories below one with such a name count PARENT_NAME_WEIGHT.
    """
    weights: dict[int, float] = {}
    above: list[str] = []
    for node in tree.nodes:
        is_below = any(node.path.startswith(path) for path in above)
        if _has_terms(node, terms):
            above.append(node.path)
            weights[node.pk] = 1.0
        elif is_below:
            weights[node.pk] = PARENT_NAME_WEIGHT
    return weights


def is_in_a_name(tree: CategoryTree, terms: PhraseTerms) -> bool:
    """Return whether any category's name has all these terms."""
    return any(_has_terms(node, terms) for node in tree.nodes)


@lru_cache(maxsize=4096)
def name_variants(name: str) -> tuple[PhraseTerms, ...]:
    """Return the terms of a whole name, and of each part if it names two things."""
    parts: list[list[str]] = [[]]
    for word in split_words(name):
        if word in CONJUNCTIONS:
            parts.append([])
        else:
            parts[-1].append(word)
    whole = phrase_terms(name)
    split = [phrase_terms(" ".join(part)) for part in parts if part]
    return tuple(dict.fromkeys([whole, *split]))


def _has_terms(node: CategoryNode, terms: PhraseTerms) -> bool:
    return any(set(terms) <= set(name) for name in name_variants(node.name))


def _ends_with(terms: PhraseTerms, name: PhraseTerms) -> bool:
    return terms[-len(name) :] == name
