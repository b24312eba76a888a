"""The programs that are timed in JAX with Flax: a plain loop, and the model in d2l's classes."""

import jax
import numpy as np
import optax
from flax import linen as nn
from jax import numpy as jnp


class MLP(nn.Module):
    training: bool

    @nn.compact
    def __call__(self, X):
        X = X.reshape((X.shape[0], -1))
        for _ in range(2):
            X = nn.relu(nn.Dense(256)(X))
            X = nn.Dropout(0.5, deterministic=not self.training)(X)
        return nn.Dense(10)(X)


def bare(train, val, epochs, batch_size, tick):
    """A short, usual loop on arrays in memory; ``tick`` is called at the start of each epoch."""
    (X, y), (X_val, y_val) = ((np.float32(X), y) for X, y in (train, val))
    X /= 255
    X_val /= 255
    key = jax.random.key(0)
    params = MLP(training=False).init(key, X[:1])
    optim = optax.sgd(0.1)
    state = optim.init(params)

    def loss_of(params, X, y, key):
        Y_hat = MLP(training=True).apply(params, X, rngs={"dropout": key})
        return optax.softmax_cross_entropy_with_integer_labels(Y_hat, y).mean()

    @jax.jit
    def step(params, state, key, X, y):
        key, mask_key = jax.random.split(key)
        loss, grads = jax.value_and_grad(loss_of)(params, X, y, mask_key)
        updates, state = optim.update(grads, state)
        return optax.apply_updates(params, updates), state, key, loss

    @jax.jit
    def evaluate(params, X, y):
        Y_hat = MLP(training=False).apply(params, X)
        loss = optax.softmax_cross_entropy_with_integer_labels(Y_hat, y).mean()
        return loss, (Y_hat.argmax(axis=1) == y).mean()

    rng = np.random.default_rng()
    for _ in range(epochs):
        tick()
        losses = []
        order = rng.permutation(len(X))
        for batch in np.split(order, range(batch_size, len(X), batch_size)):
            params, state, key, loss = step(params, state, key, X[batch], y[batch])
            losses.append(loss)
        val_loss, val_acc = map(float, evaluate(params, X_val, y_val))
        train_loss = float(jnp.stack(losses).mean())
    return train_loss, val_loss, val_acc


def model(d2l):
    """The same model in the classes of ``d2l``: our module, or the package of that name."""

    class DropoutMLP(d2l.Classifier):
        lr: float = 0.1
        training: bool = True

        @nn.compact
        def __call__(self, X):
            X = X.reshape((X.shape[0], -1))
            for _ in range(2):
                X = nn.relu(nn.Dense(256)(X))
                X = nn.Dropout(0.5, deterministic=not self.training)(X)
            return nn.Dense(10)(X)

    return DropoutMLP()
