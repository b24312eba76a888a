"""Programs in the style of *Dive into Deep Learning* on JAX: see ``on_pytorch.py``."""

import math
from functools import partial

import jax
import optax
from d2l_programs import shared
from d2l_programs.on_jax_images import (  # noqa: F401
    batch_normalization,
    convolutional_design,
    larger_images,
    lenet,
)
from flax import linen as nn
from jax import numpy as jnp

from d2lcompat import jax as d2l


def object_oriented_design():
    class Line(d2l.Module):
        num_inputs: int
        lr: float
        sigma: float = 0.01

        def setup(self):
            self.w = self.param("w", nn.initializers.normal(self.sigma), (self.num_inputs, 1))
            self.b = self.param("b", nn.initializers.zeros, (1))

    model = Line(2, lr=0.1)  # the methods come later, one by one

    @d2l.add_to_class(Line)
    def forward(self, X):
        return d2l.matmul(X, self.w) + self.b

    @d2l.add_to_class(Line)
    def loss(self, params, X, y, state):
        y_hat = state.apply_fn({"params": params}, *X)
        return d2l.reduce_mean((y_hat - d2l.reshape(y, y_hat.shape)) ** 2)

    @d2l.add_to_class(Line)
    def configure_optimizers(self):
        return d2l.SGD(self.lr)

    @d2l.add_to_class(d2l.Trainer)
    def prepare_batch(self, batch):
        return batch

    @d2l.add_to_class(d2l.Trainer)
    def fit_epoch(self):
        self.model.training = True
        for batch in self.train_dataloader:
            _, grads = self.model.training_step(
                self.state.params, self.prepare_batch(batch), self.state
            )
            self.state = self.state.apply_gradients(grads=grads)
            self.train_batch_idx += 1
        self.model.training = False
        for batch in self.val_dataloader:
            self.model.validation_step(self.state.params, self.prepare_batch(batch), self.state)
            self.val_batch_idx += 1

    data = shared.points(d2l, lambda *shape: d2l.randn(d2l.get_key(), shape))
    trainer = d2l.Trainer(max_epochs=4)
    trainer.fit(model, data)
    params = trainer.state.params
    return trainer, [*d2l.numpy(params["w"])[:, 0], *d2l.numpy(params["b"])]


def own_fit():
    class Patient(d2l.Trainer):
        def fit(self, model, data, key=None):
            self.prepare_data(data)
            self.prepare_model(model)
            params_key, dropout_key = jax.random.split(d2l.get_key() if key is None else key)
            inputs = next(iter(self.train_dataloader))[:-1]
            variables = model.apply_init(inputs, key={"params": params_key, "dropout": dropout_key})
            self.state = d2l.TrainState.create(
                apply_fn=model.apply,
                params=variables["params"],
                batch_stats={},
                dropout_rng=dropout_key,
                tx=model.configure_optimizers(),
            )
            self.train_batch_idx = self.val_batch_idx = 0
            for epoch in range(self.max_epochs):
                self.epoch = epoch
                self.fit_epoch()

    trainer = Patient(max_epochs=2)
    trainer.fit(Perceptron(10, 32, lr=0.1), d2l.FashionMNIST(batch_size=64))
    return trainer


def classification():
    @d2l.add_to_class(d2l.Module)
    def configure_optimizers(self):
        return optax.adam(self.lr)

    @d2l.add_to_class(d2l.Classifier)
    def validation_step(self, params, batch, state):
        loss, _ = self.loss(params, batch[:-1], batch[-1], state)
        self.plot("loss", loss, train=False)
        hits = self.accuracy(params, batch[:-1], batch[-1], state)
        self.plot("err", 1 - hits, train=False)

    @d2l.add_to_class(d2l.Classifier)
    @partial(jax.jit, static_argnums=(0, 5))
    def accuracy(self, params, X, Y, state, averaged=True):
        Y_hat = state.apply_fn({"params": params, "batch_stats": state.batch_stats}, *X)
        hits = d2l.astype(d2l.argmax(Y_hat, axis=1) == Y, d2l.float32)
        return d2l.reduce_mean(hits) if averaged else hits

    return shared.fit(d2l, Perceptron(10, 32, lr=0.01))


def softmax_regression_scratch():
    class SoftmaxScratch(d2l.Classifier):
        num_inputs: int
        num_outputs: int
        lr: float
        sigma: float = 0.01

        def setup(self):
            self.W = self.param(
                "W", nn.initializers.normal(self.sigma), (self.num_inputs, self.num_outputs)
            )
            self.b = self.param("b", nn.initializers.zeros, self.num_outputs)

    shared.add_softmax(d2l, SoftmaxScratch)

    @d2l.add_to_class(SoftmaxScratch)
    @partial(jax.jit, static_argnums=(0))
    def loss(self, params, X, y, state):
        y_hat = state.apply_fn({"params": params}, *X)
        return -d2l.reduce_mean(d2l.log(y_hat[jnp.arange(len(y_hat)), y])), {}

    def predict(model, X):
        return model.apply({"params": model.trainer.state.params}, X)

    return shared.show_mistakes(d2l, SoftmaxScratch(784, 10, lr=0.1), predict)


