"""An encoder's network as ONNX: a picture of any size in, its embedding out."""

from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from hashing.networks import SIDE

OPSET = 18  # the first in which Resize can smooth before it shrinks


def export(network: nn.Module, path: Path) -> None:
    """Write `network` with resizing before it.

    Takes `picture`, uint8 (1, height, width, 3); gives `embedding` (1, dim), and beside
    it the features `item` and `look` that it was made from.
    """
    core = _core(network, path)
    graph = core.graph
    resized = graph.input[0].name
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info(
            "picture", TensorProto.UINT8, [1, "height", "width", 3]
        )
    )
    for node in reversed(_resizing(resized)):
        graph.node.insert(0, node)
    sizes = torch.tensor([1, 3, SIDE, SIDE]).numpy()
    graph.initializer.append(numpy_helper.from_array(sizes, "resized_shape"))
    onnx.checker.check_model(core, full_check=True)
    onnx.save(core, path)


def _resizing(output: str) -> list[onnx.NodeProto]:
    # On bytes, channels first, cubic with a = -0.5: this is Pillow's BICUBIC to a
    # level in 255, and the fastest that ONNX Runtime has.
    return [
        helper.make_node("Transpose", ["picture"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "Resize",
            ["planes", "", "", "resized_shape"],
            [output],
            mode="cubic",
            antialias=1,
            cubic_coeff_a=-0.5,
        ),
    ]


def _core(network: nn.Module, path: Path) -> onnx.ModelProto:
    example = torch.zeros(1, 3, SIDE, SIDE, dtype=torch.uint8)
    program = torch.onnx.export(
        network.eval(),
        (example,),
        input_names=["resized"],
        output_names=["embedding", "item", "look"],
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"torch exported nothing for {path}")
    return program.model_proto
