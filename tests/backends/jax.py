"""What tests need of JAX."""

import jax
import numpy as np
from flax import linen as nn
from jax import numpy as jnp

from backends.base import Backend, Replaced
from backends.notebooks import ROOT


class Jax(Backend):
    def __init__(self, framework, d2l):
        super().__init__(framework, d2l)
        # Programs of tests are tiny: optimising them takes longer than running them, and the next
        # test, or the next session, may have the same one.
        jax.config.update("jax_disable_most_optimizations", True)
        jax.config.update("jax_compilation_cache_dir", str(ROOT / ".pytest_cache" / "jax"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)

    def tensor(self, array):
        return jnp.asarray(array)

    def gradient(self, function, x, weights):
        return self.numpy(jax.grad(lambda X: (function(X) * weights).sum())(self.tensor(x)))

    def source(self, rng):
        return {"key": self.d2l.get_key()}

    def layer(self, Layer, *args, rng, training=True, **options):
        layer = Layer(*args, **options, deterministic=not training)

        def call(*X):
            return layer.apply({}, *X, rngs={"dropout": self.d2l.get_key()} if training else {})

        return call

    def run(self, copied, *X, training=True):
        """A layer gets new parameters, of the type of its input, and the same key in every call."""
        if not isinstance(copied, nn.Module):
            return copied(*X)
        keys, options = dict.fromkeys(("params", "dropout"), jax.random.PRNGKey(0)), {}
        if hasattr(copied, "deterministic"):
            copied = copied.clone(deterministic=not training)
        elif hasattr(copied, "training"):
            copied = copied.clone(training=training)
        else:
            options = {"training": training}
        variables = copied.init(keys, *X, **options)
        variables = jax.tree_util.tree_map(lambda value: value.astype(X[0].dtype), variables)
        rngs = {"dropout": keys["dropout"]} if training else {}
        return copied.apply(variables, *X, rngs=rngs, mutable=["batch_stats"], **options)[0]

    def scratch(self, p):
        return lambda X: self.page.dropout_layer(X, p, self.d2l.get_key())

    def stock(self, p, training=True):
        layer = nn.Dropout(p, deterministic=not training)
        return lambda X: layer.apply({}, X, rngs={"dropout": self.d2l.get_key()})

    def net(self):
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

    def parameters(self, trainer):
        return [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(trainer.state.params)]

    def predict(self, trainer, X, training=False):
        trainer.model.training = training
        variables = {"params": trainer.state.params}
        rngs = {"dropout": self.d2l.get_key()} if training else {}
        return self.numpy(trainer.model.apply(variables, self.tensor(X), rngs=rngs))

    def finish(self):
        jax.effects_barrier()

    def eager_loop(self, Trainer):
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
