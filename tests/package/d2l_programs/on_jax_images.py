"""The programs of ``on_jax.py`` whose networks take images."""

from collections.abc import Callable
from functools import partial

import jax
import optax
from d2l_programs import shared
from flax import linen as nn
from jax import numpy as jnp

from d2lcompat import jax as d2l


class LeNet(d2l.Classifier):
    lr: float = 0.1
    num_classes: int = 10
    kernel_init: Callable = nn.initializers.xavier_uniform

    def setup(self):
        self.net = nn.Sequential(
            [
                nn.Conv(6, kernel_size=(5, 5), padding="SAME", kernel_init=self.kernel_init()),
                nn.tanh,
                lambda x: nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2)),
                nn.Conv(16, kernel_size=(5, 5), padding="VALID", kernel_init=self.kernel_init()),
                nn.tanh,
                lambda x: nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2)),
                lambda x: x.reshape((x.shape[0], -1)),
                nn.Dense(84, kernel_init=self.kernel_init()),
                nn.tanh,
                nn.Dense(self.num_classes, kernel_init=self.kernel_init()),
            ]
        )


def lenet():
    LeNet().layer_summary((1, 28, 28, 1))
    return shared.fit(d2l, LeNet(lr=0.2), num_gpus=1)


def larger_images():
    return shared.larger_images(d2l, LeNet, (1, 96, 96, 1))


def batch_normalization():
    class BatchNorm(nn.Module):
        """Normalises by batch and keeps running means in the collection that d2l carries along."""

        num_features: int
        deterministic: bool = False

        @nn.compact
        def __call__(self, X):
            axes = tuple(range(X.ndim - 1))
            gamma = self.param("gamma", jax.nn.initializers.ones, (self.num_features,))
            beta = self.param("beta", jax.nn.initializers.zeros, (self.num_features,))
            mean = self.variable("batch_stats", "moving_mean", jnp.zeros, self.num_features)
            var = self.variable("batch_stats", "moving_var", jnp.ones, self.num_features)
            if self.deterministic:
                return gamma * (X - mean.value) / jnp.sqrt(var.value + 1e-5) + beta
            if not self.is_initializing():
                mean.value = 0.9 * mean.value + 0.1 * X.mean(axes)
                var.value = 0.9 * var.value + 0.1 * X.var(axes)
            return gamma * (X - X.mean(axes)) / jnp.sqrt(X.var(axes) + 1e-5) + beta

    class Normalised(d2l.Classifier):
        lr: float = 0.1
        num_classes: int = 10
        training: bool = True

        def setup(self):
            self.net = nn.Sequential(
                [
                    nn.Conv(6, kernel_size=(5, 5)),
                    BatchNorm(6, deterministic=not self.training),
                    nn.relu,
                    lambda x: nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2)),
                    lambda x: x.reshape((x.shape[0], -1)),
                    nn.Dense(32),
                    nn.BatchNorm(not self.training, momentum=0.9),
                    nn.relu,
                    nn.Dense(self.num_classes),
                ]
            )

    @d2l.add_to_class(d2l.Classifier)
    @partial(jax.jit, static_argnums=(0, 5))
    def loss(self, params, X, Y, state, averaged=True):
        Y_hat, updates = state.apply_fn(
            {"params": params, "batch_stats": state.batch_stats},
            *X,
            mutable=["batch_stats"],
            rngs={"dropout": state.dropout_rng},
        )
        losses = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
        return (losses.mean() if averaged else losses), updates

    model = Normalised(lr=0.1)
    model.layer_summary((2, 28, 28, 1))
    trainer = shared.fit(d2l, model)
    return trainer, d2l.numpy(trainer.state.batch_stats["net"]["layers_1"]["moving_mean"])


def convolutional_design():
    class AnyNet(d2l.Classifier):
        lr: float = 0.1
        num_classes: int = 10
        training: bool = True

        def setup(self):
            self.net = nn.Sequential(
                [
                    nn.Conv(8, kernel_size=(3, 3), strides=(2, 2)),
                    d2l.ResNeXtBlock(
                        16, 4, 0.5, use_1x1conv=True, strides=(2, 2), training=self.training
                    ),
                    d2l.ResNeXtBlock(16, 4, 0.5, training=self.training),
                    lambda x: x.mean((1, 2)),
                    nn.Dense(self.num_classes),
                ]
            )

    model = AnyNet(lr=0.1)
    model.layer_summary((2, 28, 28, 1))
    trainer = shared.fit(d2l, model)
    block = trainer.state.params["net"]["layers_2"]
    return trainer, [p.size for p in jax.tree_util.tree_leaves(block)]
