"""Every loss against a slow loop from its formula, on numbers, labels and gradients."""

import math

import pytest

torch = pytest.importorskip("torch", reason="losses need torch")

from hashing.losses.class_targets import hadamard, make_class_targets  # noqa: E402
from hashing.losses.named_losses import (  # noqa: E402
    DISTILLATIONS,
    LOSSES,
    make_distillation,
    make_loss,
)
from hashing.losses.regularisers import WeightedSum  # noqa: E402
from hashing.losses.straight_through import straight_through_sign  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

N_CLASSES, N_BITS = 5, 8


def batch(seed=0, n=12):
    torch.manual_seed(seed)
    outputs = torch.randn(n, N_BITS) * 1.5
    return outputs, torch.arange(n) % N_CLASSES


def made(name, **options):
    torch.manual_seed(0)
    return make_loss(name, n_classes=N_CLASSES, n_bits=N_BITS, **options)


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def unit(a):
    norm = math.sqrt(dot(a, a))
    return [x / norm for x in a]


def distance(a, b):
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def pairs(outputs, labels):
    """All i < j: both outputs, and whether they are of one class."""
    for i in range(len(outputs)):
        for j in range(i + 1, len(outputs)):
            yield outputs[i], outputs[j], labels[i] == labels[j]


def slow_dsh(outputs, labels, loss):
    def of_pair(a, b, same):
        d = distance(a, b) ** 2
        off = sum(abs(abs(x) - 1) for x in [*a, *b])
        return (d if same else max(2 * N_BITS - d, 0)) / 2 + 0.01 * off

    return mean(of_pair(*pair) for pair in pairs(outputs, labels))


def slow_hashnet(outputs, labels, loss):
    h = [[math.tanh(x) for x in row] for row in outputs]
    both = list(pairs(h, labels))
    n_same = sum(same for *_, same in both)
    total = 0.0
    for a, b, same in both:
        theta = 10 / N_BITS * dot(a, b)
        weight = len(both) / (n_same if same else len(both) - n_same)
        total += weight * (math.log(1 + math.exp(theta)) - same * theta)
    return total / len(both)


def cross_entropy(scores, label):
    return math.log(sum(math.exp(score) for score in scores)) - scores[label]


def slow_greedyhash(outputs, labels, loss):
    weight, bias = (p.tolist() for p in loss.classifier.parameters())
    total = 0.0
    for row, label in zip(outputs, labels, strict=True):
        bits = [1 if x >= 0 else -1 for x in row]
        scores = [dot(w, bits) + b for w, b in zip(weight, bias, strict=True)]
        off = mean(abs(abs(x) - 1) ** 3 for x in row)
        total += cross_entropy(scores, label) + 0.1 * off
    return total / len(outputs)


def slow_csq(outputs, labels, loss):
    total = 0.0
    for row, label in zip(outputs, labels, strict=True):
        for x, centre in zip(row, loss.centres[label].tolist(), strict=True):
            p = (math.tanh(x) + 1) / 2
            total -= math.log(p if centre > 0 else 1 - p)
            total += 1e-4 * (abs(math.tanh(x)) - 1) ** 2
    return total / len(outputs) / N_BITS


def slow_orthohash(outputs, labels, loss):
    targets = [unit(target) for target in loss.targets.tolist()]
    return mean(
        cross_entropy(
            [
                8 * (dot(unit(row), target) - 0.2 * (c == label))
                for c, target in enumerate(targets)
            ],
            label,
        )
        for row, label in zip(outputs, labels, strict=True)
    )


def mean_of_positive(values):
    return mean([v for v in values if v > 0] or [0.0])


def slow_contrastive(outputs, labels, loss):
    both = list(pairs([unit(row) for row in outputs], labels))
    near = mean_of_positive(distance(a, b) for a, b, same in both if same)
    far = mean_of_positive(1 - distance(a, b) for a, b, same in both if not same)
    return near + far


