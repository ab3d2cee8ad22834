"""Static quantisation of an encoder's network to int8: `python -m hashing quantise`.

Convolutions then take bytes instead of floats: weights are scaled per output channel,
activations by the range that they have on some calibration pictures (Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018). What follows pooling stays float. Bits differ from those of the
float network, so the result is an encoder of its own.

The quantiser is part of the runtime's package, and is imported only here.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hashing.cards import LAYER_FILE, NETWORK_FILE, write_card
from hashing.encoder import Encoder, load_encoder

MAX_CALIBRATION_PICTURES = 200
QUANTISED_OPERATIONS = ["Conv", "Add", "Clip"]
ERRORS_ONLY = 3  # of the runtime's levels of logging


class CalibrationPictures:
    """Pictures as the quantiser reads them: one after another, then None."""

    def __init__(self, images: Iterable[Image.Image]) -> None:
        self._inputs: Iterator[dict[str, Any]] = (
            {"picture": np.asarray(image)[np.newaxis]} for image in images
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the network's next input, by its name."""
        return next(self._inputs, None)


def quantise_encoder(
    source: Path, images: Iterable[Image.Image], out: Path, *, command: str
) -> Encoder:
    """Write the encoder in `source` with an int8 network to the new folder `out`.

    The hash layer stays as it is. Raises CheckpointError for a damaged source,
    FileExistsError where `out` exists.
    """
    encoder = load_encoder(source)
    out.mkdir(parents=True)
    _quantise_network(source / NETWORK_FILE, images, out / NETWORK_FILE)
    shutil.copyfile(source / LAYER_FILE, out / LAYER_FILE)
    contents = encoder.card.contents | {
        "name": f"{encoder.name}-int8",
        "figures": [],  # the float network's do not hold for this one
        "quantised": {"from": encoder.fingerprint, "command": command},
    }
    write_card(out, contents)
    return load_encoder(out)


def _quantise_network(source: Path, images: Iterable[Image.Image], out: Path) -> None:
    import onnxruntime
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    # It warns for every session that an input has a default, which is intended.
    onnxruntime.set_default_logger_severity(ERRORS_ONLY)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        # Folds batch normalisation into convolutions before those are rounded.
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            out,
            CalibrationPictures(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED_OPERATIONS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
