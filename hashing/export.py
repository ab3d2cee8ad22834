"""An encoder's network as ONNX: a picture of any size in, its embedding out.

Torch exports the features; resizing before them and the projections behind them are a
few nodes each, written here. So projections can be fitted to what the exported
network sees, in the runtime that serves it, and torch is not asked twice.
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

from hashing.errors import CheckpointError
from hashing.fitting.embedding import Array
from hashing.networks import FeatureNetwork, Network
from hashing.regions import append_regions

# What a part is made with, in the graph; and a kind too (see `hashing.fitting.kind`).
ROLES = ("axes", "bias", "weight")
FADING = ("centre", "places", "begins", "width", "none", "all", "room")
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
    """Write a network of pictures to features, with resizing before it.

    Takes `picture`, uint8 (1, height, width, 3); gives what `FeatureNetwork` does,
    `item`, `look` and maybe `known`, (1, numbers), and where the network has cells also
    what those were made of, by cell: `maps` and `middle` (1, numbers, rows, columns),
    and `counts` (1, cells, numbers).
    """
    side = network.input_size
    example = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    has_cells = network.network.cells is not None
    has_middle = network.network.has_middle
    names = ["item", "look", *(["known"] if has_middle else [])]
    if has_cells:
        names += ["maps", "counts", *(["middle"] if has_middle else [])]
    program = torch.onnx.export(
        (WithCells(network) if has_cells else network).eval(),
        (example,),
        output_names=names,
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"torch exported nothing for {path}")
    _save(without_traces(with_resizing(program.model_proto)), path)


def append_embedding(
    path: Path, arrays: Mapping[str, Array], *, parts: Sequence[str]
) -> None:
    """Add to a network the output `embedding` (1, dim), of length one.

    It is made of parts, each a projection of what the network gives: for a part named
    `look` by `look_axes`, `look_bias` and `look_weight`. A kind has the arrays of
    `FADING` too; where it counts, the last numbers of item give way to it.
    """
    model = onnx.load(path)
    graph = model.graph
    for name, array in arrays.items():
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        graph.initializer.append(tensor)
    for name in parts:
        graph.node.extend(_projecting(name))
    joined = [f"{name}_weighed" for name in parts]
    if "kind" in parts:
        graph.node.extend(_giving_way(graph, arrays))
        joined = ["item_and_kind", "look_weighed"]
    graph.node.append(helper.make_node("Concat", joined, ["weighed"], axis=1))
    graph.node.append(
        helper.make_node("LpNormalization", ["weighed"], ["embedding"], axis=1, p=2)
    )
    dim = sum(arrays[f"{name}_axes"].shape[1] for name in parts if name != "kind")
    embedding = helper.make_tensor_value_info("embedding", FLOAT, [1, dim])
    graph.output.insert(0, embedding)
    if any(output.name == "maps" for output in graph.output):
        sources = {name: _source(name) for name in parts}
        append_regions(graph, sources, dim=dim, pad=_kept(arrays))
    _save(model, path)


def read_projections(path: Path, parts: Sequence[str]) -> dict[str, Array]:
    """What `append_embedding` put into a network: `item_axes`, `item_bias` …"""
    stored = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    names = [f"{part}_{role}" for part in parts for role in ROLES]
    fading = [f"{part}_{role}" for part in parts for role in FADING]
    names += [name for name in fading if name in stored]
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


def read_weights(path: Path, network: Network) -> None:
    """Give a network of convolutions the weights that one like it was exported with.

    The export folds each normalisation into the convolution before it. They are taken
    apart by the network's own, whose statistics no training changes. Raises
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
        own = norm.state_dict()
        scale = own["weight"] / (own["running_var"] + norm.eps).sqrt()
        scale[scale == 0] = 1.0  # what is folded is nought as well
        weight = torch.from_numpy(folded.copy()) / scale[:, None, None, None]
        convolution.load_state_dict({"weight": weight})
        own["bias"] = torch.from_numpy(bias.copy()) + own["running_mean"] * scale
        norm.load_state_dict(own)


def _source(part: str) -> str:
    """Which output of the network a part is made of: the kind of all that is known."""
    return "known" if part == "kind" else part


def _projecting(name: str) -> list[onnx.NodeProto]:
    source, length, weight = _source(name), "unit", "weight"

    def node(kind: str, inputs: list[str], output: str, **more: Any) -> onnx.NodeProto:
        own = [word if word == source else f"{name}_{word}" for word in inputs]
        return helper.make_node(kind, own, [f"{name}_{output}"], **more)

    nodes = [node("Gemm", [source, "axes", "bias"], "projected")]
    if name == "kind":
        length, weight = "projected", "share"  # its own length says how sure it is
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


def _kept(arrays: Mapping[str, Array]) -> int:
    """How many numbers of item do not give way to a kind."""
    return int((arrays["kind_room"] == 0).sum()) if "kind_room" in arrays else 0


def _giving_way(
    graph: onnx.GraphProto, arrays: Mapping[str, Array]
) -> list[onnx.NodeProto]:
    """`item_and_kind`: the last numbers of item fade out as the kind fades in."""
    pads = numpy_helper.from_array(np.array([0, _kept(arrays), 0, 0]), "kind_pads")
    graph.initializer.append(pads)
    node = helper.make_node
    return [
        node("Mul", ["kind_counted", "kind_room"], ["kind_taken"]),
        node("Sub", ["kind_all", "kind_taken"], ["item_left"]),
        node("Mul", ["item_weighed", "item_left"], ["item_kept"]),
        node("Pad", ["kind_weighed", "kind_pads"], ["kind_placed"]),
        node("Add", ["item_kept", "kind_placed"], ["item_and_kind"]),
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
    # to a level or two, and the fastest that ONNX Runtime has.
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


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes beside it.

    That is where in whose files each node comes from, so that the same network would
    have other bytes on another machine.
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
