"""What schemathesis cannot invent: pictures, and tokens that were signed here."""

import io
import os

import schemathesis
from hypothesis import strategies as st
from PIL import Image


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 40), colour).save(out, "JPEG")
    return out.getvalue()


PICTURES = [picture(colour) for colour in ("red", "green", "white")]

for kind in ("jpeg", "png", "webp", "avif", "gif", "*"):
    schemathesis.openapi.media_type(
        f"image/{kind}", st.sampled_from(PICTURES) | st.binary()
    )
if token := os.environ.get("SCHEMA_TOKEN"):
    schemathesis.openapi.format("query-token", st.just(token))