def slow_triplet(outputs, labels, loss):
    rows = [unit(row) for row in outputs]
    n = range(len(rows))
    return mean_of_positive(
        distance(rows[a], rows[p]) - distance(rows[a], rows[q]) + 0.2
        for a in n
        for p in n
        for q in n
        if a != p and labels[a] == labels[p] and labels[a] != labels[q]
    )


def slow_supcon(outputs, labels, loss):
    rows = [unit(row) for row in outputs]
    losses = []
    for i, row in enumerate(rows):
        scores = {j: dot(row, other) / 0.1 for j, other in enumerate(rows) if j != i}
        total = math.log(sum(math.exp(score) for score in scores.values()))
        losses.append(mean(total - scores[j] for j in scores if labels[j] == labels[i]))
    return mean(losses)


def slow_proxy_anchor(outputs, labels, loss):
    proxies = [unit(proxy) for proxy in loss.proxies.tolist()]
    near, far = 0.0, 0.0
    for c, proxy in enumerate(proxies):
        cosines = [dot(unit(row), proxy) for row in outputs]
        own = [s for s, k in zip(cosines, labels, strict=True) if k == c]
        others = [s for s, k in zip(cosines, labels, strict=True) if k != c]
        near += math.log(1 + sum(math.exp(-32 * (s - 0.1)) for s in own))
        far += math.log(1 + sum(math.exp(32 * (s + 0.1)) for s in others))
    return near / len(set(labels)) + far / N_CLASSES


def slow_quantisation(outputs, labels, loss):
    return mean((abs(x) - 1) ** 2 for row in outputs for x in row)


def slow_balance(outputs, labels, loss):
    return mean(mean(bit) ** 2 for bit in zip(*outputs, strict=True))


def slow_decorrelation(outputs, labels, loss):
    bits = list(zip(*outputs, strict=True))
    return mean(
        (dot(a, b) / len(a) - (i == j)) ** 2
        for i, a in enumerate(bits)
        for j, b in enumerate(bits)
    )


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_its_formula(name, seed):
    outputs, labels = batch(seed)
    loss = made(name)
    slow = globals()[f"slow_{name}"](outputs.tolist(), labels.tolist(), loss)
    assert loss(outputs, labels).item() == pytest.approx(slow, rel=1e-4)


@pytest.mark.parametrize("outputs", [batch()[0], torch.zeros(12, N_BITS)])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite(name, outputs):
    outputs = outputs.clone().requires_grad_()
    made(name)(outputs, batch()[1]).backward()
    assert outputs.grad.isfinite().all()


@pytest.mark.parametrize("name", ["contrastive", "dsh", "hashnet", "triplet", "supcon"])
def test_a_batch_of_one_class_still_has_a_loss(name):
    outputs = batch()[0].requires_grad_()
    value = made(name)(outputs, torch.zeros(12, dtype=torch.int64))
    value.backward()
    assert value.isfinite()
    assert outputs.grad.isfinite().all()


SUPERVISED = [
    n for n in LOSSES if n not in ("balance", "decorrelation", "quantisation")
]


@pytest.mark.parametrize("name", SUPERVISED)
def test_descending_a_loss_brings_codes_of_a_class_together(name):
    outputs, labels = batch(n=20)
    outputs = outputs.clone().requires_grad_()
    loss = made(name)
    optimiser = torch.optim.Adam([outputs, *loss.parameters()], lr=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        loss(outputs, labels).backward()
        optimiser.step()
    bits = straight_through_sign(outputs.detach())
    alike = bits @ bits.T / N_BITS
    same = labels[:, None] == labels
    assert alike[same].mean() > alike[~same].mean() + 0.4


def test_options_carry_the_names_of_the_paper():
    outputs, labels = batch()
    assert made("orthohash", m=0.5)(outputs, labels) > made("orthohash")(
        outputs, labels
    )
    assert made("dsh", alpha=1.0)(outputs, labels) > made("dsh")(outputs, labels)


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="no loss 'hinge'; there are contrastive, csq"):
        made("hinge")


