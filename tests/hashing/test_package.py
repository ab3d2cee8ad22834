"""What the library shows, and what it does not load."""

import subprocess
import sys
from types import ModuleType

import hashing


def test_all_lists_the_public_names_sorted():
    public = [
        name
        for name, value in vars(hashing).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    ]
    assert hashing.__all__ == sorted(public)


def test_importing_loads_neither_torch_nor_django_nor_the_runtime():
    heavy = "{'torch', 'django', 'onnx', 'onnxruntime', 'openvino', 'celery'}"
    check = f"import sys, hashing; raise SystemExit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_encoding_and_evaluating_load_no_torch():
    check = """
import sys
from PIL import Image
from hashing import SHIPPED, load_encoder
import hashing.evaluation.measurement, hashing.evaluation.report, hashing.__main__
load_encoder(SHIPPED).encode([Image.new("RGB", (9, 9))])
raise SystemExit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
