"""Four frameworks with one face, so that a law is written once and holds, or fails, for each.

What a test compares are NumPy arrays. What it runs are the definitions that readers see: they are
taken from the executed notebooks, and nothing of them is repeated here.
"""

import ast
import functools
import importlib
import json
import linecache
import os
import subprocess
import sys
import types
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from tabbook.config import book_of

if "MPLBACKEND" not in os.environ:  # a kernel is told to show figures in its notebook
    matplotlib.use("Agg")

ROOT = Path(__file__).parents[1]
BOOK = book_of(ROOT)
FRAMEWORKS = BOOK.frameworks
KINDS = ("scratch", "stock")
BACKENDS = [name for name in FRAMEWORKS if name != "numpy"]  # those that train
ARRAYS = [*BACKENDS, "numpy"]

# How often chance may break a bound in tests of drawn masks.
FALSE_ALARM = 1e-9

# What a notebook defines. Its other statements train for minutes and print.
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def definitions(framework: str, page: str) -> types.ModuleType:
    """A module with the imports, functions and classes of a page's executed notebook."""
    path = ROOT / "chapters" / framework / f"{page}.ipynb"
    if not path.exists():
        raise AssertionError(
            f"{path} is missing. Run: python -m tabbook execute --framework {framework} {page}"
        )
    module = types.ModuleType(f"notebook_{framework}_{page}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # Flax looks a class's module up there
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        tree = ast.parse(source)
        tree.body = [statement for statement in tree.body if isinstance(statement, DEFINITIONS)]
        name = f"{path.relative_to(ROOT)}, cell {number}"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(tree, name, "exec"), vars(module))
    return module


class Replaced:
    """A module in which some names mean something else."""

    def __init__(self, target, **names):
        self.__dict__.update(names)
        self._target = target

    def __getattr__(self, name):
        return getattr(self._target, name)


