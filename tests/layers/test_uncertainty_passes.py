"""What the page on uncertainty makes of passes with dropout, held against enumeration.

Passes are tried on networks so small that all thinned ones can be listed: whatever a pass puts out
must be one of them, and all must come as often as their probability says. Chance breaks a bound at
most once in a thousand million runs.
"""

import itertools

import numpy as np
import pytest
from backends import BACKENDS, FALSE_ALARM, definitions, each

pytestmark = each("uncertainty", BACKENDS)


@pytest.fixture(scope="module")
def page(framework, backend):
    """The definitions of the page; the backend sees to it that the framework can be had."""
    return definitions(framework, "uncertainty")


HIDDENS = 3, 2


RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.normal(size=(40, 28, 28)).astype(np.float32), RNG.integers(0, 3, 40)


def new_model(page):
    """A model with five hidden units."""
    model = page.DropoutMLP(
        num_outputs=3, num_hiddens_1=HIDDENS[0], num_hiddens_2=HIDDENS[1],
        dropout_1=0.25, dropout_2=0.5, lr=0.1,
    )  # fmt: skip
    model.board.display = False
    return model


@pytest.fixture(scope="module")
def tiny(page, backend):
    """A trained model, its weights, and four images."""
    backend.d2l.seed_everything(3)
    model = new_model(page)
    trainer = backend.fit(model, backend.data((IMAGES[..., None], LABELS)))
    return model, backend.weights(trainer), IMAGES[:4]


def softmax(logits):
    exps = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


def thinned(weights, X, first, second):
    """NumPy's answer for one thinned network, of units that are kept."""
    W1, b1, W2, b2, W3, b3 = (weight.astype(float) for weight in weights)
    H = np.maximum(X.reshape(len(X), -1) @ W1 + b1, 0) * first / 0.75
    H = np.maximum(H @ W2 + b2, 0) * second / 0.5
    return softmax(H @ W3 + b3)


def everything(weights, X):
    """Probabilities of all 32 thinned networks, and how often each comes."""
    nets, shares = [], []
    for kept in itertools.product([0, 1], repeat=sum(HIDDENS)):
        first, second = np.array(kept[: HIDDENS[0]]), np.array(kept[HIDDENS[0] :])
        nets.append(thinned(weights, X, first, second))
        shares.append(np.prod(np.where(first, 0.75, 0.25)) * 0.5 ** len(second))
    return np.array(nets), np.array(shares)


def passes_of(page, backend, model, X, number, seed=0):
    backend.d2l.seed_everything(seed)
    key = [backend.d2l.get_key()] if backend.name == "jax" else []
    return page.mc_passes(model, X, number, *key)


def test_dropout_off_is_the_network_without_it(page, backend, tiny):
    model, weights, X = tiny
    found = page.probabilities(model, X)
    assert found.shape == (4, 3)
    np.testing.assert_allclose(found, softmax_of_all(weights, X), atol=1e-5)
    np.testing.assert_array_equal(found, page.probabilities(model, X))
    passes_of(page, backend, model, X, 2)
    np.testing.assert_array_equal(found, page.probabilities(model, X))  # passes leave it off


def softmax_of_all(weights, X):
    return thinned(weights, X, np.full(HIDDENS[0], 0.75), np.full(HIDDENS[1], 0.5))


def test_every_pass_is_a_thinned_network_and_comes_as_often_as_it_should(page, backend, tiny):
    model, weights, X = tiny
    nets, shares = everything(weights, X)
    number = 400
    P = passes_of(page, backend, model, X, number)
    assert P.shape == (number, 4, 3)
    np.testing.assert_allclose(P.sum(axis=-1), 1, atol=1e-5)
    distance = abs(P[:, None] - nets).max(axis=-1)  # passes × nets × images
    assert distance.min(axis=1).max() < 1e-5
    # Hoeffding, for each of the thinned networks that differ; equal ones are taken together.
    slack = np.sqrt(np.log(2 * 32 * 4 / FALSE_ALARM) / (2 * number))
    for image in range(4):
        for net in nets[:, image]:
            alike = abs(nets[:, image] - net).max(axis=-1) < 1e-6
            came = (abs(P[:, image] - net).max(axis=-1) < 1e-5).mean()
            assert abs(came - shares[alike].sum()) < slack
    mean = np.tensordot(shares, nets, 1)
    bound = np.sqrt(np.log(2 * 12 / FALSE_ALARM) / (2 * number))
    assert abs(P.mean(axis=0) - mean).max() < bound


