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

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hashing.networks import LEAST, LOOK_SHARE, STUFF_SHARE

INSIDE = ("maps", "counts", "middle")  # outputs of an exported network, by cell
TRACE = 1e-6  # what is divided by where there is nothing of a feature


def append_regions(
    graph: onnx.GraphProto, sources: Mapping[str, str], *, dim: int, pad: int
) -> None:
    """Give a graph with an embedding the output `regions` (1, rows, columns, dim).

    `sources`: the output of the network that each part is projected from; `pad`: how
    many numbers of item do not give way to the kind.
    """
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
            then_branch=_regions(sources, rows, columns, pad=pad),
            else_branch=_nothing(dim),
        )
    )
    graph.output.append(output)


def _regions(
    sources: Mapping[str, str], rows: int, columns: int, *, pad: int
) -> onnx.GraphProto:
    branch = _Branch()
    cells = rows * columns
    branch.number("n_cells", np.float32(cells))
    branch.number("by_cells", np.array([0, -1, cells]))
    branch.number("by_place", np.array([1, rows, columns, -1]))
    branch.number("over_places", np.array([2, 3]))
    branch.number("trace", np.float32(TRACE))
    _item_cells(branch)
    _look_cells(branch)
    if "known" in sources.values():
        _known_cells(branch)
    for part, source in sources.items():
        # A Gemm of the whole picture adds the bias once: each cell has its share of it.
        branch.add("MatMul", f"{source}_cells", f"{part}_axes", to=f"{part}_turned")
        branch.add("Div", f"{part}_bias", "n_cells", to=f"{part}_shift")
        branch.add("Add", f"{part}_turned", f"{part}_shift", to=f"{part}_moved")
        branch.add("ReduceL2", f"{part}_projected", to=f"{part}_length")
        branch.add("ReduceL2", f"{part}_weighed", to=f"{part}_counts")
        branch.add("Div", f"{part}_counts", f"{part}_length", to=f"{part}_scale")
        branch.add("Mul", f"{part}_moved", f"{part}_scale", to=f"{part}_region")
    joined = [f"{part}_region" for part in sources]
    if "kind" in sources:
        branch.number("kind_pads", np.array([0, 0, pad, 0, 0, 0]))
        branch.add("Mul", "item_region", "item_left", to="item_kept")
        branch.add("Pad", "kind_region", "kind_pads", to="kind_placed")
        branch.add("Add", "item_kept", "kind_placed", to="item_and_kind")
        joined = ["item_and_kind", "look_region"]
    branch.add("Concat", *joined, to="flat", axis=2)
    branch.add("ReduceL2", "weighed", to="weighed_length")
    branch.add("Div", "flat", "weighed_length", to="scaled")
    branch.add("Reshape", "scaled", "by_place", to="placed")
    return branch.graph("regions_of_cells", "placed")


def _item_cells(branch: "_Branch") -> None:
    """`item_cells` (1, cells, numbers), whose sum is item."""
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


def _known_cells(branch: "_Branch") -> None:
    """`known_cells` (1, cells, numbers), whose sum is known.

    Roots belong to the cells in the shares in which these hold what the root is of; so
    does a deviation, whose square is a sum over cells.
    """
    branch.number("look_share", np.float32(LOOK_SHARE))
    branch.number("stuff_share", np.float32(STUFF_SHARE))
    branch.number("one_cell", np.float32(1))
    branch.number("least", np.float32(LEAST))
    branch.add("Sqrt", "item", to="item_root")
    branch.add("Max", "item_root", "trace", to="some_root")
    branch.add("ReduceL2", "item_root", to="root_length")
    branch.add("Mul", "some_root", "root_length", to="root_divisor")
    branch.add("Div", "item_cells", "root_divisor", to="thing_cells")
    branch.add("Mul", "look_cells", "look_share", to="colour_cells")
    branch.add("Reshape", "middle", "by_cells", to="flat_middle")
    branch.add("Transpose", "flat_middle", to="means", perm=[0, 2, 1])
    branch.number("over_cells", np.array([1]))
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


def _nothing(dim: int) -> onnx.GraphProto:
    branch = _Branch()
    branch.number("no_regions", np.zeros((1, 0, 0, dim), np.float32))
    branch.add("Identity", "no_regions", to="nothing")
    return branch.graph("no_regions_asked", "nothing")


class _Branch:
    """Nodes and numbers of a graph in a graph, which sees the tensors around it.

    What is made here gets names of its own, apart from those of the graph around.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._numbers: list[onnx.TensorProto] = []
        self._made: set[str] = set()

    def number(self, name: str, value: np.generic | np.ndarray) -> None:
        self._made.add(name)
        array = np.asarray(value)
        self._numbers.append(numpy_helper.from_array(array, self._named(name)))

    def add(self, kind: str, *inputs: str, to: str, **attributes: Any) -> None:
        given = [self._named(name) for name in inputs]
        self._made.add(to)
        made = helper.make_node(kind, given, [self._named(to)], **attributes)
        self._nodes.append(made)

    def graph(self, name: str, output: str) -> onnx.GraphProto:
        shape = helper.make_tensor_value_info(
            self._named(output), TensorProto.FLOAT, None
        )
        return helper.make_graph(self._nodes, name, [], [shape], self._numbers)

    def _named(self, name: str) -> str:
        return f"by_region_{name}" if name in self._made else name