class Backend:
    """What tests need of a framework. Arrays that go in and come out are NumPy's."""

    label_dtype = np.int32

    def __init__(self, framework: str):
        self.name = framework
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="mxnet")
            self.d2l = importlib.import_module(f"d2lcompat.{FRAMEWORKS[framework].module}")

    @functools.cached_property
    def page(self) -> types.ModuleType:
        """The definitions of the chapter on dropout."""
        return definitions(self.name, "dropout")

    # Tensors

    def tensor(self, array):
        """An array as the framework's tensor, of the same dtype."""
        raise NotImplementedError

    def numpy(self, tensor) -> np.ndarray:
        """A tensor as an array."""
        return np.asarray(tensor)

    def gradient(self, function, x, weights) -> np.ndarray:
        """The gradient of the sum of ``weights * function(x)`` with respect to ``x``."""
        raise NotImplementedError

    # Layers

    def scratch(self, p):
        """``dropout_layer`` of the notebook with the probability ``p``: tensor -> tensor."""
        return lambda X: self.page.dropout_layer(X, p)

    def stock(self, p, training=True):
        """The framework's own layer: tensor -> tensor."""
        raise NotImplementedError

    def drop(self, kind, x, p, seed=None) -> np.ndarray:
        """What a layer makes of ``x`` in training; with a seed, everything is seeded before."""
        if seed is not None:
            self.d2l.seed_everything(seed)
        return self.numpy(getattr(self, kind)(p)(self.tensor(x)))

    def drop_gradient(self, kind, x, p, seed, weights) -> np.ndarray:
        """The gradient of the sum of ``weights`` times what ``drop`` returns."""
        self.d2l.seed_everything(seed)
        return self.gradient(getattr(self, kind)(p), x, weights)

    # Models and their training

    def model(self, kind="stock", p=0.0, p2=None, lr=0.1, hiddens=16, outputs=3):
        """The notebook's multilayer perceptron; ``p2``, of the second layer, is ``p`` if None."""
        Model = self.page.DropoutMLPScratch if kind == "scratch" else self.page.DropoutMLP
        model = Model(
            num_outputs=outputs,
            num_hiddens_1=hiddens,
            num_hiddens_2=hiddens,
            dropout_1=p,
            dropout_2=p if p2 is None else p2,
            lr=lr,
        )
        model.board.display = False
        return model

    def net(self):
        """An untrained classifier with an attribute ``net``: 8 hidden units, 3 outputs, and a
        method ``initialise`` that takes an example batch to ``apply_init``."""
        raise NotImplementedError

    def line(self, lr):
        """Linear regression on two features from scratch, with ``d2l.SGD``."""
        raise NotImplementedError

    def line_parameters(self, trainer) -> np.ndarray:
        """Its trained weights and offset."""
        return np.append(self.numpy(trainer.model.w), self.numpy(trainer.model.b))

    def data(self, train, val=None, batch_size=8):
        """A data module of two pairs of arrays."""
        convert = self._example_tensors

        class Examples(self.d2l.DataModule):
            def __init__(self):
                super().__init__()
                self.batch_size = batch_size
                self.pairs = {True: convert(train), False: None if val is None else convert(val)}

            def get_dataloader(self, train):
                pair = self.pairs[train]
                return None if pair is None else self.get_tensorloader(pair, train)

        return Examples()

    def _example_tensors(self, pair):
        X, y = (np.asarray(array) for array in pair)
        y = y.astype(self.label_dtype if y.dtype.kind in "iu" else np.float32)
        return self.tensor(X.astype(np.float32)), self.tensor(y)

    def fit(self, model, data, seed=None, max_epochs=1, **options):
        """Train and return the trainer; with a seed, everything is seeded before."""
        if seed is not None:
            self.d2l.seed_everything(seed)
        trainer = self.d2l.Trainer(max_epochs=max_epochs, **options)
        trainer.fit(model, data)
        self.finish()
        return trainer

    def fit_new(self, data, seed=0, kind="stock", max_epochs=1, gradient_clip_val=0, **options):
        """Seed everything, make a model, train it and return the trainer."""
        self.d2l.seed_everything(seed)
        model = self.model(kind, **options)
        return self.fit(model, data, max_epochs=max_epochs, gradient_clip_val=gradient_clip_val)

    def finish(self):
        """Wait until everything that was asked for has been computed."""

    def weights(self, trainer) -> list[np.ndarray]:
        """Weights (inputs × outputs) and offsets of a trained model, layer by layer."""
        raise NotImplementedError

    def predict(self, trainer, X, training=False) -> np.ndarray:
        """The outputs of a trained model."""
        raise NotImplementedError

    def eager_loop(self, Trainer):
        """Give ``Trainer`` a ``fit_epoch`` as *Dive into Deep Learning* prints it."""
        raise NotImplementedError

    def record_masks(self, monkeypatch) -> list[np.ndarray]:
        """From now on, what every dropout layer of a model multiplies its input by is appended to
        the returned list, in training and in evaluation, for each step that is run."""
        scales: list[np.ndarray] = []
        original = self.page.dropout_layer

        def recorded(H, *args):
            scale = original(self.page_ones_like(H), *args)
            self.tap(scale, scales)
            return H * scale

        monkeypatch.setattr(self.page, "dropout_layer", recorded)
        self._record_stock(monkeypatch, scales)
        return scales

    def page_ones_like(self, H):
        """Ones of the shape and type of a tensor."""
        raise NotImplementedError

    def tap(self, tensor, values: list):
        """Append a tensor's value, whenever it is computed, to the list."""
        values.append(self.numpy(tensor))

    def _record_stock(self, monkeypatch, scales):
        raise NotImplementedError


