"""What schemathesis cannot invent: pictures, and tokens that were signed here."""

import os

import schemathesis
from hypothesis import strategies as st

from tests.builders import make_image

PICTURES = [make_image(seed, size=(48, 40)) for seed in range(3)]

schemathesis.openapi.media_type("image/jpeg", st.sampled_from(PICTURES) | st.binary())
if token := os.environ.get("SCHEMA_TOKEN"):
    schemathesis.openapi.format("query-token", st.just(token))
