"""Search by words: what shoppers type, against the database's own search.

    python -m benchmarks.bench_words

On PostgreSQL, in one process. First the demo shop, asked tests/search/phrasings.toml:
right means that of the first ten (of as many as there are) every product fits, and that
what is not sold is said not to be. Peers in the same run: `icontains` (every word in a
name, description, brand, colour or category) and PostgreSQL's full text search
(`SearchVector` with ranks, English). Then the same questions to a shop of PRODUCTS,
made of the demo shop's words (seed 1); a peer's time is that of its query alone, ours
that of the whole answer, read and fetched. Freshness: from a save to its answer.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.shop import Shop, percentile, save_result
from tests.servers import PostgresServer

PRODUCTS = 100_000
SEED = 1
UPDATES = 30
CHUNK = 5000
PEERS_ASKED = 10  # of so many questions one is put to a peer there: each takes seconds

Answered = tuple[str, list[str]]  # how close the best is, and the numbers in order


def main() -> None:
    with Shop() as shop:
        folder = shop.folder / "postgres"
        folder.mkdir()
        shop.folder.chmod(0o711)
        folder.chmod(0o711)
        with PostgresServer(folder) as server:
            os.environ["DATABASE_URL"] = server.url
            os.environ["DATA_DIR"] = shop.environment["DATA_DIR"]
            os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
            import django

            django.setup()
            measure()


def measure() -> None:
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    demo = on_demo()
    large = on_large()
    rows = [
        {
            "search": name,
            **demo[name],
            f"ms at {PRODUCTS:,}": large["ms"][name]["median"],
        }
        for name in demo
    ]
    for row in rows:
        print(" · ".join(f"{name} {value}" for name, value in row.items()))
    print(large)
    path = save_result("words", {"seed": SEED, "table": rows, "demo": demo, **large})
    print(f"written to {path}")


def on_demo() -> dict[str, dict[str, Any]]:
    from search.words import text_encoding
    from tests.search.phrasings import open_demo_shop, phrasings

    open_demo_shop()
    text_encoding.encode_missing()
    asked = list(phrasings())
    found: dict[str, dict[str, Any]] = {}
    for name, ask in searches().items():
        answers, ms = timed(ask, [each.q for each in asked])
        pairs = zip(asked, answers, strict=True)
        right = [each.is_right(*answer) for each, answer in pairs]
        found[name] = {
            "right": round(sum(right) / len(right), 3),
            "phrasings": len(right),
            **ms,
        }
    return found


def on_large() -> dict[str, Any]:
    from search.words import words_gallery
    from tests.search.phrasings import phrasings

    fill()
    words_gallery.holder.reset()
    before, start = resident_mb(), time.perf_counter()
    words_gallery.current("")
    read = time.perf_counter() - start
    held = resident_mb() - before
    asked = [each.q for each in phrasings()]
    return {
        "products": PRODUCTS,
        "read_s": round(read, 1),
        "held_mb": round(held),
        "ms": {
            name: timed(ask, asked if ask is ours else asked[::PEERS_ASKED])[1]
            for name, ask in searches().items()
        },
        "freshness_s": freshness(),
    }


def searches() -> dict[str, Callable[[str], Answered]]:
    return {"words": ours, "icontains": by_icontains, "full text": by_full_text}


def timed(
    ask: Callable[[str], Answered], questions: list[str]
) -> tuple[list[Answered], dict[str, float]]:
    """All answers, and what they took; the first is asked once before."""
    ask(questions[0])
    answers, took = [], []
    for q in questions:
        start = time.perf_counter()
        answers.append(ask(q))
        took.append((time.perf_counter() - start) * 1000)
    return answers, {
        "median": round(median(took), 1),
        "p95": round(percentile(took, 0.95), 1),
    }


def ours(q: str) -> Answered:
    """As the API does, below its throttles."""
    from django.http import QueryDict
    from django.utils.http import urlencode

    from search.answers import word_search
    from search.web.forms import WordsForm

    form = WordsForm(QueryDict(urlencode({"q": q, "limit": 10})))
    form.is_valid()
    request = form.search_request()
    answer = word_search.by_words(request.words, request)
    return answer.match, [found.product.sku for found in answer.results]


def by_icontains(q: str) -> Answered:
    from django.db.models import Q

    from catalogue.models import Product

    every = Q()
    for word in q.split():
        any_field = Q()
        for field in ("name", "description", "brand", "colour", "category__name"):
            any_field |= Q(**{f"{field}__icontains": word})
        every &= any_field
    skus = list(
        Product.objects.filter(every).order_by("-pk").values_list("sku", flat=True)[:10]
    )
    return ("similar" if skus else "none"), skus


def by_full_text(q: str) -> Answered:
    from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector

    from catalogue.models import Product

    fields = ("name", "brand", "colour", "category__name")
    vector = SearchVector(*fields, weight="A", config="english") + SearchVector(
        "description", weight="B", config="english"
    )
    query = SearchQuery(q, config="english", search_type="websearch")
    found = Product.objects.annotate(vector=vector).filter(vector=query)
    ranked = found.annotate(rank=SearchRank(vector, query)).order_by("-rank", "pk")
    skus = list(ranked.values_list("sku", flat=True)[:10])
    return ("similar" if skus else "none"), skus


def fill() -> None:
    """PRODUCTS of the demo shop's kinds, words shuffled, meanings as of its own."""
    from catalogue.models import Category, Product
    from search.models import ProductText
    from search.words.documents import digest_of, sentence_of
    from tests.search.phrasings import catalogue

    chance = random.Random(SEED)
    names = dict(Category.objects.values_list("pk", "name"))
    models = list(Product.objects.order_by("pk"))
    vectors = dict(ProductText.objects.values_list("product", "embedding"))
    words = [word for row in catalogue() for word in row["name"].split()]
    for start in range(0, PRODUCTS - len(models), CHUNK):
        like = [chance.choice(models) for _ in range(CHUNK)]
        made = Product.objects.bulk_create(
            Product(
                sku=f"L-{start + number}",
                slug="large",
                name=f"{each.name} {' '.join(chance.sample(words, 2))}",
                category=each.category,
                brand=each.brand,
                colour=each.colour,
                price=each.price + Decimal(chance.randrange(200)) / 10,
                stock=chance.randrange(9),
                description=each.description,
            )
            for number, each in enumerate(like)
        )
        ProductText.objects.bulk_create(
            ProductText(
                product=each,
                digest=digest_of(
                    sentence_of(names[each.category_id], each.name, each.description)
                ),
                embedding=vectors[model.pk],
            )
            for each, model in zip(made, like, strict=True)
        )


def freshness() -> dict[str, float]:
    """Seconds from a save to the answer that has it, the worst and the median."""
    from catalogue.models import Product

    took = []
    for number, product in enumerate(sampled(UPDATES)):
        word = f"zzq{number}"
        changed = Product.objects.get(pk=product)
        changed.name = f"{changed.name} {word}"
        start = time.perf_counter()
        changed.save()
        while changed.sku not in ours(word)[1]:
            pass
        took.append(time.perf_counter() - start)
    return {"median": round(median(took), 3), "worst": round(max(took), 3)}


def sampled(count: int) -> Iterator[int]:
    from catalogue.models import Product

    ids = list(Product.objects.values_list("pk", flat=True))
    yield from random.Random(SEED).sample(ids, count)


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