class Torch(Backend):
    label_dtype = np.int64

    def tensor(self, array):
        import torch

        return torch.from_numpy(np.array(array))

    def numpy(self, tensor):
        return tensor.detach().numpy()

    def gradient(self, function, x, weights):
        X = self.tensor(x).requires_grad_()
        # 0 * X: what does not depend on X at all has a gradient too.
        (function(X) * self.tensor(weights) + 0 * X).sum().backward()
        return self.numpy(X.grad)

    def stock(self, p, training=True):
        from torch import nn

        return nn.Dropout(p).train(training)

    def net(self):
        from torch import nn

        class Net(self.d2l.Classifier):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))

            def initialise(self, X):
                def half(layer):
                    if isinstance(layer, nn.Linear):
                        nn.init.constant_(layer.weight, 0.5)

                self.apply_init([X], half)
                return [layer.weight.detach().numpy() for layer in self.net[::2]]

        return Net()

    def line(self, lr):
        import torch

        d2l = self.d2l

        class Line(d2l.Module):
            def __init__(self, lr):
                super().__init__()
                self.save_hyperparameters()
                self.w = torch.zeros((2, 1), requires_grad=True)
                self.b = torch.zeros(1, requires_grad=True)

            def forward(self, X):
                return X @ self.w + self.b

            def loss(self, y_hat, y):
                return ((y_hat - y) ** 2 / 2).mean()

            def configure_optimizers(self):
                return d2l.SGD([self.w, self.b], self.lr)

        return Line(lr)

    def weights(self, trainer):
        return [self.numpy(p).T for p in trainer.model.parameters()]

    def predict(self, trainer, X, training=False):
        import torch

        trainer.model.train(training)
        with torch.no_grad():
            return self.numpy(trainer.model(self.tensor(X)))

    def eager_loop(self, Trainer):
        import torch

        @self.d2l.add_to_class(Trainer)
        def fit_epoch(self):
            self.model.train()
            for batch in self.train_dataloader:
                loss = self.model.training_step(self.prepare_batch(batch))
                self.optim.zero_grad()
                with torch.no_grad():
                    loss.backward()
                    if self.gradient_clip_val > 0:
                        self.clip_gradients(self.gradient_clip_val, self.model)
                    self.optim.step()
                self.train_batch_idx += 1
            self.model.eval()
            for batch in self.val_dataloader:
                with torch.no_grad():
                    self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def page_ones_like(self, H):
        return self.page.torch.ones_like(H)

    def _record_stock(self, monkeypatch, scales):
        nn, tap = self.page.nn, self.tap

        class Recorded(nn.Dropout):
            def forward(self, X):
                scale = super().forward(X.new_ones(X.shape))
                tap(scale, scales)
                return X * scale

        monkeypatch.setattr(self.page, "nn", Replaced(nn, Dropout=Recorded))


