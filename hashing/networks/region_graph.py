"""The output `regions` of an encoder's graph: the embedding, cell by cell.

Every part is a sum over the cells of the network's last maps. `item` is the mean of the
maps' cells. A number of the colour histogram belongs to the cells in proportion to how
much of that colour they hold. Projections are linear, so each cell contributes to every
number of the embedding, and the contributions add up to the embedding itself when
lengths and weights are those of the whole picture. A cell of the last maps depends on
nearly the whole picture, but mostly on its own place.

Computing cells costs as much again as the projections and is rarely needed, but the
runtime computes every output of a graph, requested or not. So it stands behind a
condition, the optional input `by_region`; without it `regions` is empty.

Names of tensors are part of an encoder's file, and so of its fingerprint: they stay as
they are. `known` are the combined features, `middle` the mid-level maps.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hashing.networks.feature_network import (
    LOOK_WEIGHT,
    TEXTURE_WEIGHT,
    VARIANCE_EPSILON,
)

CELL_OUTPUTS = ("maps", "counts", "middle")  # outputs of an exported network, by cell
EPSILON = 1e-6  # divides what a picture has nothing of


def append_regions(
    graph: onnx.GraphProto, sources: Mapping[str, str], *, dim: int, n_item_only: int
) -> None:
    """Add the output `regions` (1, rows, columns, dim) to a graph with an embedding.

    sources: for each part, the output that it is projected from. n_item_only: how many
    numbers of item do not fade out for the kind.
    """
    by_cell = {out.name: out for out in graph.output if out.name in CELL_OUTPUTS}
    rows, columns = (
        d.dim_value for d in by_cell["maps"].type.tensor_type.shape.dim[2:]
    )
    for output in by_cell.values():
        graph.output.remove(output)
    condition = helper.make_tensor_value_info("by_region", TensorProto.BOOL, [])
    graph.input.append(condition)
    graph.initializer.append(numpy_helper.from_array(np.array(False), "by_region"))
    # The shape has names instead of sizes, which differ between the two branches.
    shape: list[str | int | None] = [1, "rows", "columns", dim]
    output = helper.make_tensor_value_info("regions", TensorProto.FLOAT, shape)
    graph.node.append(
        helper.make_node(
            "If",
            ["by_region"],
            ["regions"],
            then_branch=_regions_branch(
                sources, rows, columns, n_item_only=n_item_only
            ),
            else_branch=_empty_branch(dim),
        )
    )
    graph.output.append(output)


def _regions_branch(
    sources: Mapping[str, str], rows: int, columns: int, *, n_item_only: int
) -> onnx.GraphProto:
    """Build the branch that computes the contributions of all cells."""
    branch = _Branch()
    cells = rows * columns
    branch.constant("n_cells", np.float32(cells))
    branch.constant("by_cells", np.array([0, -1, cells]))
    branch.constant("by_place", np.array([1, rows, columns, -1]))
    branch.constant("over_places", np.array([2, 3]))
    branch.constant("trace", np.float32(EPSILON))
    _add_item_cells(branch)
    _add_look_cells(branch)
    if "known" in sources.values():
        _add_combined_cells(branch)
    for part, source in sources.items():
        # A Gemm of the whole picture adds the bias once: each cell gets its share.
        branch.add("MatMul", f"{source}_cells", f"{part}_axes", to=f"{part}_turned")
        branch.add("Div", f"{part}_bias", "n_cells", to=f"{part}_shift")
        branch.add("Add", f"{part}_turned", f"{part}_shift", to=f"{part}_moved")
        branch.add("ReduceL2", f"{part}_projected", to=f"{part}_length")
        branch.add("ReduceL2", f"{part}_weighed", to=f"{part}_counts")
        branch.add("Div", f"{part}_counts", f"{part}_length", to=f"{part}_scale")
        branch.add("Mul", f"{part}_moved", f"{part}_scale", to=f"{part}_region")
    joined = [f"{part}_region" for part in sources]
    if "kind" in sources:
        branch.constant("kind_pads", np.array([0, 0, n_item_only, 0, 0, 0]))
        branch.add("Mul", "item_region", "item_left", to="item_kept")
        branch.add("Pad", "kind_region", "kind_pads", to="kind_placed")
        branch.add("Add", "item_kept", "kind_placed", to="item_and_kind")
        joined = ["item_and_kind", "look_region"]
    branch.add("Concat", *joined, to="flat", axis=2)
    branch.add("ReduceL2", "weighed", to="weighed_length")
    branch.add("Div", "flat", "weighed_length", to="scaled")
    branch.add("Reshape", "scaled", "by_place", to="placed")
    return branch.graph("regions_of_cells", "placed")


def _add_item_cells(branch: "_Branch") -> None:
    """Add `item_cells` (1, cells, numbers), whose sum is item."""
    branch.add("ReduceMean", "maps", "over_places", to="pooled", keepdims=0)
    branch.add("ReduceL2", "pooled", to="pooled_length")
    branch.add("Mul", "pooled_length", "n_cells", to="whole_length")
    branch.add("Reshape", "maps", "by_cells", to="flat_maps")
    branch.add("Transpose", "flat_maps", to="turned_maps", perm=[0, 2, 1])
    branch.add("Div", "turned_maps", "whole_length", to="item_cells")


def _add_look_cells(branch: "_Branch") -> None:
    """Add `look_cells` (1, cells, numbers), whose sum is look, the root of shares."""
    branch.add("ReduceSum", "counts", to="counted", keepdims=1)
    branch.add("Div", "counts", "counted", to="count_shares")
    branch.add("Max", "look", "trace", to="some_look")
    branch.add("Div", "count_shares", "some_look", to="look_cells")


def _add_combined_cells(branch: "_Branch") -> None:
    """Add `known_cells` (1, cells, numbers), whose sum are the combined features.

    A root belongs to the cells in proportion to the number that it is the root of; so
    does a deviation, whose square is a sum over cells.
    """
    branch.constant("look_share", np.float32(LOOK_WEIGHT))
    branch.constant("stuff_share", np.float32(TEXTURE_WEIGHT))
    branch.constant("one_cell", np.float32(1))
    branch.constant("least", np.float32(VARIANCE_EPSILON))
    branch.add("Sqrt", "item", to="item_root")
    branch.add("Max", "item_root", "trace", to="some_root")
    branch.add("ReduceL2", "item_root", to="root_length")
    branch.add("Mul", "some_root", "root_length", to="root_divisor")
    branch.add("Div", "item_cells", "root_divisor", to="thing_cells")
    branch.add("Mul", "look_cells", "look_share", to="colour_cells")
    branch.add("Reshape", "middle", "by_cells", to="flat_middle")
    branch.add("Transpose", "flat_middle", to="means", perm=[0, 2, 1])
    branch.constant("over_cells", np.array([1]))
    branch.add("ReduceMean", "means", "over_cells", to="mean", keepdims=1)
    branch.add("Sub", "means", "mean", to="apart")
    branch.add("Mul", "apart", "apart", to="squares")
    branch.add("Add", "squares", "least", to="some_squares")
    branch.add("ReduceMean", "some_squares", "over_cells", to="variance", keepdims=1)
    branch.add("Sqrt", "variance", to="deviation")
    branch.add("Div", "some_squares", "deviation", to="spreads")
    branch.add("Sub", "spreads", "one_cell", to="deviations")
    branch.add("Concat", "means", "deviations", to="stuff", axis=2)
    branch.add("ReduceMean", "stuff", "over_cells", to="stuff_whole", keepdims=1)
    branch.add("ReduceL2", "stuff_whole", to="stuff_length")
    branch.add("Mul", "stuff_length", "n_cells", to="stuff_divisor")
    branch.add("Div", "stuff", "stuff_divisor", to="stuff_even")
    branch.add("Mul", "stuff_even", "stuff_share", to="stuff_cells")
    branch.add(
        "Concat", "thing_cells", "colour_cells", "stuff_cells", to="known_cells", axis=2
    )


def _empty_branch(dim: int) -> onnx.GraphProto:
    """Build the branch that gives no cells."""
    branch = _Branch()
    branch.constant("no_regions", np.zeros((1, 0, 0, dim), np.float32))
    branch.add("Identity", "no_regions", to="nothing")
    return branch.graph("no_regions_asked", "nothing")


class _Branch:
    """A graph within a graph, whose tensors it can read.

    Tensors of the branch get a prefix, to keep their names apart from those around.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._own_names: set[str] = set()

    def constant(self, name: str, value: np.generic | np.ndarray) -> None:
        """Add a constant tensor."""
        self._own_names.add(name)
        array = np.asarray(value)
        self._constants.append(numpy_helper.from_array(array, self._full_name(name)))

    def add(self, op: str, *inputs: str, to: str, **attributes: Any) -> None:
        """Add a node with one output; inputs are tensors of the branch or around it."""
        input_names = [self._full_name(name) for name in inputs]
        self._own_names.add(to)
        node = helper.make_node(op, input_names, [self._full_name(to)], **attributes)
        self._nodes.append(node)

    def graph(self, name: str, output: str) -> onnx.GraphProto:
        """Return the branch as a graph with one output."""
        info = helper.make_tensor_value_info(
            self._full_name(output), TensorProto.FLOAT, None
        )
        return helper.make_graph(self._nodes, name, [], [info], self._constants)

    def _full_name(self, name: str) -> str:
        return f"by_region_{name}" if name in self._own_names else name
