"""The programs that are timed in TensorFlow: a plain loop, and the model in d2l's classes."""

import numpy as np
import tensorflow as tf


def bare(train, val, epochs, batch_size, tick):
    """A short, usual loop on arrays in memory; ``tick`` is called at the start of each epoch."""
    (X, y), (X_val, y_val) = ((np.float32(X).reshape(len(X), -1), y) for X, y in (train, val))
    X /= 255
    X_val /= 255
    net = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(256, activation="relu"), tf.keras.layers.Dropout(0.5),
            tf.keras.layers.Dense(256, activation="relu"), tf.keras.layers.Dropout(0.5),
            tf.keras.layers.Dense(10),
        ]
    )  # fmt: skip
    cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optim = tf.keras.optimizers.SGD(0.1)
    net.build((None, 784))
    optim.build(net.trainable_variables)

    @tf.function
    def step(X, y):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, net(X, training=True))
        grads = tape.gradient(loss, net.trainable_variables)
        optim.apply_gradients(zip(grads, net.trainable_variables, strict=True))
        return loss

    rng = np.random.default_rng()
    for _ in range(epochs):
        tick()
        losses = []
        order = rng.permutation(len(X))
        for batch in np.split(order, range(batch_size, len(X), batch_size)):
            losses.append(step(tf.constant(X[batch]), tf.constant(y[batch])))
        Y_hat = net(X_val, training=False)
        val_loss = float(cross_entropy(y_val, Y_hat))
        val_acc = float(np.mean(np.argmax(Y_hat, axis=1) == y_val))
        train_loss = float(np.mean(losses))
    return train_loss, val_loss, val_acc


def model(d2l):
    """The same model in the classes of ``d2l``: our module, or the package of that name."""

    class DropoutMLP(d2l.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = tf.keras.models.Sequential(
                [
                    tf.keras.layers.Flatten(),
                    tf.keras.layers.Dense(256, activation="relu"), tf.keras.layers.Dropout(0.5),
                    tf.keras.layers.Dense(256, activation="relu"), tf.keras.layers.Dropout(0.5),
                    tf.keras.layers.Dense(10),
                ]
            )  # fmt: skip

    return DropoutMLP()