class TensorFlow(Backend):
    def tensor(self, array):
        import tensorflow as tf

        return tf.convert_to_tensor(array)

    def gradient(self, function, x, weights):
        import tensorflow as tf

        X = self.tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(X)
            total = tf.reduce_sum(function(X) * weights)
        return self.numpy(tape.gradient(total, X, unconnected_gradients="zero"))

    def stock(self, p, training=True):
        import tensorflow as tf

        return functools.partial(tf.keras.layers.Dropout(p), training=training)

    def net(self):
        import tensorflow as tf

        class Net(self.d2l.Classifier):
            def __init__(self):
                super().__init__()
                self.net = tf.keras.Sequential(
                    [tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3)]
                )

            def initialise(self, X):
                def half(layer):
                    layer.kernel.assign(tf.fill(layer.kernel.shape, 0.5))

                self.apply_init([X], half)
                return [layer.kernel.numpy() for layer in self.net.layers]

        return Net()

    def line(self, lr):
        import tensorflow as tf

        d2l = self.d2l

        class Line(d2l.Module):
            def __init__(self, lr):
                super().__init__()
                self.save_hyperparameters()
                self.w = tf.Variable(tf.zeros((2, 1)))
                self.b = tf.Variable(tf.zeros(1))

            def forward(self, X):
                return tf.matmul(X, self.w) + self.b

            def loss(self, y_hat, y):
                return tf.reduce_mean((y_hat - y) ** 2 / 2)

            def configure_optimizers(self):
                return d2l.SGD(self.lr)

        return Line(lr)

    def weights(self, trainer):
        return [v.numpy() for v in trainer.model.trainable_variables]

    def predict(self, trainer, X, training=False):
        return self.numpy(trainer.model(self.tensor(X), training=training))

    def eager_loop(self, Trainer):
        import tensorflow as tf

        @self.d2l.add_to_class(Trainer)
        def fit_epoch(self):
            self.model.training = True
            for batch in self.train_dataloader:
                with tf.GradientTape() as tape:
                    loss = self.model.training_step(self.prepare_batch(batch))
                grads = tape.gradient(loss, self.model.trainable_variables)
                if self.gradient_clip_val > 0:
                    grads = self.clip_gradients(self.gradient_clip_val, grads)
                self.optim.apply_gradients(zip(grads, self.model.trainable_variables, strict=True))
                self.train_batch_idx += 1
            self.model.training = False
            for batch in self.val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def page_ones_like(self, H):
        return self.page.tf.ones_like(H)

    def tap(self, tensor, values):
        # An operation of the graph: it runs at each step, not when the step is traced.
        self.page.tf.numpy_function(lambda value: values.append(value.copy()), [tensor], [])

    def _record_stock(self, monkeypatch, scales):
        tf, tap = self.page.tf, self.tap

        class Recorded(tf.keras.layers.Dropout):
            def call(self, X, training=False):
                scale = super().call(tf.ones_like(X), training=training)
                tap(scale, scales)
                return X * scale

        layers = Replaced(tf.keras.layers, Dropout=Recorded)
        keras = Replaced(tf.keras, layers=layers)
        monkeypatch.setattr(self.page, "tf", Replaced(tf, keras=keras))


class Jax(Backend):
    def __init__(self, framework):
        super().__init__(framework)
        import jax

        # Programs of tests are tiny: optimising them takes longer than running them.
        jax.config.update("jax_disable_most_optimizations", True)

    def tensor(self, array):
        from jax import numpy as jnp

        return jnp.asarray(array)

    def gradient(self, function, x, weights):
        import jax

        return self.numpy(jax.grad(lambda X: (function(X) * weights).sum())(self.tensor(x)))

    def scratch(self, p):
        return lambda X: self.page.dropout_layer(X, p, self.d2l.get_key())

    def stock(self, p, training=True):
        from flax import linen as nn

        layer = nn.Dropout(p, deterministic=not training)
        return lambda X: layer.apply({}, X, rngs={"dropout": self.d2l.get_key()})

    def net(self):
        from flax import linen as nn

        d2l = self.d2l

        class Net(d2l.Classifier):
            def setup(self):
                self.net = nn.Sequential([nn.Dense(8), nn.relu, nn.Dense(3)])

        class Half(Net):
            def setup(self):
                half = nn.initializers.constant(0.5)
                self.net = nn.Sequential(
                    [nn.Dense(8, kernel_init=half), nn.relu, nn.Dense(3, kernel_init=half)]
                )

        def initialise(self, X):
            params = Half().apply_init([X], key=d2l.get_key())["params"]["net"]
            return [np.asarray(layer["kernel"]) for layer in params.values()]

        Net.initialise = initialise
        return Net()

    def line(self, lr):
        from flax import linen as nn

        d2l = self.d2l

        class Line(d2l.Module):
            lr: float

            def setup(self):
                self.w = self.param("w", nn.initializers.zeros, (2, 1))
                self.b = self.param("b", nn.initializers.zeros, 1)

            def forward(self, X):
                return X @ self.w + self.b

            def loss(self, params, X, y, state):
                y_hat = state.apply_fn({"params": params}, *X)
                return ((y_hat - y) ** 2 / 2).mean()

            def configure_optimizers(self):
                return d2l.SGD(self.lr)

        return Line(lr)

    def line_parameters(self, trainer):
        params = trainer.state.params
        return np.append(params["w"], params["b"])

    def weights(self, trainer):
        params = trainer.state.params
        return [np.asarray(params[k][name]) for k in sorted(params) for name in ("kernel", "bias")]

    def predict(self, trainer, X, training=False):
        trainer.model.training = training
        variables = {"params": trainer.state.params}
        rngs = {"dropout": self.d2l.get_key()} if training else {}
        return self.numpy(trainer.model.apply(variables, self.tensor(X), rngs=rngs))

    def finish(self):
        import jax

        jax.effects_barrier()

    def eager_loop(self, Trainer):
        import jax

        @self.d2l.add_to_class(Trainer)
        def fit_epoch(self):
            self.model.training = True
            for batch in self.train_dataloader:
                _, grads = self.model.training_step(
                    self.state.params, self.prepare_batch(batch), self.state
                )
                if self.gradient_clip_val > 0:
                    grads = self.clip_gradients(self.gradient_clip_val, grads)
                self.state = self.state.apply_gradients(grads=grads)
                next_key = jax.random.split(self.state.dropout_rng)[0]
                self.state = self.state.replace(dropout_rng=next_key)
                self.train_batch_idx += 1
            self.model.training = False
            for batch in self.val_dataloader:
                self.model.validation_step(self.state.params, self.prepare_batch(batch), self.state)
                self.val_batch_idx += 1

    def page_ones_like(self, H):
        return self.page.jnp.ones_like(H)

    def tap(self, tensor, values):
        import jax

        # What runs outside a compiled step is the initialisation, where nothing is trained.
        if isinstance(tensor, jax.core.Tracer):
            jax.debug.callback(lambda value: values.append(np.array(value)), tensor, ordered=True)

    def _record_stock(self, monkeypatch, scales):
        nn, jnp = self.page.nn, self.page.jnp

        def recorded(*args, **kwargs):
            layer = nn.Dropout(*args, **kwargs)

            def apply(X):
                scale = layer(jnp.ones_like(X))
                self.tap(scale, scales)
                return X * scale

            return apply

        monkeypatch.setattr(self.page, "nn", Replaced(nn, Dropout=recorded))


