from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from hashing import CheckpointError, load_encoder


@register()
def encoder_can_be_loaded(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The one to begin with: which serves is in the database, not to be asked here."""
    try:
        load_encoder(Path(settings.ENCODER))
    except CheckpointError as error:
        hint = "Point ENCODER at a folder with network.onnx, layer.npz and card.json."
        return [Error(str(error), hint=hint, id="search.E001")]
    return []
