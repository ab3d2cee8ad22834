"""The demo shop: its pictures and data, and the program that rendered them.

Importing this package loads nothing; rendering needs numba, serving does not.
"""

from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"
