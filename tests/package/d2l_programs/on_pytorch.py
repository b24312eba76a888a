"""Programs in the style of *Dive into Deep Learning* on PyTorch: of d2l's, only the import differs.

Each is written as a reader writes it for d2l 1.0.3 and returns what ``test_d2l_programs.py`` looks
at. Names and arguments of methods are d2l's, since they are the interface; the rest is our own.
"""

import math

import torch
from d2l_programs import shared
from torch import nn
from torch.nn import functional as F

from d2lcompat import torch as d2l


def object_oriented_design():
    class Line(d2l.Module):
        def __init__(self, num_inputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.w = d2l.normal(0, sigma, (num_inputs, 1), requires_grad=True)
            self.b = d2l.zeros(1, requires_grad=True)

    model = Line(2, lr=0.1)  # the methods come later, one by one

    @d2l.add_to_class(Line)
    def forward(self, X):
        return d2l.matmul(X, self.w) + self.b

    @d2l.add_to_class(Line)
    def loss(self, y_hat, y):
        return d2l.reduce_mean((y_hat - y) ** 2)

    @d2l.add_to_class(Line)
    def configure_optimizers(self):
        return d2l.SGD([self.w, self.b], self.lr)

    @d2l.add_to_class(d2l.Trainer)
    def prepare_batch(self, batch):
        return batch

    @d2l.add_to_class(d2l.Trainer)
    def fit_epoch(self):
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            loss.backward()
            with torch.no_grad():
                self.optim.step()
            self.train_batch_idx += 1
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    data = shared.points(d2l, d2l.randn)
    trainer = d2l.Trainer(max_epochs=4)
    trainer.fit(model, data)
    return trainer, [*d2l.numpy(model.w)[:, 0], *d2l.numpy(model.b)]


def own_fit():
    return shared.own_fit(d2l, Perceptron(10, 32, lr=0.1))


def classification():
    @d2l.add_to_class(d2l.Module)
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    shared.count_errors(d2l)
    return shared.fit(d2l, Perceptron(10, 32, lr=0.01))


def softmax_regression_scratch():
    class SoftmaxScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.W = torch.normal(0, sigma, size=(num_inputs, num_outputs), requires_grad=True)
            self.b = torch.zeros(num_outputs, requires_grad=True)

        def parameters(self):
            return [self.W, self.b]

    shared.add_softmax(d2l, SoftmaxScratch)

    @d2l.add_to_class(SoftmaxScratch)
    def loss(self, y_hat, y):
        return -d2l.reduce_mean(d2l.log(y_hat[list(range(len(y_hat))), y]))

    return shared.show_mistakes(d2l, SoftmaxScratch(784, 10, lr=0.1))


def softmax_regression_concise():
    class Softmax(d2l.Classifier):
        def __init__(self, num_outputs, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))

        def forward(self, X):
            return self.net(X)

    @d2l.add_to_class(d2l.Classifier)
    def loss(self, Y_hat, Y, averaged=True):  # in bits
        Y_hat = d2l.reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = d2l.reshape(Y, (-1,))
        nats = F.cross_entropy(Y_hat, Y, reduction="mean" if averaged else "none")
        return nats / math.log(2)

    return shared.fit(d2l, Softmax(num_outputs=10, lr=0.1), max_epochs=3)


class Perceptron(d2l.Classifier):
    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(num_outputs)
        )


def multilayer_perceptron():
    class PerceptronScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, num_hiddens, lr, sigma=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.W1 = nn.Parameter(d2l.randn(num_inputs, num_hiddens) * sigma)
            self.b1 = nn.Parameter(d2l.zeros(num_hiddens))
            self.W2 = nn.Parameter(d2l.randn(num_hiddens, num_outputs) * sigma)
            self.b2 = nn.Parameter(d2l.zeros(num_outputs))

        def forward(self, X):
            X = d2l.reshape(X, (-1, self.num_inputs))
            H = torch.relu(d2l.matmul(X, self.W1) + self.b1)
            return d2l.matmul(H, self.W2) + self.b2

    concise = Perceptron(num_outputs=10, num_hiddens=32, lr=0.1)
    return shared.fit_both(d2l, PerceptronScratch(784, 10, 32, lr=0.1), concise)


