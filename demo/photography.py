"""A product's catalogue pictures: studio light, white ground, two views."""

from io import BytesIO

import numpy as np
from PIL import Image

from demo.assortment import KINDS, DemoProduct, place
from demo.renderer.program import Floats
from demo.studio import Light, View, frame, render_scene, scene_of

PICTURE_SIDE = 400  # pixels
WEBP = {"quality": 82, "method": 6}


def as_image(display: Floats) -> Image.Image:
    return Image.fromarray((np.clip(display, 0, 1) * 255 + 0.5).astype(np.uint8))


def catalogue_picture(
    product: DemoProduct, view: int, size: int = PICTURE_SIDE
) -> Image.Image:
    subject = place(product)
    yaw, pitch = KINDS[product.kind].views[view]
    camera = frame(subject, View(yaw, pitch), (1.0, 1.0))
    return as_image(render_scene(scene_of([subject], Light()), camera, size, size))


def webp(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "WEBP", **WEBP)
    return buffer.getvalue()
