"""What tests need of MXNet."""

import mxnet
import numpy as np
from mxnet import autograd
from mxnet import np as mnp
from mxnet.gluon import nn

from backends.base import Backend, Replaced


class MXNet(Backend):
    def tensor(self, array):
        array = np.asarray(array)
        return mnp.array(array, dtype=array.dtype)

    def numpy(self, tensor):
        return tensor.asnumpy()

    def gradient(self, function, x, weights):
        X = self.tensor(x)
        X.attach_grad()
        with autograd.record():
            total = (function(X) * self.tensor(weights)).sum()
        total.backward()
        return self.numpy(X.grad)

    def mode(self, training):
        return autograd.train_mode() if training else autograd.predict_mode()

    def layer(self, Layer, *args, rng, training=True, **options):
        layer = Layer(*args, **options)

        def call(*X):
            with self.mode(training):
                return layer(*X)

        return call

    def run(self, copied, *X, training=True):
        with self.mode(training):
            return copied(*X)

    def stock(self, p, training=True):
        return self.layer(nn.Dropout, p, rng=None, training=training)

    def net(self):
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
        with self.mode(training):
            return self.numpy(trainer.model(self.tensor(X)))

    def eager_loop(self, Trainer):
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
