"""Programs in the style of *Dive into Deep Learning* on TensorFlow: see ``on_pytorch.py``."""

import math

import tensorflow as tf

from d2lcompat import tensorflow as d2l


def object_oriented_design():
    class Points(d2l.DataModule):
        def __init__(self, w, b, num_train=192, num_val=40, batch_size=32):
            super().__init__()
            self.save_hyperparameters()
            self.X = tf.random.normal((num_train + num_val, w.shape[0]))
            self.y = d2l.matmul(self.X, d2l.reshape(w, (-1, 1))) + b

        def get_dataloader(self, train):
            chosen = slice(0, self.num_train) if train else slice(self.num_train, None)
            return self.get_tensorloader((self.X, self.y), train, chosen)

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

    data = Points(w=d2l.tensor([2.0, -3.4]), b=4.2)
    trainer = d2l.Trainer(max_epochs=4)
    trainer.fit(model, data)
    return trainer, [*d2l.numpy(model.w)[:, 0], *d2l.numpy(model.b)]


def own_fit():
    class Patient(d2l.Trainer):
        def fit(self, model, data):
            self.prepare_data(data)
            self.prepare_model(model)
            self.optim = model.configure_optimizers()
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
        return tf.keras.optimizers.Adam(self.lr)

    @d2l.add_to_class(d2l.Classifier)
    def validation_step(self, batch):
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("err", 1 - self.accuracy(Y_hat, batch[-1]), train=False)

    @d2l.add_to_class(d2l.Classifier)
    def accuracy(self, Y_hat, Y, averaged=True):
        preds = d2l.astype(d2l.argmax(Y_hat, axis=1), Y.dtype)
        hits = d2l.astype(preds == Y, d2l.float32)
        return d2l.reduce_mean(hits) if averaged else hits

    trainer = d2l.Trainer(max_epochs=2)
    trainer.fit(Perceptron(10, 32, lr=0.01), d2l.FashionMNIST(batch_size=64))
    return trainer


def softmax_regression_scratch():
    def softmax(X):
        powers = d2l.exp(X)
        return powers / d2l.reduce_sum(powers, 1, keepdims=True)

    def cross_entropy(y_hat, y):
        chosen = tf.boolean_mask(y_hat, tf.one_hot(y, depth=y_hat.shape[-1]))
        return -d2l.reduce_mean(d2l.log(chosen))

    class SoftmaxScratch(d2l.Classifier):
        def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
            super().__init__()
            self.save_hyperparameters()
            self.W = tf.random.normal((num_inputs, num_outputs), 0, sigma)
            self.b = tf.zeros(num_outputs)
            self.W = tf.Variable(self.W)
            self.b = tf.Variable(self.b)

    @d2l.add_to_class(SoftmaxScratch)
    def forward(self, X):
        X = d2l.reshape(X, (-1, self.W.shape[0]))
        return softmax(d2l.matmul(X, self.W) + self.b)

    @d2l.add_to_class(SoftmaxScratch)
    def loss(self, y_hat, y):
        return cross_entropy(y_hat, y)

    data = d2l.FashionMNIST(batch_size=64)
    model = SoftmaxScratch(num_inputs=784, num_outputs=10, lr=0.1)
    trainer = d2l.Trainer(max_epochs=3, gradient_clip_val=1)
    trainer.fit(model, data)
    X, y = next(iter(data.val_dataloader()))
    preds = d2l.argmax(model(X), axis=1)
    wrong = d2l.astype(preds, y.dtype) != y
    X, y, preds = X[wrong], y[wrong], preds[wrong]
    pairs = zip(data.text_labels(y), data.text_labels(preds), strict=True)
    data.visualize([X, y], labels=["\n".join(pair) for pair in pairs])
    return trainer


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

    trainer = d2l.Trainer(max_epochs=3)
    trainer.fit(Softmax(num_outputs=10, lr=0.1), d2l.FashionMNIST(batch_size=64))
    return trainer


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

    data = d2l.FashionMNIST(batch_size=64)
    trainer = d2l.Trainer(max_epochs=3)
    trainer.fit(PerceptronScratch(784, 10, 32, lr=0.1), data)
    scratch = trainer.history
    trainer.fit(Perceptron(num_outputs=10, num_hiddens=32, lr=0.1), data)
    return trainer, scratch


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
    data = d2l.FashionMNIST(batch_size=64)
    trainer = d2l.Trainer(max_epochs=3)
    trainer.fit(DropoutScratch(**hparams), data)
    scratch = trainer.history
    trainer.fit(Dropout(**hparams), data)
    return trainer, scratch


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
    LeNet().layer_summary((1, 96, 96, 1))
    data = d2l.FashionMNIST(batch_size=128, resize=(96, 96))
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(LeNet(lr=0.2), data)
    return trainer, next(iter(data.train_dataloader()))


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

    data = d2l.FashionMNIST(batch_size=64)
    model = Normalised(lr=0.1)
    model.layer_summary((2, 28, 28, 1))
    trainer = d2l.Trainer(max_epochs=2)
    trainer.fit(model, data)
    return trainer, d2l.numpy(model.net.layers[1].moving_mean)


def devices():
    with d2l.try_gpu():
        X = d2l.ones((2, 3))
    assert "CPU" in X.device or d2l.num_gpus()
    trainer = d2l.Trainer(max_epochs=2, num_gpus=1)
    with d2l.gpu(0) if d2l.num_gpus() else d2l.cpu():
        trainer.fit(Perceptron(10, 32, lr=0.1), d2l.FashionMNIST(batch_size=64))
    return trainer


def image_dataset():
    class Garments(d2l.DataModule):
        def __init__(self, batch_size=64):
            super().__init__()
            self.save_hyperparameters()
            images = d2l.FashionMNIST()
            self.train, self.val = images.train, images.val

        def get_dataloader(self, train):
            X, y = self.train if train else self.val
            X = tf.expand_dims(X, axis=3) / 255
            examples = tf.data.Dataset.from_tensor_slices((X, tf.cast(y, "int32")))
            return examples.shuffle(len(y) if train else 1).batch(self.batch_size)

    data = Garments()
    trainer = d2l.Trainer(max_epochs=2)
    trainer.fit(Perceptron(10, 32, lr=0.1), data)
    return trainer, (len(data.train[0]), data.train[0][0].shape)