def dropout():
    def dropout_layer(X, dropout):
        if dropout == 1:
            return d2l.zeros_like(X)
        mask = d2l.astype(d2l.rand(X.shape) > dropout, d2l.float32)
        return mask * X / (1 - dropout)

    class DropoutScratch(d2l.Classifier):
        def __init__(self, num_outputs, num_hiddens, dropout, lr):
            super().__init__()
            self.save_hyperparameters()
            self.lin1 = nn.LazyLinear(num_hiddens)
            self.lin2 = nn.LazyLinear(num_outputs)

        def forward(self, X):
            H = torch.relu(self.lin1(X.reshape((X.shape[0], -1))))
            if self.training:
                H = dropout_layer(H, self.dropout)
            return self.lin2(H)

    class Dropout(d2l.Classifier):
        def __init__(self, num_outputs, num_hiddens, dropout, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(
                nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(),
                nn.Dropout(dropout), nn.LazyLinear(num_outputs),
            )  # fmt: skip

    hparams = {"num_outputs": 10, "num_hiddens": 32, "dropout": 0.3, "lr": 0.1}
    return shared.fit_both(d2l, DropoutScratch(**hparams), Dropout(**hparams))


class LeNet(d2l.Classifier):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2), nn.Tanh(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.LazyConv2d(16, kernel_size=5), nn.Tanh(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.LazyLinear(84), nn.Tanh(), nn.LazyLinear(num_classes),
        )  # fmt: skip


def lenet():
    LeNet().layer_summary((1, 1, 28, 28))
    trainer = d2l.Trainer(max_epochs=2, num_gpus=1)
    data = d2l.FashionMNIST(batch_size=64)
    model = LeNet(lr=0.2)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], d2l.init_cnn)
    trainer.fit(model, data)
    return trainer


def larger_images():
    return shared.larger_images(d2l, LeNet, (1, 1, 96, 96))


def batch_normalization():
    class Normalised(d2l.Classifier):
        def __init__(self, lr=0.1, num_classes=10):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(
                nn.LazyConv2d(6, kernel_size=5), nn.LazyBatchNorm2d(), nn.ReLU(),
                nn.AvgPool2d(kernel_size=2, stride=2), nn.Flatten(),
                nn.LazyLinear(32), nn.LazyBatchNorm1d(), nn.ReLU(),
                nn.LazyLinear(num_classes),
            )  # fmt: skip

    model = Normalised(lr=0.1)
    model.layer_summary((2, 1, 28, 28))
    trainer = shared.fit(d2l, model)
    return trainer, d2l.numpy(model.net[1].running_mean)


def convolutional_design():
    class AnyNet(d2l.Classifier):
        def __init__(self, lr=0.1, num_classes=10):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(
                nn.LazyConv2d(8, kernel_size=3, stride=2, padding=1),
                d2l.ResNeXtBlock(16, 4, 0.5, use_1x1conv=True, strides=2),
                d2l.ResNeXtBlock(16, 4, 0.5),
                nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.LazyLinear(num_classes),
            )  # fmt: skip

    model = AnyNet(lr=0.1)
    model.layer_summary((2, 1, 28, 28))
    trainer = shared.fit(d2l, model)
    return trainer, [p.numel() for p in model.net[2].parameters()]


def devices():
    X = d2l.ones((2, 3), device=d2l.try_gpu())
    assert X.device.type == d2l.try_gpu().type

    shared.own_trainer(d2l, lambda model, gpu: model.to(gpu))
    return shared.fit(d2l, Perceptron(10, 32, lr=0.1), num_gpus=1)


def image_dataset():
    def loader(data, examples, train):
        return torch.utils.data.DataLoader(
            examples, data.batch_size, shuffle=train, num_workers=data.num_workers
        )

    trainer, data = shared.image_dataset(d2l, Perceptron(10, 32, lr=0.1), loader, num_workers=0)
    return trainer, (len(data.train), data.train[0][0].shape)
