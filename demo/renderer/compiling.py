"""Compiling the renderer's inner functions with numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code, cached on disk.

    Division by zero gives inf, as in numpy. These functions allocate nothing, so arrays
    need no reference counts (`_nrt`), which makes them twice as fast. The cache notices
    changes in the function's own file only: after changing a function that others call,
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
