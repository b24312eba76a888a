"""What tests need of TensorFlow."""

import functools

import tensorflow as tf

from backends.base import Backend, Replaced


class TensorFlow(Backend):
    def tensor(self, array):
        return tf.convert_to_tensor(array)

    def gradient(self, function, x, weights):
        X = self.tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(X)
            total = tf.reduce_sum(function(X) * weights)
        gradient = tape.gradient(total, X)
        assert gradient is not None, "the function does not depend on X"
        return self.numpy(tf.convert_to_tensor(gradient))  # of a gather it is a set of rows

    def layer(self, Layer, *args, rng, training=True, **options):
        return functools.partial(Layer(*args, **options), training=training)

    def run(self, copied, *X, training=True):
        mode = {"training": training} if isinstance(copied, tf.keras.layers.Layer) else {}
        return copied(*X, **mode)

    def stock(self, p, training=True):
        return functools.partial(tf.keras.layers.Dropout(p), training=training)

    def net(self):
        class Net(self.d2l.Classifier):
            def __init__(self):
                super().__init__()
                self.net = tf.keras.Sequential(
                    [tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3)]
                )

            def initialise(self, X):
                def half(layer):
                    layer.kernel.assign(tf.fill(layer.kernel.shape, 0.5))

                self.apply_init([X], half)
                return [layer.kernel.numpy() for layer in self.net.layers]

        return Net()

    def line(self, lr):
        d2l = self.d2l

        class Line(d2l.Module):
            def __init__(self, lr):
                super().__init__()
                self.save_hyperparameters()
                self.w = tf.Variable(tf.zeros((2, 1)))
                self.b = tf.Variable(tf.zeros(1))

            def forward(self, X):
                return tf.matmul(X, self.w) + self.b

            def loss(self, y_hat, y):
                return tf.reduce_mean((y_hat - y) ** 2 / 2)

            def configure_optimizers(self):
                return d2l.SGD(self.lr)

        return Line(lr)

    def weights(self, trainer):
        return [v.numpy() for v in trainer.model.trainable_variables]

    def predict(self, trainer, X, training=False):
        return self.numpy(trainer.model(self.tensor(X), training=training))

    def eager_loop(self, Trainer):
        @self.d2l.add_to_class(Trainer)
        def fit_epoch(self):
            self.model.training = True
            for batch in self.train_dataloader:
                with tf.GradientTape() as tape:
                    loss = self.model.training_step(self.prepare_batch(batch))
                grads = tape.gradient(loss, self.model.trainable_variables)
                if self.gradient_clip_val > 0:
                    grads = self.clip_gradients(self.gradient_clip_val, grads)
                self.optim.apply_gradients(zip(grads, self.model.trainable_variables, strict=True))
                self.train_batch_idx += 1
            self.model.training = False
            for batch in self.val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def page_ones_like(self, H):
        return self.page.tf.ones_like(H)

    def tap(self, tensor, values):
        # An operation of the graph: it runs at each step, not when the step is traced.
        self.page.tf.numpy_function(lambda value: values.append(value.copy()), [tensor], [])

    def _record_stock(self, monkeypatch, scales):
        tf, tap = self.page.tf, self.tap

        class Recorded(tf.keras.layers.Dropout):
            def call(self, X, training=False):
                scale = super().call(tf.ones_like(X), training=training)
                tap(scale, scales)
                return X * scale

        layers = Replaced(tf.keras.layers, Dropout=Recorded)
        keras = Replaced(tf.keras, layers=layers)
        monkeypatch.setattr(self.page, "tf", Replaced(tf, keras=keras))
