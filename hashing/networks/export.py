"""An encoder's network as ONNX: a picture of any size in, its embedding out.

Torch exports the network up to its features. Resizing before them and projections
behind them are a few nodes each, added here, so that projections can be fitted to what
the exported network computes in the runtime that will serve it.

Names of tensors are part of an encoder's file, and so of its fingerprint: they stay as
they are.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from hashing.arrays import Float32Array
from hashing.errors import CheckpointError
from hashing.networks.architectures import Network
from hashing.networks.feature_network import FeatureNetwork
from hashing.networks.region_graph import append_regions

# Suffixes of the tensors that project a part; KIND_TENSORS are those that fade it out
# (see `hashing.fitting.kind_projection`).
PART_TENSORS = ("axes", "bias", "weight")
KIND_TENSORS = ("centre", "places", "begins", "width", "none", "all", "room")
OPSET = 18  # the first whose Resize can smooth before it shrinks
FLOAT = TensorProto.FLOAT
# On bytes, channels first: on photos this is Pillow's BICUBIC to a level or two, and
# the fastest resizing that ONNX Runtime has.
RESIZING: dict[str, Any] = {"mode": "cubic", "antialias": 1, "cubic_coeff_a": -0.5}


class _ExportedWithCells(nn.Module):
    """A feature network that also gives its features cell by cell."""

    def __init__(self, network: FeatureNetwork) -> None:
        super().__init__()
        self.network = network
        self.input_size = network.input_size

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        return self.network.forward_with_cells(pictures)


def export_features(network: FeatureNetwork, path: Path) -> None:
    """Write a network from pictures to features, with resizing before it.

    Its input is `picture`, uint8 (1, height, width, 3). Its outputs are `item`, `look`
    and, with mid-level maps, `known` (the combined features), each (1, numbers). Where
    the network has a grid there are also `maps`, `counts` and `middle`, as
    `FeatureNetwork.forward_with_cells` gives them.
    """
    side = network.input_size
    example = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    has_grid = network.network.grid is not None
    has_mid_level = network.network.has_mid_level
    names = ["item", "look", *(["known"] if has_mid_level else [])]
    if has_grid:
        names += ["maps", "counts", *(["middle"] if has_mid_level else [])]
    program = torch.onnx.export(
        (_ExportedWithCells(network) if has_grid else network).eval(),
        (example,),
        output_names=names,
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"torch exported nothing for {path}")
    _save(strip_metadata(prepend_resizing(program.model_proto)), path)


def append_embedding(
    path: Path, arrays: Mapping[str, Float32Array], *, parts: Sequence[str]
) -> None:
    """Add the output `embedding` (1, dim), of length one, to a network's file.

    The embedding is made of parts side by side, each a projection of features: part
    `look` by the arrays `look_axes`, `look_bias` and `look_weight`. Part `kind` also
    has the arrays of `KIND_TENSORS`; where it fades in, the last numbers of `item` fade
    out.
    """
    model = onnx.load(path)
    graph = model.graph
    for name, array in arrays.items():
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        graph.initializer.append(tensor)
    for name in parts:
        graph.node.extend(_projection_nodes(name))
    joined = [f"{name}_weighed" for name in parts]
    if "kind" in parts:
        graph.node.extend(_crossfade_nodes(graph, arrays))
        joined = ["item_and_kind", "look_weighed"]
    graph.node.append(helper.make_node("Concat", joined, ["weighed"], axis=1))
    graph.node.append(
        helper.make_node("LpNormalization", ["weighed"], ["embedding"], axis=1, p=2)
    )
    dim = sum(arrays[f"{name}_axes"].shape[1] for name in parts if name != "kind")
    embedding = helper.make_tensor_value_info("embedding", FLOAT, [1, dim])
    graph.output.insert(0, embedding)
    if any(output.name == "maps" for output in graph.output):
        sources = {name: _source_output(name) for name in parts}
        append_regions(graph, sources, dim=dim, n_item_only=_n_item_only(arrays))
    _save(model, path)


def read_projections(path: Path, parts: Sequence[str]) -> dict[str, Float32Array]:
    """Read the arrays that `append_embedding` added to a network's file.

    Raises CheckpointError where one is missing.
    """
    stored = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    names = [f"{part}_{suffix}" for part in parts for suffix in PART_TENSORS]
    fading = [f"{part}_{suffix}" for part in parts for suffix in KIND_TENSORS]
    names += [name for name in fading if name in stored]
    try:
        return {name: numpy_helper.to_array(stored[name]) for name in names}
    except KeyError as error:
        raise CheckpointError(f"{path} has no projection {error}") from error


def write_projections(path: Path, projections: Mapping[str, Float32Array]) -> None:
    """Replace arrays in a network's file by others of the same shapes.

    Raises ValueError for other shapes.
    """
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name in projections:
            array = np.ascontiguousarray(projections[tensor.name])
            if list(array.shape) != list(tensor.dims):
                raise ValueError(f"{tensor.name}: {array.shape} for {tensor.dims}")
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    _save(model, path)


def read_weights(path: Path, network: Network) -> None:
    """Load the weights of an exported network of convolutions into one like it.

    The export folds each batch normalisation into the convolution before it; they are
    taken apart by the network's own statistics, which no training changes. Raises
    CheckpointError for the file of another network.
    """
    stored = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    for (name, convolution), (_, norm) in pairwise(network.body.named_modules()):
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        key = f"network.network.body.{name}.weight"
        try:
            folded = numpy_helper.to_array(stored[key])
            bias = numpy_helper.to_array(stored[f"{key}_bias"])
        except KeyError as error:
            raise CheckpointError(f"{path} is another network's: no {error}") from error
        state = norm.state_dict()
        scale = state["weight"] / (state["running_var"] + norm.eps).sqrt()
        scale[scale == 0] = 1.0  # the folded weights are zero too
        weight = torch.from_numpy(folded.copy()) / scale[:, None, None, None]
        convolution.load_state_dict({"weight": weight})
        state["bias"] = torch.from_numpy(bias.copy()) + state["running_mean"] * scale
        norm.load_state_dict(state)


def _source_output(part: str) -> str:
    """Return the output from which a part is projected."""
    return "known" if part == "kind" else part


def _projection_nodes(part: str) -> list[onnx.NodeProto]:
    """Return the nodes that end in `<part>_weighed` (1, dim of the part)."""
    source, length, weight = _source_output(part), "unit", "weight"

    def node(op: str, inputs: list[str], output: str, **more: Any) -> onnx.NodeProto:
        own = [word if word == source else f"{part}_{word}" for word in inputs]
        return helper.make_node(op, own, [f"{part}_{output}"], **more)

    nodes = [node("Gemm", [source, "axes", "bias"], "projected")]
    if part == "kind":
        # Not normalised: its length says how certain it is.
        length, weight = "projected", "share"
        nodes += [
            node("Sub", [source, "centre"], "centred"),
            node("LpNormalization", ["centred"], "direction", axis=1, p=2),
            node("MatMul", ["direction", "places"], "cosines"),
            node("ReduceMax", ["cosines"], "nearest", keepdims=1),
            node("Sub", ["nearest", "begins"], "beyond"),
            node("Div", ["beyond", "width"], "faded"),
            node("Clip", ["faded", "none", "all"], "counted"),
            node("Mul", ["counted", "weight"], "share"),
        ]
    else:
        nodes.append(node("LpNormalization", ["projected"], "unit", axis=1, p=2))
    nodes.append(node("Mul", [length, weight], "weighed"))
    return nodes


def _n_item_only(arrays: Mapping[str, Float32Array]) -> int:
    """Count the numbers of item that do not fade out for the kind."""
    return int((arrays["kind_room"] == 0).sum()) if "kind_room" in arrays else 0


def _crossfade_nodes(
    graph: onnx.GraphProto, arrays: Mapping[str, Float32Array]
) -> list[onnx.NodeProto]:
    """Return nodes to `item_and_kind`: the end of item fades out as kind fades in."""
    pads = np.array([0, _n_item_only(arrays), 0, 0])
    graph.initializer.append(numpy_helper.from_array(pads, "kind_pads"))
    node = helper.make_node
    return [
        node("Mul", ["kind_counted", "kind_room"], ["kind_taken"]),
        node("Sub", ["kind_all", "kind_taken"], ["item_left"]),
        node("Mul", ["item_weighed", "item_left"], ["item_kept"]),
        node("Pad", ["kind_weighed", "kind_pads"], ["kind_placed"]),
        node("Add", ["item_kept", "kind_placed"], ["item_and_kind"]),
    ]


def prepend_resizing(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace a model's input (1, 3, S, S) by `picture` of any size, in place."""
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
    inputs = ["planes", "", "", "resized_shape"]
    resize = helper.make_node("Resize", inputs, [resized], **RESIZING)
    transpose = helper.make_node(
        "Transpose", ["picture"], ["planes"], perm=[0, 3, 1, 2]
    )
    graph.node.insert(0, resize)
    graph.node.insert(0, transpose)
    return model


def strip_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove the exporter's notes from a model, in place.

    They name the source files of each node, so the same network would have other bytes
    on another machine.
    """
    graph = model.graph
    noted = [model, graph, *graph.node, *graph.value_info, *graph.initializer]
    for each in [*noted, *graph.input, *graph.output]:
        del each.metadata_props[:]
        each.ClearField("doc_string")
    return model


def _save(model: onnx.ModelProto, path: Path) -> None:
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
