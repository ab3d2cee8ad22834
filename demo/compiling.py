"""Compiling the renderer's inner functions with numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """A function in machine code, kept for the next start.

    Zero divisions give inf as in numpy. Nothing is allocated in there, so arrays need
    no reference counts (`_nrt`): that makes it twice as fast. The kept code knows of
    changes in the function's own file only: after changing one that others call,
    remove `__pycache__`.
    """
    options: dict[str, Any] = {
        "fastmath": True,
        "error_model": "numpy",
        "nogil": True,
        "cache": True,
        "_nrt": False,
    }
    return cast(Function, njit(**options)(function))
