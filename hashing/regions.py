"""The embedding by region, as a second output of an encoder's graph: `regions`.

Parts are sums over the cells of the network's last maps. What the network sees is the
mean of what it sees in each cell; a colour's number in the histogram belongs to the
cells in the shares in which they hold that colour. A projection is linear, so each cell
has its contribution to every number of the embedding, and their sum over the cells is
the embedding itself: lengths and weights are those of the whole picture. What a cell
sees reaches beyond it: a cell of the last maps looks at nearly all of the picture, and
most at itself.

Cells cost as much again as the projections, and hardly anybody asks. The runtime
computes every output of a graph, asked for or not, so they are behind a condition, the
input `by_region`, which nobody need give: then `regions` is empty.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INSIDE = ("maps", "counts")  # outputs of an exported network that has cells
TRACE = 1e-6  # of a colour, the root of a share: divided by where there is none


def append_regions(graph: onnx.GraphProto, parts: Sequence[str], *, dim: int) -> None:
    """Give a graph with an embedding the output `regions` (1, rows, columns, dim)."""
    inside = {output.name: output for output in graph.output if output.name in INSIDE}
    rows, columns = (d.dim_value for d in inside["maps"].type.tensor_type.shape.dim[2:])
    for output in inside.values():
        graph.output.remove(output)
    wanted = helper.make_tensor_value_info("by_region", TensorProto.BOOL, [])
    graph.input.append(wanted)
    graph.initializer.append(numpy_helper.from_array(np.array(False), "by_region"))
    # A shape without numbers in it: the two branches give different ones.
    shape: list[str | int | None] = [1, "rows", "columns", dim]
    output = helper.make_tensor_value_info("regions", TensorProto.FLOAT, shape)
    graph.node.append(
        helper.make_node(
            "If",
            ["by_region"],
            ["regions"],
            then_branch=_regions(parts, rows, columns),
            else_branch=_nothing(dim),
        )
    )
    graph.output.append(output)


def _regions(parts: Sequence[str], rows: int, columns: int) -> onnx.GraphProto:
    branch = _Branch()
    cells = rows * columns
    branch.number("n_cells", np.float32(cells))
    branch.number("by_cells", np.array([0, -1, cells]))
    branch.number("by_place", np.array([1, rows, columns, -1]))
    branch.number("trace", np.float32(TRACE))
    _item_cells(branch)
    _look_cells(branch)
    for part in parts:
        # A Gemm of the whole picture adds the bias once: each cell has its share of it.
        branch.add("MatMul", f"{part}_cells", f"{part}_axes", to=f"{part}_turned")
        branch.add("Div", f"{part}_bias", "n_cells", to=f"{part}_shift")
        branch.add("Add", f"{part}_turned", f"{part}_shift", to=f"{part}_moved")
        branch.add("ReduceL2", f"{part}_projected", to=f"{part}_length")
        branch.add("Div", f"{part}_moved", f"{part}_length", to=f"{part}_even")
        branch.add("Mul", f"{part}_even", f"{part}_weight", to=f"{part}_region")
    branch.add("Concat", *(f"{part}_region" for part in parts), to="flat", axis=2)
    branch.add("Reshape", "flat", "by_place", to="placed")
    return branch.graph("regions_of_cells", "placed")


def _item_cells(branch: "_Branch") -> None:
    """`item_cells` (1, cells, numbers), whose sum is item."""
    branch.number("over_places", np.array([2, 3]))
    branch.add("ReduceMean", "maps", "over_places", to="pooled", keepdims=0)
    branch.add("ReduceL2", "pooled", to="pooled_length")
    branch.add("Mul", "pooled_length", "n_cells", to="whole_length")
    branch.add("Reshape", "maps", "by_cells", to="flat_maps")
    branch.add("Transpose", "flat_maps", to="turned_maps", perm=[0, 2, 1])
    branch.add("Div", "turned_maps", "whole_length", to="item_cells")


def _look_cells(branch: "_Branch") -> None:
    """`look_cells` (1, cells, numbers), whose sum is look, the root of the shares."""
    branch.add("ReduceSum", "counts", to="counted", keepdims=1)
    branch.add("Div", "counts", "counted", to="count_shares")
    branch.add("Max", "look", "trace", to="some_look")
    branch.add("Div", "count_shares", "some_look", to="look_cells")


def _nothing(dim: int) -> onnx.GraphProto:
    branch = _Branch()
    branch.number("no_regions", np.zeros((1, 0, 0, dim), np.float32))
    branch.add("Identity", "no_regions", to="nothing")
    return branch.graph("no_regions_asked", "nothing")


class _Branch:
    """Nodes and numbers of a graph in a graph, which sees the tensors around it."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._numbers: list[onnx.TensorProto] = []

    def number(self, name: str, value: np.generic | np.ndarray) -> None:
        self._numbers.append(numpy_helper.from_array(np.asarray(value), name))

    def add(self, kind: str, *inputs: str, to: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [to], **attributes))

    def graph(self, name: str, output: str) -> onnx.GraphProto:
        made = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        return helper.make_graph(self._nodes, name, [], [made], self._numbers)
