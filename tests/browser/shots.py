"""One picture of each page, for the docs: `make shots`.

    python -m tests.browser.shots [--out FOLDER] [--only PART_OF_A_NAME]

A demo shop of its own is opened, used as shoppers and staff use it, and looked at on a
phone and on a desk, in English and Chinese. Writes WebP files and, beside their folder,
shots.md, which lists them.
"""

import argparse
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.shop import BASE_DIR, Shop
from demo import PICTURES
from tests.chromium import chromium

DOCS = BASE_DIR / "docs"
STREET = PICTURES / "street"
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
DESK = {"viewport": {"width": 1280, "height": 860}}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
QUALITY = 55
PASSWORD = "only-for-pictures"

HEAD = """# The pages, seen

Taken by `make shots` from the demo shop; the first word says how wide the screen is, the
second in which language it is read.
"""


@dataclass(frozen=True)
class Visit:
    """A page that is being looked at, and the shop's pictures to send."""

    page: Page
    folder: Path

    def go(self, address: str) -> None:
        self.page.goto(address, wait_until="networkidle")

    def send(self, photo: Path, address: str = "/search/") -> None:
        """Choose a photo, and wait for what comes."""
        self.go(address)
        self.page.set_input_files("input[name=photo]", photo)
        self.page.locator(".results, .problem").first.wait_for()
        self.page.wait_for_load_state("networkidle")

    def street(self, number: int) -> Path:
        return STREET / f"street-{number:02}.jpg"


Act = Callable[[Visit], None]


@dataclass(frozen=True)
class Shot:
    """name: `phone-en-results`; about: one line for the docs; act: what leads there."""

    name: str
    about: str
    act: Act

    @property
    def is_phone(self) -> bool:
        return self.name.startswith("phone")

    @property
    def language(self) -> str:
        return self.name.split("-")[1]

    @property
    def is_staffs(self) -> bool:
        return "-admin" in self.name


def at(address: str) -> Act:
    return lambda visit: visit.go(address)


def two_things(visit: Visit) -> Path:
    """Return a photo with two things on it, far apart."""
    path = visit.folder / "two.jpg"
    photo = Image.new("RGB", (1000, 750), "#e9e7e4")
    for name, left, top in (("MUG-103-1", 40, 380), ("BAL-107-1", 640, 30)):
        thing = Image.open(PICTURES / "images" / f"{name}.webp").convert("RGB")
        photo.paste(thing.resize((320, 320)), (left, top))
    photo.save(path, quality=90)
    return path