def softmax_regression_concise():
    class Softmax(d2l.Classifier):
        num_outputs: int
        lr: float

        @nn.compact
        def __call__(self, X):
            return nn.Dense(self.num_outputs)(X.reshape((X.shape[0], -1)))

    @d2l.add_to_class(d2l.Classifier)
    @partial(jax.jit, static_argnums=(0, 5))
    def loss(self, params, X, Y, state, averaged=True):  # in bits
        Y_hat = state.apply_fn({"params": params}, *X, mutable=False, rngs=None)
        Y_hat = d2l.reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = d2l.reshape(Y, (-1,))
        bits = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y) / math.log(2)
        return (bits.mean() if averaged else bits), {}

    return shared.fit(d2l, Softmax(num_outputs=10, lr=0.1), max_epochs=3)


class Perceptron(d2l.Classifier):
    num_outputs: int
    num_hiddens: int
    lr: float

    @nn.compact
    def __call__(self, X):
        X = X.reshape((X.shape[0], -1))
        return nn.Dense(self.num_outputs)(nn.relu(nn.Dense(self.num_hiddens)(X)))


def multilayer_perceptron():
    class PerceptronScratch(d2l.Classifier):
        num_inputs: int
        num_outputs: int
        num_hiddens: int
        lr: float
        sigma: float = 0.1

        def setup(self):
            normal, zeros = nn.initializers.normal(self.sigma), nn.initializers.zeros
            self.W1 = self.param("W1", normal, (self.num_inputs, self.num_hiddens))
            self.b1 = self.param("b1", zeros, self.num_hiddens)
            self.W2 = self.param("W2", normal, (self.num_hiddens, self.num_outputs))
            self.b2 = self.param("b2", zeros, self.num_outputs)

        def forward(self, X):
            X = d2l.reshape(X, (-1, self.num_inputs))
            H = jnp.maximum(d2l.matmul(X, self.W1) + self.b1, 0)
            return d2l.matmul(H, self.W2) + self.b2

    concise = Perceptron(num_outputs=10, num_hiddens=32, lr=0.1)
    return shared.fit_both(d2l, PerceptronScratch(784, 10, 32, lr=0.1), concise)


def dropout():
    def dropout_layer(X, dropout, key):
        if dropout == 1:
            return d2l.zeros_like(X)
        mask = jax.random.uniform(key, X.shape) > dropout
        return d2l.astype(mask, d2l.float32) * X / (1 - dropout)

    class DropoutScratch(d2l.Classifier):
        num_hiddens: int
        num_outputs: int
        dropout: float
        lr: float
        training: bool = True

        def setup(self):
            self.lin1 = nn.Dense(self.num_hiddens)
            self.lin2 = nn.Dense(self.num_outputs)

        def forward(self, X):
            H = nn.relu(self.lin1(X.reshape(X.shape[0], -1)))
            if self.training:
                H = dropout_layer(H, self.dropout, self.make_rng("dropout"))
            return self.lin2(H)

    class Dropout(d2l.Classifier):
        num_hiddens: int
        num_outputs: int
        dropout: float
        lr: float
        training: bool = True

        @nn.compact
        def __call__(self, X):
            H = nn.relu(nn.Dense(self.num_hiddens)(X.reshape((X.shape[0], -1))))
            H = nn.Dropout(self.dropout, deterministic=not self.training)(H)
            return nn.Dense(self.num_outputs)(H)

    @d2l.add_to_class(d2l.Classifier)
    @partial(jax.jit, static_argnums=(0, 5))
    def loss(self, params, X, Y, state, averaged=True):
        Y_hat = state.apply_fn(
            {"params": params}, *X, mutable=False, rngs={"dropout": state.dropout_rng}
        )
        losses = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
        return (losses.mean() if averaged else losses), {}

    hparams = {"num_outputs": 10, "num_hiddens": 32, "dropout": 0.3, "lr": 0.1}
    return shared.fit_both(d2l, DropoutScratch(**hparams), Dropout(**hparams))


def devices():
    X = jax.device_put(d2l.ones((2, 3)), d2l.try_gpu())
    assert X.devices() == {d2l.try_gpu()}

    shared.own_trainer(d2l)
    return shared.fit(d2l, Perceptron(10, 32, lr=0.1), num_gpus=1)


def image_dataset():
    def loader(data, examples, train):
        X, y = examples
        return [
            (jnp.expand_dims(X[i : i + data.batch_size], 3) / 255, y[i : i + data.batch_size])
            for i in range(0, len(y), data.batch_size)
        ]

    trainer, data = shared.image_dataset(d2l, Perceptron(10, 32, lr=0.1), loader)
    return trainer, (len(data.train[0]), data.train[0][0].shape)