def test_images_and_passes_have_masks_of_their_own(page, backend, tiny):
    model, _, X = tiny
    same = np.stack([X[0]] * 64)
    P = passes_of(page, backend, model, same, 64)
    assert len(np.unique(P.round(4).reshape(64, -1), axis=0)) == 64  # no pass repeats another
    assert len(np.unique(P[0].round(4), axis=0)) > 1  # within a pass, images differ


def test_a_seed_repeats_the_passes(page, backend):
    # From the making of the model on: in Keras, each layer keeps a generator of its own.
    data = backend.data((IMAGES[..., None], LABELS))
    one, same, other = (
        passes_of(
            page, backend, backend.begin(lambda: new_model(page), data, seed).model, IMAGES[:4],
            20, seed,
        )
        for seed in (5, 5, 6)
    )  # fmt: skip
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("number", [0, -1, 2.5])
def test_a_number_of_passes_that_is_none(page, backend, tiny, number):
    model, _, X = tiny
    with pytest.raises(ValueError, match=f"expected num_passes.*received {number}"):
        passes_of(page, backend, model, X, number)


def norm_net(page, framework, p):
    """A network with batch normalisation and dropout, and inputs -> outputs with dropout on."""
    if framework == "pytorch":
        nn = page.nn
        net = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(p), nn.Sequential(nn.Linear(8, 3))
        )
        return net, lambda X: page.with_dropout(net, X)
    if framework == "tensorflow":
        layers = page.tf.keras.layers
        net = page.tf.keras.Sequential(
            [layers.Dense(8), layers.BatchNormalization(), layers.Dropout(p), layers.Dense(3)]
        )
        return net, lambda X: page.with_dropout(net, X)
    if framework == "mxnet":
        nn = page.nn
        net = nn.Sequential()
        net.add(nn.Dense(8), nn.BatchNorm(), nn.Dropout(p), nn.Dense(3))
        net.initialize()
        return net, lambda X: page.with_dropout(net, X)
    import jax

    fn = page.nn

    class Net(fn.Module):
        normalise_by_batch: bool = False
        dropout_on: bool = False

        @fn.compact
        def __call__(self, X):
            X = fn.BatchNorm(use_running_average=not self.normalise_by_batch)(fn.Dense(8)(X))
            return fn.Dense(3)(fn.Dropout(p, deterministic=not self.dropout_on)(X))

    net = Net()
    variables = net.init(jax.random.PRNGKey(0), np.ones((2, 4), np.float32))
    keys = iter(jax.random.split(jax.random.PRNGKey(1), 100))
    return net, lambda X: page.with_dropout(net, variables, X, next(keys), dropout_on=True)


def test_only_dropout_is_turned_on(page, backend, framework):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 4)).astype(np.float32)
    backend.d2l.seed_everything(0)
    # Flax asks for a key, and so drops, only if the probability is not 0.
    _, still = norm_net(page, framework, 1e-9)
    alone, company = (backend.numpy(still(backend.tensor(some))) for some in (X[:3], X))
    np.testing.assert_allclose(alone, company[:3], atol=1e-5)
    _, noisy = norm_net(page, framework, 0.5)
    first, second = (backend.numpy(noisy(backend.tensor(X))) for _ in range(2))
    assert (first != second).any()


def test_tiny_network_of_the_text(page):
    W = np.log(3) * np.array([[1, 0], [0, 0.5]])
    masks = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    four = page.thinned_softmax(np.ones(2), W, masks, 0.5)
    np.testing.assert_allclose(four[:, 0], [0.5, 0.9, 0.25, 0.75])
    odds = np.exp(np.log(four[:, 0] / four[:, 1]).mean())
    assert odds == pytest.approx(np.sqrt(3))


def test_the_geometric_mean_of_thinned_networks_is_dropout_off(page):
    rng = np.random.default_rng(0)
    h, W = rng.random(5), rng.normal(size=(5, 4))
    masks = np.array(list(itertools.product([0, 1], repeat=5)))
    for p in (0.2, 0.5, 0.8):
        P = page.thinned_softmax(h, W, masks, p)
        weights = np.where(masks, 1 - p, p).prod(axis=-1)
        geometric = np.exp(weights @ np.log(P))
        np.testing.assert_allclose(geometric / geometric.sum(), softmax(h @ W))