def test_hashnets_tanh_grows_steeper_in_training_only():
    loss = made("hashnet", stair=2)
    seen = []
    for _ in range(5):
        loss(*batch())
        seen.append(loss.beta)
    assert seen == pytest.approx([1, 1.01**0.5, 1.01**0.5, 1.02**0.5, 1.02**0.5])
    loss.eval()(*batch())
    assert loss.beta == seen[-1]


def test_targets_are_orthogonal_where_they_can_be():
    assert torch.equal(hadamard(16) @ hadamard(16).T, 16 * torch.eye(16))
    assert torch.equal(make_class_targets(10, 16), hadamard(16)[:10])
    assert len(make_class_targets(32, 16).unique(dim=0)) == 32
    coins = make_class_targets(40, 96)
    assert set(coins.unique().tolist()) == {-1.0, 1.0}
    assert (coins @ coins.T).fill_diagonal_(0).abs().max() < 60
    with pytest.raises(ValueError, match="24 is no power of two"):
        hadamard(24)


def test_the_sign_of_zero_is_one_and_its_gradient_passes():
    outputs = torch.tensor([-0.5, 0.0, 2.0], requires_grad=True)
    bits = straight_through_sign(outputs)
    assert bits.tolist() == [-1, 1, 1]
    bits.sum().backward()
    assert outputs.grad.tolist() == [1, 1, 1]


def test_a_weighted_sum_adds_up_and_has_the_parameters_of_all():
    outputs, labels = batch()
    greedy, balance = made("greedyhash"), made("balance")
    both = WeightedSum([(1.0, greedy), (0.5, balance)])
    expected = greedy(outputs, labels) + 0.5 * balance(outputs, labels)
    assert both(outputs, labels).item() == pytest.approx(expected.item())
    assert len(list(both.parameters())) == len(list(greedy.parameters()))


def slow_distillation(outputs, embeddings, temperature):
    def neighbours(rows):
        rows = [unit(row) for row in rows]
        for i, row in enumerate(rows):
            weights = [
                math.exp(dot(row, other) / temperature)
                for j, other in enumerate(rows)
                if j != i
            ]
            yield [weight / sum(weights) for weight in weights]

    return mean(
        sum(t * math.log(t / s) for t, s in zip(teacher, student, strict=True))
        for teacher, student in zip(
            neighbours(embeddings), neighbours(outputs), strict=True
        )
    )


def slow_neighbours(outputs, embeddings, temperature=0.04):
    return slow_distillation(outputs, embeddings, temperature)


def slow_similarities(outputs, embeddings):
    def cosines(rows):
        rows = [unit(row) for row in rows]
        return [dot(row, other) for row in rows for other in rows]

    both = zip(cosines(outputs), cosines(embeddings), strict=True)
    return mean((ours - known) ** 2 for ours, known in both)


@pytest.mark.parametrize("name", DISTILLATIONS)
def test_a_distillation_is_its_formula_and_zero_for_the_same_neighbours(name):
    outputs, embeddings = batch()[0].requires_grad_(), torch.randn(12, 6)
    loss = make_distillation(name)
    slow = globals()[f"slow_{name}"](outputs.tolist(), embeddings.tolist())
    value = loss(outputs, embeddings)
    assert value.item() == pytest.approx(slow, rel=1e-4)
    value.backward()
    assert outputs.grad.isfinite().all()
    rotated = embeddings @ torch.linalg.qr(torch.randn(6, 6))[0]
    assert loss(rotated * 3, embeddings).item() == pytest.approx(0, abs=1e-5)


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError, match="supcon has no option margin; there are temp"):
        made("supcon", margin=0.2)
    with pytest.raises(ValueError, match="no distillation 'all'"):
        make_distillation("all")
