"""An encoder's network as ONNX: a picture of any size in, its embedding out.

Torch exports the features; resizing before them and the projections behind them are a
few nodes each, written here. So projections can be fitted to what the exported
network sees, in the runtime that serves it, and torch is not asked twice.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from hashing.embedding import Array, Projection
from hashing.errors import CheckpointError
from hashing.networks import FeatureNetwork
from hashing.regions import INSIDE, append_regions

OPSET = 18  # the first in which Resize can smooth before it shrinks
FLOAT = TensorProto.FLOAT


class WithCells(nn.Module):
    """A network as it is exported where it has cells."""

    def __init__(self, network: FeatureNetwork) -> None:
        super().__init__()
        self.network = network
        self.input_size = network.input_size

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        return self.network.with_cells(pictures)


def export_features(network: FeatureNetwork, path: Path) -> None:
    """Write a network of pictures to (item, look), with resizing before it.

    Takes `picture`, uint8 (1, height, width, 3); gives `item` and `look`, (1, numbers),
    and where the network has cells also what those were made of, by cell: `maps`
    (1, numbers, rows, columns) and `counts` (1, cells, numbers).
    """
    side = network.input_size
    example = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    has_cells = network.network.cells is not None
    program = torch.onnx.export(
        (WithCells(network) if has_cells else network).eval(),
        (example,),
        output_names=["item", "look", *(INSIDE if has_cells else ())],
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"torch exported nothing for {path}")
    _save(with_resizing(program.model_proto), path)


def append_embedding(path: Path, parts: Mapping[str, tuple[Projection, float]]) -> None:
    """Add to a network the output `embedding` (1, dim), made of its other outputs.

    `parts` says for each output how it is projected and how long it is then.
    """
    arrays = {}
    for name, (projection, weight) in parts.items():
        arrays[f"{name}_axes"] = projection.axes
        arrays[f"{name}_bias"] = -projection.centre @ projection.axes
        arrays[f"{name}_weight"] = np.array(weight, dtype=np.float32)
    append_projections(path, arrays, parts=tuple(parts))


def append_projections(
    path: Path, arrays: Mapping[str, Array], *, parts: Sequence[str]
) -> None:
    """The same of the arrays themselves: `item_axes`, `item_bias`, `item_weight` …"""
    model = onnx.load(path)
    graph = model.graph
    for name, array in arrays.items():
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        graph.initializer.append(tensor)
    for name in parts:
        graph.node.extend(_projecting(name))
    weighed = [f"{name}_weighed" for name in parts]
    graph.node.append(helper.make_node("Concat", weighed, ["embedding"], axis=1))
    dim = sum(arrays[f"{name}_axes"].shape[1] for name in parts)
    embedding = helper.make_tensor_value_info("embedding", FLOAT, [1, dim])
    graph.output.insert(0, embedding)
    if {output.name for output in graph.output} >= set(INSIDE):
        append_regions(graph, parts, dim=dim)
    _save(model, path)


def read_projections(path: Path, parts: Sequence[str]) -> dict[str, Array]:
    """What `append_embedding` put into a network: `item_axes`, `item_bias` …"""
    stored = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    names = [f"{part}_{role}" for part in parts for role in ("axes", "bias", "weight")]
    try:
        return {name: numpy_helper.to_array(stored[name]) for name in names}
    except KeyError as error:
        raise CheckpointError(f"{path} has no head with {error}") from error


def write_projections(path: Path, projections: Mapping[str, Array]) -> None:
    """Put other numbers of the same shapes in the place of those in a network."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name in projections:
            array = np.ascontiguousarray(projections[tensor.name])
            if list(array.shape) != list(tensor.dims):
                raise ValueError(f"{tensor.name}: {array.shape} for {tensor.dims}")
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    _save(model, path)


def _projecting(name: str) -> list[onnx.NodeProto]:
    def named(*roles: str) -> list[str]:
        return [f"{name}_{role}" for role in roles]

    gemm_inputs = [name, *named("axes", "bias")]
    return [
        helper.make_node("Gemm", gemm_inputs, named("projected")),
        helper.make_node(
            "LpNormalization", named("projected"), named("unit"), axis=1, p=2
        ),
        helper.make_node("Mul", named("unit", "weight"), named("weighed")),
    ]


def with_resizing(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with `picture` of any size in place of its input (1, 3, S, S)."""
    graph = model.graph
    resized = graph.input[0].name
    sizes = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    shape: list[str | int | None] = [1, "height", "width", 3]
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info("picture", TensorProto.UINT8, shape)
    )
    graph.initializer.append(
        numpy_helper.from_array(np.array(sizes, dtype=np.int64), "resized_shape")
    )
    # On bytes, channels first, cubic with a = -0.5: on photos this is Pillow's BICUBIC
    # to a level or two in 255, and the fastest that ONNX Runtime has.
    resize = helper.make_node(
        "Resize",
        ["planes", "", "", "resized_shape"],
        [resized],
        mode="cubic",
        antialias=1,
        cubic_coeff_a=-0.5,
    )
    turn = helper.make_node("Transpose", ["picture"], ["planes"], perm=[0, 3, 1, 2])
    graph.node.insert(0, resize)
    graph.node.insert(0, turn)
    return model


def _save(model: onnx.ModelProto, path: Path) -> None:
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
