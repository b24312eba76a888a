"""What tests need of PyTorch."""

import numpy as np
import torch
from torch import nn

from backends.base import Backend, Replaced


class Torch(Backend):
    label_dtype = np.int64

    def tensor(self, array):
        return torch.from_numpy(np.array(array))

    def numpy(self, tensor):
        return tensor.detach().numpy()

    def gradient(self, function, x, weights):
        X = self.tensor(x).requires_grad_()
        (function(X) * self.tensor(weights)).sum().backward()
        return self.numpy(X.grad)

    def layer(self, Layer, *args, rng, training=True, **options):
        return Layer(*args, **options).train(training)

    def run(self, copied, *X, training=True):
        if isinstance(copied, nn.Module):
            copied.train(training)
        return copied(*X)

    def stock(self, p, training=True):
        return nn.Dropout(p).train(training)

    def net(self):
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
        trainer.model.train(training)
        with torch.no_grad():
            return self.numpy(trainer.model(self.tensor(X)))

    def eager_loop(self, Trainer):
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
