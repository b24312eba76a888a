"""What `with_dropout` of the page on uncertainty turns on, and what it refuses and restores."""

import numpy as np
import pytest
from backends import BACKENDS, definitions, each

pytestmark = each("uncertainty", BACKENDS)

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(6, 4)).astype(np.float32)
SEQUENCES = RNG.normal(size=(5, 6, 4)).astype(np.float32)


@pytest.fixture
def page(framework, backend):
    """The definitions of the page; the backend sees to it that the framework can be had."""
    backend.d2l.seed_everything(0)
    return definitions(framework, "uncertainty")


def differs(backend, run, X) -> bool:
    """Whether two passes differ."""
    first, second = (backend.numpy(run(backend.tensor(X))) for _ in range(2))
    return bool((first != second).any())


def recurrent(page, framework, p):
    """A network whose only dropout is that of its recurrent layers."""
    if framework == "pytorch":

        class Net(page.nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = page.nn.LSTM(4, 8, num_layers=2, dropout=p)

            def forward(self, X):
                return self.lstm(X)[0]

        return Net()
    if framework == "tensorflow":
        return page.tf.keras.Sequential([page.tf.keras.layers.LSTM(8, dropout=p)])
    net = page.nn.Sequential()
    net.add(page.rnn.LSTM(8, num_layers=2, dropout=p))
    net.initialize()
    return net


def test_the_dropout_of_recurrent_layers_is_turned_on_or_refused(page, backend, framework):
    if framework == "jax":
        pytest.skip("Flax has no recurrent layer with a dropout of its own")
    net = recurrent(page, framework, 0.5)
    if framework == "mxnet":  # two passes in train_mode are equal: its dropout can't be turned on
        with pytest.raises(ValueError, match="expected dropout in layers of its own only"):
            page.with_dropout(net, backend.tensor(SEQUENCES))
        return
    assert differs(backend, lambda X: page.with_dropout(net, X), SEQUENCES)
    with pytest.raises(ValueError, match=r"expected a network with layers of dropout"):
        page.with_dropout(recurrent(page, framework, 0.0), backend.tensor(SEQUENCES))


def attention(page, framework):
    """A network whose only dropout is that of its attention weights, as inputs -> outputs."""
    if framework == "pytorch":

        class Net(page.nn.Module):
            def __init__(self):
                super().__init__()
                self.attention = page.nn.MultiheadAttention(4, 2, dropout=0.5)

            def forward(self, X):
                return self.attention(X, X, X)[0]

        net = Net()
        return lambda X: page.with_dropout(net, X)

    class Net(page.nn.Module):
        training: bool = False

        @page.nn.compact
        def __call__(self, X):
            return page.nn.MultiHeadDotProductAttention(
                num_heads=2, dropout_rate=0.5, deterministic=not self.training
            )(X)

    net = Net()
    variables = net.init(page.jax.random.PRNGKey(0), SEQUENCES)
    keys = iter(page.jax.random.split(page.jax.random.PRNGKey(1), 9))
    return lambda X: page.with_dropout(net, variables, X, next(keys), training=True)


def test_the_dropout_of_attention_is_turned_on(page, backend, framework):
    if framework in ("tensorflow", "mxnet"):
        pytest.skip("with_dropout runs chains only, or there is no attention layer")
    assert differs(backend, attention(page, framework), SEQUENCES)


@pytest.mark.parametrize("batch_first", [True, False])
def test_an_encoder_of_pytorch_does_not_take_its_fast_path(page, backend, framework, batch_first):
    if framework != "pytorch":
        pytest.skip("PyTorch's own fast path")
    layer = page.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, batch_first=batch_first)
    encoder = page.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    assert differs(backend, lambda X: page.with_dropout(encoder, X), SEQUENCES)


def test_modes_are_restored_whatever_happens(page, framework):
    if framework != "pytorch":
        pytest.skip("only PyTorch keeps a mode in its modules")
    nn = page.nn
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    net[1].eval()  # a frozen layer in a network that trains
    for X in (page.torch.ones(3, 4), page.torch.ones(3, 5)):
        try:
            page.with_dropout(net, X)
        except RuntimeError:
            assert X.shape == (3, 5)
        assert [layer.training for layer in net.modules()] == [True, True, False, True]


def without_dropout(page, backend, framework):
    """A network that drops nothing, given to `with_dropout`."""
    X = backend.tensor(ROWS)
    if framework == "pytorch":
        return page.with_dropout(page.nn.Linear(4, 3), X)
    if framework == "tensorflow":
        return page.with_dropout(page.tf.keras.Sequential([page.tf.keras.layers.Dense(3)]), X)
    if framework == "mxnet":
        net = page.nn.Sequential()
        net.add(page.nn.Dense(3))
        net.initialize()
        return page.with_dropout(net, X)
    net = page.NormNet()
    key = page.jax.random.PRNGKey(0)
    return page.with_dropout(net, net.init(key, X), X, key)  # the flag is forgotten


def test_a_network_that_drops_nothing_is_refused(page, backend, framework):
    with pytest.raises(ValueError, match=r"(?s)expected.*dropout.*received"):
        without_dropout(page, backend, framework)


def test_what_is_no_chain_is_refused(page, backend, framework):
    if framework in ("pytorch", "jax"):
        pytest.skip("takes any network")
    layer = page.tf.keras.layers.Dropout if framework == "tensorflow" else page.nn.Dropout
    with pytest.raises(TypeError, match="expected a Sequential, received"):
        page.with_dropout(layer(0.5), backend.tensor(ROWS))
