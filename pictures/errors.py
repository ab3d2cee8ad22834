"""Why a picture is not decoded."""

from typing import Any


def _(message: str) -> str:
    """Mark a sentence for the shop's translations."""
    return message


class UnreadableImage(Exception):
    """No picture can be made of these bytes.

    code: `not_an_image`, `heic_not_supported`, `format_not_accepted` (nothing that is
    opened here), `empty_file`, `damaged_image`, `too_many_pixels`, `too_complex`,
    `image_too_small` (a picture, but not usable), `file_too_large`.
    """

    MESSAGES = {
        "not_an_image": _(
            "This is not a picture that we can open. Send JPEG, PNG, WebP or AVIF."
        ),
        "heic_not_supported": _(
            "HEIC pictures cannot be opened here. Send it as JPEG: on an iPhone, "
            "Settings › Camera › Formats › Most Compatible."
        ),
        "format_not_accepted": _(
            "%(format)s pictures are not accepted here. Send JPEG, PNG, WebP or AVIF."
        ),
        "empty_file": _("The file is empty."),
        "damaged_image": _("The picture is damaged or incomplete."),
        "too_many_pixels": _("The picture has too many pixels."),
        "too_complex": _(
            "The picture takes too much time or memory to open. Save it once more as "
            "JPEG or PNG."
        ),
        "image_too_small": _("The picture is too small: 8 pixels a side at least."),
        "file_too_large": _("The file is larger than %(megabytes)d MB."),
    }

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    @property
    def is_image(self) -> bool:
        """Tell a picture that cannot be used from what is no picture that we open."""
        return self.code not in (
            "not_an_image",
            "heic_not_supported",
            "format_not_accepted",
        )

    def __str__(self) -> str:
        return self.MESSAGES[self.code] % self.values


class DecoderBusy(Exception):
    """Other large pictures are being decoded; the same picture may work in a moment."""


class IsolationError(RuntimeError):
    """The process that decodes could not work at all, whatever the picture."""
