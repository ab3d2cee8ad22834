"""Images as the input of a network that is not exported."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def to_pixels(images: Sequence[Image.Image], side: int) -> Tensor:
    """Resize images to uint8 (B, 3, side, side), as exported networks do themselves."""
    square = (side, side)
    resized = [image.resize(square, Image.Resampling.BICUBIC) for image in images]
    pixels = np.stack([np.asarray(image) for image in resized])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)
