"""torchvision, even where its compiled part cannot be loaded.

Write `from hashing.networks.torchvision_import import torchvision` instead of
`import torchvision`. Beside a torch of another build (say without CUDA), the library of
torchvision's own operators does not load, and its import ends with `operator
torchvision::nms does not exist`. Networks and transforms use none of these operators,
so declaring them is enough for the import to succeed.
"""

import importlib
from typing import Any

import torch

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _import() -> Any:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in OPERATORS:
        torch.library.define(f"torchvision::{name}", SIGNATURE)
    return importlib.import_module("torchvision")


torchvision = _import()
