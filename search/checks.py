from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from hashing import CheckpointError, load_encoder
from search.engines.engine import ENGINES, MILVUS
from search.gallery.on_disk.indexing import CHOICES


@register()
def encoder_can_be_loaded(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check the encoder of the settings; the one that serves is in the database."""
    try:
        load_encoder(Path(settings.ENCODER))
    except CheckpointError as error:
        hint = "Point ENCODER at a folder with network.onnx, layer.npz and card.json."
        return [Error(str(error), hint=hint, id="search.E001")]
    return []


@register()
def index_is_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.SEARCH_INDEX not in CHOICES:
        hint, said = f"One of: {', '.join(CHOICES)}.", settings.SEARCH_INDEX
        found.append(Error(f"SEARCH_INDEX is {said}.", hint=hint, id="search.E005"))
    if not 0 < settings.LEAST_RECALL <= 1:
        said, hint = settings.LEAST_RECALL, "More than 0, at most 1; for example 0.99."
        found.append(Error(f"LEAST_RECALL is {said}.", hint=hint, id="search.E006"))
    return found


@register()
def engine_is_known_and_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check the engine's settings; a shop starts even while Milvus is unreachable."""
    chosen = settings.SEARCH_ENGINE
    if chosen not in ENGINES:
        hint = f"One of: {', '.join(ENGINES)}."
        return [Error(f"SEARCH_ENGINE is {chosen}.", hint=hint, id="search.E002")]
    if chosen == MILVUS and not settings.MILVUS_URL:
        hint = "For example MILVUS_URL=http://milvus.example:19530"
        return [Error("MILVUS_URL is not set.", hint=hint, id="search.E003")]
    if chosen == MILVUS and find_spec("pymilvus") is None:
        hint = "pip install -r requirements-milvus.txt"
        return [Error("Milvus' client is missing.", hint=hint, id="search.E004")]
    return []
