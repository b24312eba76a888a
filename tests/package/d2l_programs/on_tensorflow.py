"""Programs in the style of *Dive into Deep Learning* on TensorFlow: see ``on_pytorch.py``."""

import math

import tensorflow as tf
from d2l_programs import shared

from d2lcompat import tensorflow as d2l


def object_oriented_design():
    class Line(d2l.Module):
        def __init__(self, num_inputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.w = tf.Variable(d2l.normal((num_inputs, 1), 0, sigma))
            self.b = tf.Variable(d2l.zeros(1))

    model = Line(2, lr=0.1)  # the methods come later, one by one

    @d2l.add_to_class(Line)
    def forward(self, X):
        return d2l.matmul(X, self.w) + self.b

    @d2l.add_to_class(Line)
    def loss(self, y_hat, y):
        return d2l.reduce_mean((y_hat - y) ** 2)

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
            with tf.GradientTape() as tape:
                loss = self.model.training_step(self.prepare_batch(batch))
            weights = self.model.trainable_variables
            self.optim.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            self.train_batch_idx += 1
        self.model.training = False
        for batch in self.val_dataloader:
            self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    data = shared.points(d2l, lambda *shape: tf.random.normal(shape))
    trainer = d2l.Trainer(max_epochs=4)
    trainer.fit(model, data)
    return trainer, [*d2l.numpy(model.w)[:, 0], *d2l.numpy(model.b)]


def own_fit():
    return shared.own_fit(d2l, Perceptron(10, 32, lr=0.1))


def classification():
    @d2l.add_to_class(d2l.Module)
    def configure_optimizers(self):
        return tf.keras.optimizers.Adam(self.lr)

    shared.count_errors(d2l)
    return shared.fit(d2l, Perceptron(10, 32, lr=0.01))


def softmax_regression_scratch():
    class SoftmaxScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.W = tf.random.normal((num_inputs, num_outputs), 0, sigma)
            self.b = tf.zeros(num_outputs)
            self.W = tf.Variable(self.W)
            self.b = tf.Variable(self.b)

    shared.add_softmax(d2l, SoftmaxScratch)

    @d2l.add_to_class(SoftmaxScratch)
    def loss(self, y_hat, y):
        chosen = tf.boolean_mask(y_hat, tf.one_hot(y, depth=y_hat.shape[-1]))
        return -d2l.reduce_mean(d2l.log(chosen))

    return shared.show_mistakes(d2l, SoftmaxScratch(784, 10, lr=0.1))


def softmax_regression_concise():
    class Softmax(d2l.Classifier):
        def __init__(self, num_outputs, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = tf.keras.models.Sequential()
            self.net.add(tf.keras.layers.Flatten())
            self.net.add(tf.keras.layers.Dense(num_outputs))

        def forward(self, X):
            return self.net(X)

    @d2l.add_to_class(d2l.Classifier)
    def loss(self, Y_hat, Y, averaged=True):  # in bits
        Y_hat = d2l.reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = d2l.reshape(Y, (-1,))
        fn = tf.keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="sum_over_batch_size" if averaged else "none"
        )
        return fn(Y, Y_hat) / math.log(2)

    return shared.fit(d2l, Softmax(num_outputs=10, lr=0.1), max_epochs=3)


class Perceptron(d2l.Classifier):
    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = tf.keras.models.Sequential(
            [
                tf.keras.layers.Flatten(),
                tf.keras.layers.Dense(num_hiddens, activation="relu"),
                tf.keras.layers.Dense(num_outputs),
            ]
        )


def multilayer_perceptron():
    class PerceptronScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, num_hiddens, lr, sigma=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.W1 = tf.Variable(d2l.normal((num_inputs, num_hiddens)) * sigma)
            self.b1 = tf.Variable(d2l.zeros(num_hiddens))
            self.W2 = tf.Variable(d2l.normal((num_hiddens, num_outputs)) * sigma)
            self.b2 = tf.Variable(d2l.zeros(num_outputs))

        def forward(self, X):
            X = d2l.reshape(X, (-1, self.num_inputs))
            H = tf.math.maximum(d2l.matmul(X, self.W1) + self.b1, 0)
            return d2l.matmul(H, self.W2) + self.b2

    concise = Perceptron(num_outputs=10, num_hiddens=32, lr=0.1)
    return shared.fit_both(d2l, PerceptronScratch(784, 10, 32, lr=0.1), concise)


def dropout():
    def dropout_layer(X, dropout):
        if dropout == 1:
            return d2l.zeros_like(X)
        mask = d2l.rand(tf.shape(X)) > dropout
        return d2l.astype(mask, d2l.float32) * X / (1 - dropout)

    class DropoutScratch(d2l.Classifier):
        def __init__(self, num_outputs, num_hiddens, dropout, lr):
            super().__init__()
            self.save_hyperparameters()
            self.lin1 = tf.keras.layers.Dense(num_hiddens, activation="relu")
            self.lin2 = tf.keras.layers.Dense(num_outputs)

        def forward(self, X):
            H = self.lin1(tf.reshape(X, (X.shape[0], -1)))
            if self.training:
                H = dropout_layer(H, self.dropout)
            return self.lin2(H)

    class Dropout(d2l.Classifier):
        def __init__(self, num_outputs, num_hiddens, dropout, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = tf.keras.models.Sequential(
                [
                    tf.keras.layers.Flatten(),
                    tf.keras.layers.Dense(num_hiddens, activation=tf.nn.relu),
                    tf.keras.layers.Dropout(dropout),
                    tf.keras.layers.Dense(num_outputs),
                ]
            )

    hparams = {"num_outputs": 10, "num_hiddens": 32, "dropout": 0.3, "lr": 0.1}
    return shared.fit_both(d2l, DropoutScratch(**hparams), Dropout(**hparams))


class LeNet(d2l.Classifier):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = tf.keras.models.Sequential(
            [
                tf.keras.layers.Conv2D(filters=6, kernel_size=5, activation="tanh", padding="same"),
                tf.keras.layers.AvgPool2D(pool_size=2, strides=2),
                tf.keras.layers.Conv2D(filters=16, kernel_size=5, activation="tanh"),
                tf.keras.layers.AvgPool2D(pool_size=2, strides=2),
                tf.keras.layers.Flatten(),
                tf.keras.layers.Dense(84, activation="tanh"),
                tf.keras.layers.Dense(num_classes),
            ]
        )


def lenet():
    LeNet().layer_summary((1, 28, 28, 1))
    trainer = d2l.Trainer(max_epochs=2)
    data = d2l.FashionMNIST(batch_size=64)
    with d2l.try_gpu():
        model = LeNet(lr=0.2)
        trainer.fit(model, data)
    return trainer


def larger_images():
    return shared.larger_images(d2l, LeNet, (1, 96, 96, 1))


def batch_normalization():
    class Normalised(d2l.Classifier):
        def __init__(self, lr=0.1, num_classes=10):
            super().__init__()
            self.save_hyperparameters()
            self.net = tf.keras.models.Sequential(
                [
                    tf.keras.layers.Conv2D(filters=6, kernel_size=5, input_shape=(28, 28, 1)),
                    tf.keras.layers.BatchNormalization(),
                    tf.keras.layers.Activation("relu"),
                    tf.keras.layers.AvgPool2D(pool_size=2, strides=2),
                    tf.keras.layers.Flatten(),
                    tf.keras.layers.Dense(32),
                    tf.keras.layers.BatchNormalization(),
                    tf.keras.layers.Activation("relu"),
                    tf.keras.layers.Dense(num_classes),
                ]
            )

    model = Normalised(lr=0.1)
    model.layer_summary((2, 28, 28, 1))
    trainer = shared.fit(d2l, model)
    return trainer, d2l.numpy(model.net.layers[1].moving_mean)


def convolutional_design():
    class AnyNet(d2l.Classifier):
        def __init__(self, lr=0.1, num_classes=10):
            super().__init__()
            self.save_hyperparameters()
            self.net = tf.keras.models.Sequential(
                [
                    tf.keras.layers.Conv2D(8, kernel_size=3, strides=2, padding="same"),
                    d2l.ResNeXtBlock(16, 4, 0.5, use_1x1conv=True, strides=2),
                    d2l.ResNeXtBlock(16, 4, 0.5),
                    tf.keras.layers.GlobalAvgPool2D(),
                    tf.keras.layers.Dense(num_classes),
                ]
            )

    model = AnyNet(lr=0.1)
    model.layer_summary((2, 28, 28, 1))
    trainer = shared.fit(d2l, model)
    return trainer, [tf.size(w).numpy() for w in model.net.layers[2].trainable_weights]


def devices():
    with d2l.try_gpu():
        X = d2l.ones((2, 3))
    assert "CPU" in X.device or d2l.num_gpus()
    trainer = d2l.Trainer(max_epochs=2, num_gpus=1)
    with d2l.gpu(0) if d2l.num_gpus() else d2l.cpu():
        trainer.fit(Perceptron(10, 32, lr=0.1), d2l.FashionMNIST(batch_size=64))
    return trainer


def image_dataset():
    def loader(data, examples, train):
        X, y = examples
        X = tf.expand_dims(X, axis=3) / 255
        pairs = tf.data.Dataset.from_tensor_slices((X, tf.cast(y, "int32")))
        return pairs.shuffle(len(y) if train else 1).batch(data.batch_size)

    trainer, data = shared.image_dataset(d2l, Perceptron(10, 32, lr=0.1), loader)
    return trainer, (len(data.train[0]), data.train[0][0].shape)
