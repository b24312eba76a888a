"""Faults in the code of the page on choosing."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import FRAMEWORKS, cell

PAGE = "choosing"

# --- moved images ---------------------------------------------------------------------------------

ROWS, COLUMNS = "numpy.arange(height) - moves[:, :1]", "numpy.arange(width) - moves[:, 1:]"
cell(
    "Choosing: moved the other way",
    PAGE,
    (ROWS, ROWS.replace("-", "+")),
    (COLUMNS, COLUMNS.replace("-", "+")),
)
cell(
    "Choosing: rows and columns of a move swapped",
    PAGE,
    (ROWS, ROWS.replace(":1", "1:")),
    (COLUMNS, COLUMNS.replace("1:", ":1")),
)
cell("Choosing: moved down only", PAGE, (COLUMNS, "numpy.arange(width) - 0 * moves[:, 1:]"))
cell(
    "Choosing: what leaves comes in on the other side",
    PAGE,
    ("(edge, edge), (edge, edge)))", "(edge, edge), (edge, edge)), mode='wrap')"),
)
cell(
    "Choosing: the rim is repeated",
    PAGE,
    ("(edge, edge), (edge, edge)))", "(edge, edge), (edge, edge)), mode='edge')"),
)
cell(
    "Choosing: all images of a batch moved alike",
    PAGE,
    (
        "moves = draw_moves(len(images), self.shift, self.rng)",
        "moves = draw_moves(1, self.shift, self.rng).repeat(len(images), 0)",
    ),
)
cell(
    "Choosing: never moved by the whole shift",
    PAGE,
    ("rng.integers(-shift, shift + 1, (number, 2))", "rng.integers(-shift, shift, (number, 2))"),
)
cell(
    "Choosing: a negative shift accepted",
    PAGE,
    ("if not isinstance(shift, int) or shift < 0:", "if not isinstance(shift, int):"),
)
cell(
    "Choosing: images not moved", PAGE, ("return moving if self.shift else loader", "return loader")
)
cell(
    "Choosing: moved images out of order",
    PAGE,
    ("moved.reshape(images.shape)), y", "moved[::-1].reshape(images.shape)), y"),
)
cell(
    "Choosing: the same moves in every batch",
    PAGE,
    (
        "draw_moves(len(images), self.shift, self.rng)",
        "draw_moves(len(images), self.shift, numpy.random.default_rng(0))",
    ),
)

# --- held-out images and stopping -----------------------------------------------------------------

cell(
    "Choosing: trained on the held-out images too",
    PAGE,
    ("self.get_tensorloader(pair, True, slice(0, kept))", "self.get_tensorloader(pair, True)"),
)
cell(
    "Choosing: stops on training images",
    PAGE,
    ("False, slice(kept, None))", "False, slice(0, self.held_out))"),
)
cell(
    "Choosing: the last of equal losses counts",
    PAGE,
    ("if loss < losses[best]:", "if loss <= losses[best]:"),
)
cell(
    "Choosing: patience one too long",
    PAGE,
    ("elif epoch - best >= patience:", "elif epoch - best > patience:"),
)
cell("Choosing: patience ignored", PAGE, ("elif epoch - best >= patience:", "elif False:"))
cell("Choosing: counts epochs from 0", PAGE, ("return best + 1", "return best"))
cell(
    "Choosing: returns when it stopped, not what was best",
    PAGE,
    ("return best + 1", "return epoch + 1"),
)

# --- the model and its optimiser ------------------------------------------------------------------

FORWARD = {f: "self.net((X - 0.286) / 0.353)" for f in FRAMEWORKS} | {
    "jax": "X = ((X - 0.286) / 0.353).reshape((X.shape[0], -1))"
}
cell(
    "Choosing: pixels not centred",
    PAGE,
    **{f: (old, old.replace("(X - 0.286)", "X")) for f, old in FORWARD.items()},
)
cell(
    "Choosing: pixels not scaled",
    PAGE,
    **{f: (old, old.replace("(X - 0.286) / 0.353", "X - 0.286")) for f, old in FORWARD.items()},
)
cell(
    "Choosing: no weight decay", PAGE,
    pytorch=("weight_decay=self.decay", "weight_decay=0"),
    tensorflow=("weight_decay=self.decay", "weight_decay=0.0"),
    jax=("optax.add_decayed_weights(self.decay)", "optax.add_decayed_weights(0.0)"),
    mxnet=("'wd': self.decay", "'wd': 0.0"),
)  # fmt: skip
cell(
    "Choosing: decays by the share itself, not times the rate", PAGE,
    pytorch=("weight_decay=self.decay", "weight_decay=self.decay / self.lr"),
    tensorflow=("weight_decay=self.decay", "weight_decay=self.decay / self.lr"),
    jax=("optax.add_decayed_weights(self.decay),\n                           optax.sgd(self.lr)",
         "optax.sgd(self.lr),\n                           optax.add_decayed_weights(-self.decay)"),
    mxnet=("'wd': self.decay", "'wd': self.decay / self.lr"),
)  # fmt: skip
cell(
    "Choosing: grows instead of decaying", PAGE,
    pytorch=("weight_decay=self.decay)", "weight_decay=0, momentum=self.decay)"),
    jax=("optax.add_decayed_weights(self.decay)", "optax.add_decayed_weights(-self.decay)"),
    mxnet=("'wd': self.decay", "'wd': -self.decay"),
)  # fmt: skip
cell(
    "Choosing: dropout before the activation's layer", PAGE,
    pytorch=("nn.Flatten(), nn.LazyLinear(128), nn.ReLU(),\n            nn.Dropout(dropout),", "nn.Flatten(), nn.Dropout(dropout), nn.LazyLinear(128), nn.ReLU(),\n           "),
    tensorflow=("hidden,\n            tf.keras.layers.Dropout(dropout), output", "\n            tf.keras.layers.Dropout(dropout), hidden, output"),
    mxnet=("nn.Dense(128, activation='relu'),\n                     nn.Dropout(dropout),", "nn.Dropout(dropout),\n                     nn.Dense(128, activation='relu'),"),
)  # fmt: skip
cell(
    "Choosing: dropout on the outputs", PAGE,
    pytorch=("nn.Dropout(dropout), nn.LazyLinear(10))", "nn.LazyLinear(10), nn.Dropout(dropout))"),
    tensorflow=("tf.keras.layers.Dropout(dropout), output]", "output, tf.keras.layers.Dropout(dropout)]"),
    mxnet=("nn.Dropout(dropout), nn.Dense(10))", "nn.Dense(10), nn.Dropout(dropout))"),
)  # fmt: skip
DROPOUT = {
    "pytorch": "nn.Dropout(dropout), nn.LazyLinear(10)",
    "tensorflow": "tf.keras.layers.Dropout(dropout), output",
    "jax": "nn.Dropout(self.dropout, deterministic",
    "mxnet": "nn.Dropout(dropout), nn.Dense(10)",
}
cell("Choosing: keep probability given to the layer", PAGE, **{
    f: (old, old.replace("dropout)", "0.7)").replace("self.dropout,", "0.7,"))
    for f, old in DROPOUT.items()
})  # fmt: skip

# --- the variance behind dropout ------------------------------------------------------------------

SHIFT = "p / (1 - p) * (H ** 2).mean(axis=0) @ W ** 2"
cell(
    "Choosing: variance of the unscaled mask",
    PAGE,
    (SHIFT, "p * (1 - p) * (H ** 2).mean(axis=0) @ W ** 2"),
)
cell(
    "Choosing: square of the mean for the mean of squares",
    PAGE,
    (SHIFT, "p / (1 - p) * H.mean(axis=0) ** 2 @ W ** 2"),
)
cell(
    "Choosing: variance for the mean of squares",
    PAGE,
    (SHIFT, "p / (1 - p) * H.var(axis=0) @ W ** 2"),
)
cell("Choosing: weights not squared", PAGE, (SHIFT, "p / (1 - p) * (H ** 2).mean(axis=0) @ abs(W)"))
cell("Choosing: the shift alone", PAGE, ("(H @ W).var(axis=0) + noise", "noise"))
DROP = {f: "self.drop(H)" for f in FRAMEWORKS} | {"jax": "self.drop(H, off)"}
cell("Choosing: dropout at both places", PAGE, **{
    f: [(f"{old} if self.place == 'before' else H", old)] for f, old in DROP.items()
})  # fmt: skip
cell("Choosing: the places swapped", PAGE, **{
    f: [(f"{old} if self.place == 'before' else H", f"{old} if self.place != 'before' else H"),
        (f"{old} if self.place == 'after' else H", f"{old} if self.place != 'after' else H")]
    for f, old in DROP.items()
})  # fmt: skip
cell("Choosing: no dropout after", PAGE, **{
    f: (f"{old} if self.place == 'after' else H", "H") for f, old in DROP.items()
})  # fmt: skip
cell(
    "Choosing: nothing is normalised", PAGE,
    pytorch=("self.norm(self.lin2(H))", "self.lin2(H)"),
    tensorflow=("self.norm(self.lin2(H))", "self.lin2(H)"),
    mxnet=("self.norm(self.lin2(H))", "self.lin2(H)"),
)  # fmt: skip
cell(
    "Choosing: normalised after the activation", PAGE,
    pytorch=("torch.relu(self.norm(self.lin2(H)))", "self.norm(torch.relu(self.lin2(H)))"),
    tensorflow=("tf.nn.relu(self.norm(self.lin2(H)))", "self.norm(tf.nn.relu(self.lin2(H)))"),
    jax=("nn.relu(self.norm(self.lin2(H), use_running_average=off))", "self.norm(nn.relu(self.lin2(H)), use_running_average=off)"),
    mxnet=("npx.relu(self.norm(self.lin2(H)))", "self.norm(npx.relu(self.lin2(H)))"),
)  # fmt: skip
cell(
    "Choosing: another momentum of the running averages", PAGE,
    pytorch=("nn.BatchNorm1d(128)", "nn.BatchNorm1d(128, momentum=0.01)"),
    tensorflow=("momentum=0.9,", "momentum=0.99,"),
    jax=("momentum=0.9,", "momentum=0.99,"),
    mxnet=("momentum=0.9,", "momentum=0.99,"),
)  # fmt: skip
cell(
    "Choosing: running mean taken for the variance", PAGE,
    pytorch=("model.norm.running_var)", "model.norm.running_mean)"),
    tensorflow=("             model.norm.moving_variance)", "             model.norm.moving_mean)"),
    jax=("state.batch_stats['norm']['var'])", "state.batch_stats['norm']['mean'])"),
    mxnet=("model.norm.running_var.data())", "model.norm.running_mean.data())"),
)  # fmt: skip
cell(
    "Choosing: the running averages move in evaluation only",
    PAGE,
    jax=("use_running_average=off", "use_running_average=not off"),
)
cell(
    "Choosing: trained at a rate while only averages should move",
    PAGE,
    ("NormMLP('before', p, lr=0.0)", "NormMLP('before', p, lr=0.01)"),
)
cell(
    "Choosing: recalibrated with mean and variance swapped",
    PAGE,
    (
        "recalibrate(model, Z.mean(axis=0), Z.var(axis=0))",
        "recalibrate(model, Z.var(axis=0), Z.mean(axis=0))",
    ),
    whole=True,
)
cell(
    "Choosing: dropout and none swapped in the table",
    PAGE,
    (
        "ways = {'none': {}, 'dropout': {'dropout': 0.5}",
        "ways = {'none': {'dropout': 0.5}, 'dropout': {}",
    ),
    whole=True,
)
cell("Choosing: two passes called one", PAGE, ("16384: 1}", "16384: 2}"), whole=True)