class MXNet(Backend):
    def tensor(self, array):
        from mxnet import np as mnp

        array = np.asarray(array)
        return mnp.array(array, dtype=array.dtype)

    def numpy(self, tensor):
        return tensor.asnumpy()

    def gradient(self, function, x, weights):
        from mxnet import autograd

        X = self.tensor(x)
        X.attach_grad()
        with autograd.record():
            total = (function(X) * self.tensor(weights)).sum()
        total.backward()
        return self.numpy(X.grad)

    def stock(self, p, training=True):
        from mxnet import autograd
        from mxnet.gluon import nn

        layer = nn.Dropout(p)

        def apply(X):
            with autograd.train_mode() if training else autograd.predict_mode():
                return layer(X)

        return apply

    def net(self):
        import mxnet
        from mxnet.gluon import nn

        class Net(self.d2l.Classifier):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential()
                self.net.add(nn.Dense(8, activation="relu"), nn.Dense(3))
                self.net.initialize()

            def initialise(self, X):
                self.apply_init([X], mxnet.init.Constant(0.5))
                return [layer.weight.data().asnumpy() for layer in self.net]

        return Net()

    def line(self, lr):
        from mxnet import np as mnp

        d2l = self.d2l

        class Line(d2l.Module):
            def __init__(self, lr):
                super().__init__()
                self.save_hyperparameters()
                self.w = mnp.zeros((2, 1))
                self.b = mnp.zeros(1)
                self.w.attach_grad()
                self.b.attach_grad()

            def forward(self, X):
                return mnp.dot(X, self.w) + self.b

            def loss(self, y_hat, y):
                return ((y_hat - y) ** 2 / 2).mean()

            def configure_optimizers(self):
                return d2l.SGD([self.w, self.b], self.lr)

        return Line(lr)

    def weights(self, trainer):
        return [p.data().asnumpy().T for p in trainer.model.collect_params().values()]

    def predict(self, trainer, X, training=False):
        from mxnet import autograd

        with autograd.train_mode() if training else autograd.predict_mode():
            return self.numpy(trainer.model(self.tensor(X)))

    def eager_loop(self, Trainer):
        from mxnet import autograd

        @self.d2l.add_to_class(Trainer)
        def fit_epoch(self):
            for batch in self.train_dataloader:
                with autograd.record():
                    loss = self.model.training_step(self.prepare_batch(batch))
                loss.backward()
                if self.gradient_clip_val > 0:
                    self.clip_gradients(self.gradient_clip_val, self.model)
                self.optim.step(1)
                self.train_batch_idx += 1
            for batch in self.val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def page_ones_like(self, H):
        return self.page.np.ones_like(H)

    def _record_stock(self, monkeypatch, scales):
        nn, mnp, tap = self.page.nn, self.page.np, self.tap

        class Recorded(nn.Block):
            def __init__(self, p):
                super().__init__()
                self.layer = nn.Dropout(p)

            def forward(self, X):
                scale = self.layer(mnp.ones_like(X))
                tap(scale, scales)
                return X * scale

        monkeypatch.setattr(self.page, "nn", Replaced(nn, Dropout=Recorded))


