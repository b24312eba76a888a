"""Programs in the style of *Dive into Deep Learning* on MXNet: see ``on_pytorch.py``."""

import math

from d2lcompat import mxnet as d2l  # isort: skip  # mends NumPy for MXNet, so it comes first
from d2l_programs import shared
from mxnet import autograd, gluon, init, np, npx
from mxnet.gluon import nn

npx.set_np()


def object_oriented_design():
    class Line(d2l.Module):
        def __init__(self, num_inputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.w = d2l.normal(0, sigma, (num_inputs, 1))
            self.b = d2l.zeros(1)
            self.w.attach_grad()
            self.b.attach_grad()

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
            with autograd.record():
                loss = self.model.training_step(self.prepare_batch(batch))
            loss.backward()
            self.optim.step(1)
            self.train_batch_idx += 1
        for batch in self.val_dataloader:
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
        return gluon.Trainer(self.parameters(), "adam", {"learning_rate": self.lr})

    shared.count_errors(d2l)
    return shared.fit(d2l, Perceptron(10, 32, lr=0.01))


def softmax_regression_scratch():
    class SoftmaxScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.W = np.random.normal(0, sigma, (num_inputs, num_outputs))
            self.b = np.zeros(num_outputs)
            self.W.attach_grad()
            self.b.attach_grad()

        def collect_params(self):
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
            self.net = nn.Dense(num_outputs)
            self.net.initialize()

        def forward(self, X):
            return self.net(X)

    @d2l.add_to_class(d2l.Classifier)
    def loss(self, Y_hat, Y, averaged=True):  # in bits
        Y_hat = d2l.reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = d2l.reshape(Y, (-1,))
        bits = gluon.loss.SoftmaxCrossEntropyLoss()(Y_hat, Y) / math.log(2)
        return bits.mean() if averaged else bits

    return shared.fit(d2l, Softmax(num_outputs=10, lr=0.1), max_epochs=3)


class Perceptron(d2l.Classifier):
    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
        self.net.add(nn.Dense(num_hiddens, activation="relu"), nn.Dense(num_outputs))
        self.net.initialize()


def multilayer_perceptron():
    class PerceptronScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, num_hiddens, lr, sigma=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.W1 = d2l.randn(num_inputs, num_hiddens) * sigma
            self.b1 = d2l.zeros(num_hiddens)
            self.W2 = d2l.randn(num_hiddens, num_outputs) * sigma
            self.b2 = d2l.zeros(num_outputs)
            for param in self.get_scratch_params():
                param.attach_grad()

        def get_scratch_params(self):
            return [self.W1, self.b1, self.W2, self.b2]

        def forward(self, X):
            X = d2l.reshape(X, (-1, self.num_inputs))
            H = np.maximum(d2l.matmul(X, self.W1) + self.b1, 0)
            return d2l.matmul(H, self.W2) + self.b2

    concise = Perceptron(num_outputs=10, num_hiddens=32, lr=0.1)
    return shared.fit_both(d2l, PerceptronScratch(784, 10, 32, lr=0.1), concise)


def dropout():
    def dropout_layer(X, dropout):
        if dropout == 1:
            return d2l.zeros_like(X)
        mask = d2l.rand(*X.shape) > dropout
        return d2l.astype(mask, d2l.float32) * X / (1 - dropout)

    class DropoutScratch(d2l.Classifier):
        def __init__(self, num_outputs, num_hiddens, dropout, lr):
            super().__init__()
            self.save_hyperparameters()
            self.lin1 = nn.Dense(num_hiddens, activation="relu")
            self.lin2 = nn.Dense(num_outputs)
            self.initialize()

        def forward(self, X):
            H = self.lin1(X)
            if autograd.is_training():
                H = dropout_layer(H, self.dropout)
            return self.lin2(H)

    class Dropout(d2l.Classifier):
        def __init__(self, num_outputs, num_hiddens, dropout, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential()
            self.net.add(
                nn.Dense(num_hiddens, activation="relu"), nn.Dropout(dropout), nn.Dense(num_outputs)
            )
            self.net.initialize()

    hparams = {"num_outputs": 10, "num_hiddens": 32, "dropout": 0.3, "lr": 0.1}
    return shared.fit_both(d2l, DropoutScratch(**hparams), Dropout(**hparams))


class LeNet(d2l.Classifier):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
        self.net.add(
            nn.Conv2D(channels=6, kernel_size=5, padding=2, activation="tanh"),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Conv2D(channels=16, kernel_size=5, activation="tanh"),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Dense(84, activation="tanh"),
            nn.Dense(num_classes),
        )
        self.net.initialize(init.Xavier())


def lenet():
    LeNet().layer_summary((1, 1, 28, 28))
    return shared.fit(d2l, LeNet(lr=0.2), num_gpus=1)


def larger_images():
    return shared.larger_images(d2l, LeNet, (1, 1, 96, 96))


def batch_normalization():
    class Normalised(d2l.Classifier):
        def __init__(self, lr=0.1, num_classes=10):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential()
            self.net.add(
                nn.Conv2D(6, kernel_size=5), nn.BatchNorm(), nn.Activation("relu"),
                nn.AvgPool2D(pool_size=2, strides=2),
                nn.Dense(32), nn.BatchNorm(), nn.Activation("relu"),
                nn.Dense(num_classes),
            )  # fmt: skip
            self.initialize()

    model = Normalised(lr=0.1)
    model.layer_summary((2, 1, 28, 28))
    trainer = shared.fit(d2l, model)
    return trainer, d2l.numpy(model.net[1].running_mean.data())


def convolutional_design():
    class AnyNet(d2l.Classifier):
        def __init__(self, lr=0.1, num_classes=10):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential()
            self.net.add(
                nn.Conv2D(8, kernel_size=3, strides=2, padding=1),
                d2l.ResNeXtBlock(16, 4, 0.5, use_1x1conv=True, strides=2),
                d2l.ResNeXtBlock(16, 4, 0.5),
                nn.GlobalAvgPool2D(), nn.Dense(num_classes),
            )  # fmt: skip
            self.net.initialize(init.Xavier())

    model = AnyNet(lr=0.1)
    model.layer_summary((2, 1, 28, 28))
    trainer = shared.fit(d2l, model)
    found = model.net[2].collect_params().values()
    return trainer, [p.data().size for p in found if p.grad_req != "null"]


def devices():
    X = d2l.ones((2, 3), ctx=d2l.try_gpu())
    assert X.ctx == d2l.try_gpu()

    def place(model, gpu):
        model.collect_params().reset_ctx(gpu)
        model.set_scratch_params_device(gpu)

    shared.own_trainer(d2l, place)
    return shared.fit(d2l, Perceptron(10, 32, lr=0.1), num_gpus=1)


def image_dataset():
    def loader(data, examples, train):
        return gluon.data.DataLoader(
            examples, data.batch_size, shuffle=train, num_workers=data.num_workers
        )

    trainer, data = shared.image_dataset(d2l, Perceptron(10, 32, lr=0.1), loader, num_workers=0)
    return trainer, (len(data.train), data.train[0][0].shape)
