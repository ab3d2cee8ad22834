"""Convert the colours of a picture to sRGB, as browsers show them."""

import io

from PIL import Image, ImageCms

# The modes that a profile of this colour space is for.
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB.

    It stays as it is without a profile, or if the profile is damaged or does not fit.
    """
    if not profile:
        return image
    image = _with_alpha_channel(image)
    colours = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _MODES.get(source.profile.xcolor_space.strip()) != colours.mode:
            return image
        if _is_srgb(source):
            return image
        converted = ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    if converted is None:
        return image
    if image.mode in ("RGBA", "LA"):
        converted.putalpha(image.getchannel("A"))
    return converted


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Know the usual profile by its name: cameras embed it, and it changes nothing."""
    name = profile.profile.profile_description or ""
    return "sRGB" in name and "linear" not in name.lower()


def _with_alpha_channel(image: Image.Image) -> Image.Image:
    """Turn a colour that stands for transparency into alpha: it would be converted."""
    if "transparency" in image.info and image.mode in ("RGB", "L"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image