class NumPy(Backend):
    """Arrays only: what has a gradient here has a backward pass written by hand."""

    def tensor(self, array):
        return np.array(array)


CLASSES = {
    "pytorch": Torch, "tensorflow": TensorFlow, "jax": Jax, "mxnet": MXNet, "numpy": NumPy,
}  # fmt: skip


@functools.cache
def backend_of(framework: str) -> Backend:
    """The one backend object of a framework."""
    return CLASSES[framework](framework)


def required(framework: str) -> Backend:
    """The backend that a test asks for. One that cannot be imported fails the test; one that has no
    build for this platform skips it."""
    table = FRAMEWORKS[framework]
    if not table.supported:
        pytest.skip(f"{table.label} has no build for this platform")
    try:
        return backend_of(framework)
    except ImportError as error:
        pytest.fail(f"{table.label} cannot be imported ({error}). Run: {table.install_hint}")


# ----------------------------------------------------------------------------------- NumPy's answer


def mlp(weights, X) -> np.ndarray:
    """A multilayer perceptron without dropout, in float64."""
    H = np.asarray(X, np.float64).reshape(len(X), -1)
    for place in range(0, len(weights), 2):
        if place:
            H = np.maximum(H, 0)
        H = H @ weights[place].astype(np.float64) + weights[place + 1]
    return H


def cross_entropies(logits, y) -> np.ndarray:
    """The loss of each example, in nats."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    log_sums = np.log(np.exp(logits).sum(axis=-1))
    return log_sums - logits[np.arange(len(y)), y]


def examples(number, classes=3, seed=0):
    """Inputs of shape (4, 5) and labels."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(number, 4, 5)).astype(np.float32)
    return X, rng.integers(0, classes, number).astype(np.int32)


def bound(number, width=1.0):
    """How far the mean of ``number`` independent values from an interval of that width may lie
    from its expectation, but once in ``1 / FALSE_ALARM`` runs (Hoeffding)."""
    return width * np.sqrt(np.log(2 / FALSE_ALARM) / (2 * number))


def batches(number, batch_size) -> list[int]:
    """The sizes of the batches of an epoch."""
    return [min(batch_size, number - start) for start in range(0, number, batch_size)]


def declare_two_processors(framework: str) -> None:
    """Let TensorFlow and JAX take the processor for two devices; MXNet does without being told.

    It has to be said before they use one, so in a process of its own: see ``run_alone``.
    """
    if framework == "tensorflow":
        tf = importlib.import_module("tensorflow")
        (processor,) = tf.config.list_physical_devices("CPU")
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(processor, two)
    elif framework == "jax":
        importlib.import_module("jax").config.update("jax_num_cpu_devices", 2)


def run_alone(script: str, *arguments) -> str:
    """What a script prints in a process of its own; it has to end well."""
    ran = subprocess.run(
        [sys.executable, script, *arguments],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
