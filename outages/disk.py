"""A disk that takes nothing more."""

import errno

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def is_full(error: BaseException | None) -> bool:
    """Tell whether writing failed for want of room, or because of a limit on it."""
    return isinstance(error, OSError) and error.errno in FULL