def nothing_like_it(visit: Visit) -> Path:
    """Return a photo of nothing: dark, without an edge."""
    path = visit.folder / "nothing.jpg"
    Image.linear_gradient("L").resize((900, 1200)).point(lambda v: v // 6).save(path)
    return path


def with_part(visit: Visit) -> None:
    """Return a box drawn by keyboard."""
    visit.send(visit.street(13))
    page = visit.page
    page.locator("#box").focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    page.locator(".crop:not([data-box=''])").wait_for()
    page.wait_for_load_state("networkidle")


def with_filters(visit: Visit) -> None:
    visit.send(visit.street(1))
    page = visit.page
    if not page.locator("#category").is_visible():
        page.locator(".filters summary").click()
    page.locator("#max-price").scroll_into_view_if_needed()


def with_words(visit: Visit) -> None:
    visit.send(visit.street(1))
    visit.page.locator(".add-words input[name=words]").fill("in blue")
    visit.page.locator(".add-words input[name=words]").press("Enter")
    visit.page.locator(".chips").first.wait_for()
    visit.page.wait_for_load_state("networkidle")


def why(visit: Visit) -> None:
    visit.send(visit.street(1))
    visit.page.locator("a.why").first.click()
    visit.page.locator(".why-page").wait_for()


def judged(visit: Visit) -> None:
    visit.send(visit.street(1))
    visit.page.locator("button[name=right]").first.click()
    visit.page.locator("p.verdict").wait_for()
    visit.page.locator("p.verdict").scroll_into_view_if_needed()


def api_docs(visit: Visit) -> None:
    visit.go("/api/v1/docs/")
    visit.page.locator(".opblock").first.wait_for()


def missed(visit: Visit) -> None:
    """Shoppers looked for it before."""
    for q in ("bicycle", "bicycle", "cat food", "cat food", "cat food"):
        visit.go(f"/search/?q={q}")
    visit.go("/admin/search/missed/")


def suggestions(visit: Visit) -> None:
    visit.go("/")
    visit.page.locator("#q").press_sequentially("mu", delay=30)
    visit.page.locator("#suggestions li").first.wait_for()


def refused(visit: Visit) -> None:
    letter = visit.folder / "letter.jpg"
    letter.write_text("Dear shop,")
    visit.send(letter)


def product(sku: str) -> Act:
    def act(visit: Visit) -> None:
        visit.go(f"/search/?q={sku}")
        visit.page.locator(".card a").first.click()
        visit.page.wait_for_load_state("networkidle")

    return act


def staff_search(visit: Visit) -> None:
    visit.go("/admin/search/goldenquery/photo/")
    visit.page.set_input_files("input[name=photo]", visit.street(1))
    visit.page.locator(".by-photo button").click()
    visit.page.wait_for_load_state("networkidle")


def new_key(visit: Visit) -> None:
    visit.go("/admin/access/appkey/add/")
    visit.page.fill("#id_name", "Phone app")
    visit.page.locator("input[name=_save]").click()
    visit.page.locator("#app-key").wait_for()
    visit.page.evaluate(
        """() => { document.querySelectorAll("code").forEach((code) => {
            code.textContent = code.textContent.replace(/[\\w-]{24,}/, "sk_…");
        }) }"""
    )


def product_form(visit: Visit) -> None:
    visit.go("/admin/catalogue/product/?q=twice")
    visit.page.locator("#result_list tbody th a, #result_list td a").first.click()
    visit.page.wait_for_load_state("networkidle")


SHOTS = (
    Shot("desk-en-home", "The shop's first page.", at("/")),
    Shot("phone-zh-home", "The same on a phone.", at("/")),
    Shot("desk-en-category", "A category, with an order to choose.", at("/category/home/")),
    Shot("phone-en-category", "The same on a phone.", at("/category/home/")),
    Shot("phone-en-suggestions", "Words are completed while they are typed.", suggestions),
    Shot("phone-en-search", "Search with a photo: camera, file, or a sample.", at("/search/")),
    Shot("desk-zh-search", "The same on a desk: drop, paste, or choose.", at("/search/")),
    Shot("phone-en-refused", "A file that is no picture.", refused),
    Shot("desk-en-results", "What looks like the photo; filters stand open.",
         lambda visit: visit.send(visit.street(1))),
    Shot("phone-en-results", "The same on a phone.",
         lambda visit: visit.send(visit.street(1))),
    Shot("phone-zh-results", "The same in Chinese.",
         lambda visit: visit.send(visit.street(13))),
    Shot("phone-en-filters", "Filters with counts, opened.", with_filters),
    Shot("desk-en-part", "A part of the photo is searched.", with_part),
    Shot("phone-en-dots", "Several things stand out: a dot searches for one of them.",
         lambda visit: visit.send(two_things(visit))),
    Shot("desk-en-photo-and-words", "Words beside a photo become filters.", with_words),
    Shot("phone-zh-why", "Why this one: light on what made the two agree.", why),
    Shot("desk-en-why", "The same on a desk.", why),
    Shot("phone-en-nothing", "Nothing close enough, and what to try.",
         lambda visit: visit.send(nothing_like_it(visit))),
    Shot("desk-en-words", "Words alone; their filters can be taken off.",
         at("/search/?q=red+phone+under+500")),
    Shot("phone-zh-words", "The same in Chinese.", at("/search/?q=红色手机")),
    Shot("phone-en-words-nothing", "Words for what is not sold here.",
         at("/search/?q=bicycle")),
    Shot("desk-en-product", "A product, and what looks similar.", product("MUG-101")),
    Shot("phone-en-sold-out", "Sold out: what is in stock and looks like it.",
         product("TEA-101")),
    Shot("phone-zh-privacy", "What becomes of a photo.", at("/privacy/")),
    Shot("phone-en-missing", "A page that is not there.", at("/nothing-here/")),
    Shot("desk-en-api-docs", "The API's own pages.", api_docs),
    Shot("desk-en-admin", "Admin's first page.", at("/admin/")),
    Shot("desk-en-admin-products", "Products, with the state of each picture.",
         at("/admin/catalogue/product/")),
    Shot("desk-en-admin-product", "A product whose picture the shop has twice.", product_form),
    Shot("desk-zh-admin-import", "Import of a catalogue.",
         at("/admin/catalogue/catalogueimport/add/")),
    Shot("desk-en-admin-photo", "Staff's search by photo.", staff_search),
    Shot("desk-en-admin-golden", "Golden queries: what must be found.",
         at("/admin/search/goldenquery/")),
    Shot("desk-zh-admin-duplicates", "Possible duplicates, to review.",
         at("/admin/search/resemblance/?dismissed__exact=0")),
    Shot("phone-en-judged", "A result is called right.", judged),
    Shot("desk-en-admin-missed", "Looked for and not found.",
         missed),
    Shot("desk-en-admin-feedback", "What shoppers said of answers.",
         at("/admin/search/feedback/")),
    Shot("desk-en-admin-snapshots", "What can be found now.",
         at("/admin/search/snapshot/")),
    Shot("desk-zh-admin-encoders", "Encoders side by side.",
         at("/admin/search/encoder/")),
    Shot("desk-en-admin-key", "A new app key, shown once.", new_key),
    Shot("phone-en-admin", "Admin on a phone.", at("/admin/")),
    Shot("phone-en-admin-duplicates", "The same queue on a phone.",
         at("/admin/search/resemblance/?dismissed__exact=0")),
)  # fmt: skip


WAY = Shot(
    "phone-en-way",
    "From a photo to a product: the shop, the form, the photo on its way, what looks "
    "like it, a part of it, why, filters, what they leave, more like one, the product.",
    at("/"),
)
SMALL = (260, 563)


def listed() -> str:
    """Return the page of the docs that shows them."""
    shown = (f"{shot.about}\n\n![](shots/{shot.name}.webp)\n" for shot in (*SHOTS, WAY))
    titles = (f"## {shot.name}\n\n" for shot in (*SHOTS, WAY))
    return "\n".join([HEAD, *map("".join, zip(titles, shown, strict=True))])


def furnish(shop: Shop) -> None:
    """Return what staff and shoppers leave behind."""
    os.environ.update(shop.environment, DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()
    from django.contrib.auth.models import User
    from PIL import ImageOps

    from catalogue.models import Product, ProductImage
    from search.duplicates import finding
    from search.encoders import encoding
    from search.golden import report

    User.objects.create_superuser("staff", password=PASSWORD)
    models = list(Product.objects.order_by("pk")[:40:20])
    for model in models:
        twin = Product.objects.create(
            sku=f"{model.sku}-twice", name=f"{model.name}, twice", price=model.price,
            category=model.category, stock=3,
        )  # fmt: skip
        mirrored = io.BytesIO()
        with model.images.first().file.open("rb") as file:
            ImageOps.mirror(Image.open(file)).save(mirrored, "WEBP", quality=80)
        mirrored.seek(0)
        image = ProductImage(product=twin)
        image.set_file(mirrored)
        image.save()
    encoding.encode_missing()
    for image in ProductImage.objects.filter(product__sku__endswith="-twice"):
        finding.compare(image)
    for number, sku in ((1, "MUG-103"), (2, "TEA-109")):
        photo = Image.open(STREET / f"street-{number:02}.jpg").convert("RGB")
        report.keep(photo, Product.objects.get(sku=sku), note="From a shopper's letter")
    report.save_results()


def way(visit: Visit) -> Iterator[None]:
    """From a photo to a product, stopping ten times to be looked at."""
    page = visit.page

    def come(place: str) -> None:
        page.locator(place).first.wait_for()
        page.wait_for_load_state("networkidle")

    visit.go("/")
    yield
    page.get_by_role("link", name="Photo search").tap()
    come(".ask")
    yield
    page.route("**/search/", lambda route: None)  # on its way
    page.set_input_files("input[name=photo]", visit.street(1))
    page.locator(".preview").wait_for()
    yield
    page.unroute_all()
    visit.send(visit.street(1))
    yield
    page.locator("#box").focus()
    for key in (*["Shift+ArrowLeft"] * 6, *["Shift+ArrowUp"] * 4, "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.locator(".crop:not([data-box=''])").wait_for()
    page.wait_for_load_state("networkidle")
    yield
    page.locator("a.why").first.tap()
    come(".why-page")
    yield
    page.get_by_role("link", name="Back to the results").tap()
    come(".results")
    page.locator(".filters summary").tap()
    page.locator("#in-stock").check()
    page.locator("#max-price").fill("40")
    yield
    page.get_by_role("button", name="Show").tap()
    come(".chips")
    yield
    page.locator(".card .like").first.tap()
    come(".model")
    yield
    page.locator(".found .card > a").first.tap()
    come(".product")
    yield


def take_way(browser: Browser, shop: Shop, out: Path) -> None:
    """Ten small pictures in one."""
    with visiting(browser, shop, WAY) as visit:
        seen = [
            Image.open(io.BytesIO(visit.page.screenshot())).resize(SMALL)
            for _ in way(visit)
        ]
    strip = Image.new("RGB", (5 * (SMALL[0] + 8) - 8, 2 * SMALL[1] + 8), "#888")
    for number, picture in enumerate(seen):
        row, column = divmod(number, 5)
        strip.paste(picture, (column * (SMALL[0] + 8), row * (SMALL[1] + 8)))
    strip.save(out / f"{WAY.name}.webp", quality=QUALITY + 10, method=6)


@contextmanager
def visiting(browser: Browser, shop: Shop, shot: Shot) -> Iterator[Visit]:
    options: dict[str, Any] = PHONE if shot.is_phone else DESK
    context: BrowserContext = browser.new_context(
        base_url=f"http://127.0.0.1:{shop.port}",
        locale=LOCALES[shot.language],
        reduced_motion="reduce",
        **options,
    )
    page = context.new_page()
    if shot.is_staffs:
        page.goto("/admin/")
        page.fill("input[name=username]", "staff")
        page.fill("input[name=password]", PASSWORD)
        page.click("input[type=submit]")
    yield Visit(page, shop.folder)
    context.close()


def take(browser: Browser, shop: Shop, shot: Shot, out: Path) -> None:
    with visiting(browser, shop, shot) as visit:
        shot.act(visit)
        # Pictures that wait until they are near the screen have come.
        visit.page.wait_for_function(
            "[...document.images].filter((image) => image.loading !== 'lazy' && !image.hidden)"
            ".every((image) => image.complete)"
        )
        picture = Image.open(io.BytesIO(visit.page.screenshot()))
        picture.save(out / f"{shot.name}.webp", quality=QUALITY, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=DOCS / "shots")
    parser.add_argument("--only", default="", help="names with this in them")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with Shop(DEBUG="") as shop, chromium() as browser:
        shop.manage("set_up", "--demo")
        furnish(shop)
        shop.serve(workers=1)
        for shot in SHOTS:
            if options.only not in shot.name:
                continue
            print(shot.name)
            take(browser, shop, shot, options.out)
        if options.only in WAY.name:
            take_way(browser, shop, options.out)
    if options.out == DOCS / "shots":
        (DOCS / "shots.md").write_text(listed(), encoding="utf-8")


if __name__ == "__main__":
    main()
