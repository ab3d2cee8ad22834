"""What stands out on a photo: boxes, and tokens that ask with them."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from rest_framework.test import APIClient

from hashing import Encoded, Encoder
from search.answers.boxes import suggested
from search.encoders import registry
from tests.builders import draw_picture
from tests.search.asking import a_file, get, post_photo, skus
from tests.search.shops import open_shop


def regions(*strong: tuple[int, int], weak: float = 0.0) -> np.ndarray:
    """Return a grid of 7 x 7 cells that add little, but for these (row, column)."""
    cells = np.full((7, 7, 4), weak, np.float32)
    for row, column in strong:
        cells[row, column] = 1.0
    return cells


def test_one_thing_gets_one_box_with_a_margin() -> None:
    (box,) = suggested(regions((2, 2), (2, 3), (3, 2), (3, 3)))
    assert box == pytest.approx((1.5 / 7, 1.5 / 7, 3 / 7, 3 / 7))


def test_two_things_get_two_the_stronger_first() -> None:
    first, second = suggested(regions((1, 1), (5, 5), (5, 4), (4, 5)))
    assert first[0] > 0.4 and first[1] > 0.4
    assert second[0] < 0.2 and second[1] < 0.2


def test_where_all_adds_alike_nothing_stands_out() -> None:
    assert suggested(regions(weak=1.0)) == []


def test_where_nothing_adds_nothing_stands_out() -> None:
    assert suggested(regions()) == []


def test_a_box_stays_within_the_photo() -> None:
    (box,) = suggested(regions((0, 0), (0, 1), (1, 0)))
    assert box[:2] == (0.0, 0.0)


def photo_of_two() -> bytes:
    """Two pictures far apart on an even ground."""
    photo = Image.new("RGB", (700, 400), "#ddd")
    photo.paste(draw_picture(2, (150, 150)), (20, 130))
    photo.paste(draw_picture(9, (150, 150)), (530, 130))
    out = io.BytesIO()
    photo.save(out, "PNG")
    return out.getvalue()


@pytest.mark.django_db
def test_a_boxs_token_answers_as_the_box_itself() -> None:
    if not registry.encoder().has_regions:
        pytest.skip("the encoder that is shipped tells no regions apart")
    open_shop(12)
    client = APIClient()
    content = photo_of_two()
    status, answer = post_photo(client, content, boxes="true")
    assert status == 200
    assert answer["boxes"]
    for each in answer["boxes"]:
        box = ",".join(map(str, each["box"]))
        sent = client.post(
            "/api/v1/search/photo/", {"photo": a_file(content), "box": box}
        ).json()
        again = get(client, "search/", {"query": each["query"]})
        assert skus(again["results"]) == skus(sent["results"])
        assert sent["boxes"] == again["boxes"] == []


@pytest.mark.django_db
def test_who_shows_no_boxes_does_not_wait_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_shop(3)
    seen: list[int] = []
    encode = Encoder.encode

    def counted(self: Encoder, images: Sequence[Image.Image]) -> Encoded:
        seen.append(len(images))
        return encode(self, images)

    monkeypatch.setattr(Encoder, "encode", counted)
    status, answer = post_photo(APIClient(), photo_of_two())
    assert (status, answer["boxes"], seen) == (200, [], [1])


@pytest.mark.django_db
def test_an_encoder_without_regions_suggests_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(registry.encoder()), "has_regions", False)
    open_shop(3)
    status, answer = post_photo(APIClient(), photo_of_two(), boxes="true")
    assert (status, answer["boxes"]) == (200, [])
