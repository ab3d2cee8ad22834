from typing import Any

from django.core.checks import CheckMessage, Error, register

from search.encoding import encoder
from search.errors import SearchUnavailable


@register()
def encoder_can_be_loaded(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        encoder()
    except SearchUnavailable as error:
        hint = "Point ENCODER at a folder with network.onnx, layer.npz and card.json."
        return [Error(str(error), hint=hint, id="search.E001")]
    return []
