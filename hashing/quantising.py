"""An encoder's network in int8: `python -m hashing quantise`.

Convolutions take bytes instead of floats: weights by output channel, activations by
the range that they had on pictures that it is calibrated with (Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018). What comes after pooling stays float. Bits differ from those of
the float network, so the result is an encoder of its own.

The quantiser comes with the runtime, so it is imported here and not in `encoder`.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hashing.encoder import Encoder, load_encoder
from hashing.training.candidate import write_card

CALIBRATED_WITH = 200  # pictures at most
OPERATIONS = ["Conv", "Add", "Clip"]


class Pictures:
    """Pictures as the calibration reads them: one after another, then None."""

    def __init__(self, images: Iterable[Image.Image]) -> None:
        self._rows: Iterator[dict[str, Any]] = (
            {"picture": np.asarray(image)[np.newaxis]} for image in images
        )

    def get_next(self) -> dict[str, Any] | None:
        """The next picture by the name of the network's input."""
        return next(self._rows, None)


def quantise_encoder(
    source: Path, images: Iterable[Image.Image], out: Path, *, command: str
) -> Encoder:
    """Write the encoder in `source` with an int8 network to the new folder `out`.

    The hash layer stays as it is. Raises CheckpointError for a damaged source,
    FileExistsError where `out` exists.
    """
    import onnxruntime
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    # It warns, for every session, of an input that has a default: which is meant so.
    onnxruntime.set_default_logger_severity(3)
    encoder = load_encoder(source)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        # Batch normalisation goes into convolutions before those are rounded.
        quant_pre_process(source / "network.onnx", prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            out / "network.onnx",
            Pictures(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=OPERATIONS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    shutil.copyfile(source / "layer.npz", out / "layer.npz")
    contents = encoder.card.contents | {
        "name": f"{encoder.name}-int8",
        "figures": [],  # of the float network, and not of this one
        "quantised": {"from": encoder.fingerprint, "command": command},
    }
    write_card(contents, out)
    return load_encoder(out)
