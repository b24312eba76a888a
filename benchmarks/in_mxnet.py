"""The programs that are timed in MXNet with Gluon: a plain loop, and the model in d2l's classes."""

import numpy

if "bool" not in vars(numpy):
    numpy.bool = numpy.bool_  # MXNet 1.9.1 uses a name that NumPy 1.24 removed

from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn


def bare(train, val, epochs, batch_size, tick):
    """A short, usual loop on arrays in memory; ``tick`` is called at the start of each epoch."""
    npx.set_np()
    (X, y), (X_val, y_val) = ((numpy.float32(X), y) for X, y in (train, val))
    X /= 255
    X_val /= 255
    net = nn.HybridSequential()
    net.add(
        nn.Dense(256, activation="relu"), nn.Dropout(0.5),
        nn.Dense(256, activation="relu"), nn.Dropout(0.5),
        nn.Dense(10),
    )  # fmt: skip
    net.initialize()
    net.hybridize()
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
    optim = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    rng = numpy.random.default_rng()
    for _ in range(epochs):
        tick()
        losses = []
        order = rng.permutation(len(X))
        for batch in numpy.split(order, range(batch_size, len(X), batch_size)):
            with autograd.record():
                loss = cross_entropy(net(np.array(X[batch])), np.array(y[batch])).mean()
            loss.backward()
            optim.step(1)
            losses.append(loss)
        Y_hat, labels = net(np.array(X_val)), np.array(y_val)
        val_loss = float(cross_entropy(Y_hat, labels).mean())
        val_acc = float((Y_hat.argmax(axis=1).astype(labels.dtype) == labels).mean())
        train_loss = sum(map(float, losses)) / len(losses)
    return train_loss, val_loss, val_acc


def model(d2l):
    """The same model in the classes of ``d2l``: our module, or the package of that name."""

    class DropoutMLP(d2l.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential()
            self.net.add(
                nn.Dense(256, activation="relu"), nn.Dropout(0.5),
                nn.Dense(256, activation="relu"), nn.Dropout(0.5),
                nn.Dense(10),
            )  # fmt: skip
            self.net.initialize()

    return DropoutMLP()
