"""Faults in the code of the page on DropConnect."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import FRAMEWORKS, cell

PAGE = "dropconnect"

# --- the function ---------------------------------------------------------------------------------

SCALE = "W * (1 / (1 - p) if p < 1 else 0)"
cell("DropConnect: not scaled", PAGE, (SCALE, "W * (1 if p < 1 else 0)"))
cell("DropConnect: divided by p", PAGE, (SCALE, "W * (1 / p if 0 < p < 1 else 1 - p)"))
cell("DropConnect: multiplied by 1 - p", PAGE, (SCALE, "W * (1 - p)"))
cell("DropConnect: p = 1 divides by zero", PAGE, (SCALE, "W * (1 / (1 - p))"))
cell("DropConnect: any rate accepted", PAGE, ("if not 0 <= p <= 1:", "if not 0 <= p <= 2:"))
cell(
    "DropConnect: any mask accepted", PAGE, ("if mask is not None and tuple", "if False and tuple")
)
cell("DropConnect: any word for per accepted", PAGE, ("if per not in (", "if per in ('', "))
cell(
    "DropConnect: one mask per batch, always",
    PAGE,
    ("X.shape[:1] if per == 'example' else ()", "()"),
)
cell(
    "DropConnect: a mask per example, always",
    PAGE,
    ("X.shape[:1] if per == 'example' else ()", "X.shape[:1]"),
)
cell("DropConnect: bias left out", PAGE, ("[:, 0] + b", "[:, 0] + 0 * b"))

DRAWN = "draw_mask((*n, *W.shape), p"
cell("DropConnect: mask per row", PAGE, (DRAWN, "draw_mask((*n, W.shape[0], 1), p"))
cell("DropConnect: mask per column", PAGE, (DRAWN, "draw_mask((*n, 1, W.shape[1]), p"))
cell("DropConnect: the whole matrix or nothing", PAGE, (DRAWN, "draw_mask((*n, 1, 1), p"))
cell(
    "DropConnect: given mask ignored",
    PAGE,
    ("    if mask is None:\n        n =", "    if True:\n        n ="),
)

NOISE = {
    "pytorch": "torch.rand(shape)",
    "tensorflow": "tf.random.uniform(shape)",
    "jax": "jax.random.uniform(key, shape)",
    "mxnet": "np.random.uniform(0, 1, shape)",
}
cell("DropConnect: keep probability taken for drop probability", PAGE, **{
    f: (f"{noise} >= p", f"{noise} < p") for f, noise in NOISE.items()
})  # fmt: skip
cell(
    "DropConnect: the same mask at each call", PAGE,
    pytorch=(NOISE["pytorch"], "torch.rand(shape, generator=torch.Generator().manual_seed(0))"),
    tensorflow=(NOISE["tensorflow"], "tf.random.stateless_uniform(shape, (0, 0))"),
    jax=(NOISE["jax"], "jax.random.uniform(jax.random.PRNGKey(0), shape)"),
    mxnet=(NOISE["mxnet"], "np.array(__import__('numpy').random.RandomState(0).rand(*shape))"),
)  # fmt: skip
cell("DropConnect: uniform noise instead of a mask", PAGE, **{
    f: (f"({noise} >= p)", f"({noise} * 2 * p)") for f, noise in NOISE.items() if f != "tensorflow"
}, tensorflow=(f"tf.cast({NOISE['tensorflow']} >= p,", f"tf.cast({NOISE['tensorflow']} * 2 * p,"))  # fmt: skip

# --- the backward pass by hand --------------------------------------------------------------------

cell(
    "DropConnect: no mask in the gradient of X",
    PAGE,
    ("(factor * W * G[:, None, :])", "(W * G[:, None, :])"),
)
cell("DropConnect: no mask in the gradient of W", PAGE, ("factor * (X.T @ G)", "X.T @ G"))
cell("DropConnect: gradient not scaled", PAGE, ("mask * (1 / (1 - p) if p < 1 else 0)", "mask"))
cell(
    "DropConnect: weights averaged in the gradient of X",
    PAGE,
    ("G @ (factor * W).T", "G @ (factor * W.mean()).T"),
)
cell("DropConnect: gradient of b is a mean", PAGE, ("G.sum(axis=0)", "G.mean(axis=0)"))

# --- the layer and the model ----------------------------------------------------------------------

OFF = {
    "pytorch": "if not self.training or self.p == 0:",
    "tensorflow": "if not training or self.p == 0:",
    "jax": "if not training or self.p == 0:",
    "mxnet": "if not autograd.is_training() or self.p == 0:",
}
cell(
    "DropConnect: left on in evaluation",
    PAGE,
    **{f: (old, "if self.p == 0:") for f, old in OFF.items()},
)
cell("DropConnect: off in training", PAGE, **{f: (old, "if True:") for f, old in OFF.items()})
cell(
    "DropConnect: on in evaluation, off in training",
    PAGE,
    **{f: (old, old.replace("if not ", "if ")) for f, old in OFF.items()},
)
cell("DropConnect: the layer forgets what per is", PAGE, (", per=self.per)", ")"))
LAYER = {
    "pytorch": "num_hiddens_1, num_hiddens_2, dropconnect, per)",
    "tensorflow": "DropConnectLinear(num_hiddens_2, dropconnect, per)",
    "jax": "self.num_hiddens_2, self.dropconnect, self.per)",
    "mxnet": "num_hiddens_1, num_hiddens_2, dropconnect, per)",
}
cell("DropConnect: dropout's rate given to DropConnect", PAGE, **{
    f: (old, old.replace("dropconnect", "dropout")) for f, old in LAYER.items()
})  # fmt: skip
cell("DropConnect: keep probability given to the layer", PAGE, **{
    f: (old, old.replace("dropconnect, ", "dropconnect and 0.9 - dropconnect, ").replace("0.9 - drop", "0.9 - self.drop" if f == "jax" else "0.9 - drop"))
    for f, old in LAYER.items()
})  # fmt: skip
cell("DropConnect: dropout left out of the model", PAGE,
     pytorch=("nn.Dropout(dropout)", "nn.Identity()"),
     tensorflow=("tf.keras.layers.Dropout(dropout)", "tf.keras.layers.Dropout(0)"),
     jax=("nn.Dropout(self.dropout,", "nn.Dropout(0.0,"),
     mxnet=("nn.Dropout(dropout)", "nn.Dropout(0)"))  # fmt: skip
cell("DropConnect: another rate of learning", PAGE, **{
    f: ("lr: float = 0.002", "lr: float = 0.003") if f == "jax" else ("lr=0.002", "lr=0.003")
    for f in FRAMEWORKS
})  # fmt: skip
cell("DropConnect: gradient descent instead of Adam", PAGE,
     pytorch=("torch.optim.Adam(", "torch.optim.SGD("),
     tensorflow=("tf.keras.optimizers.Adam(", "tf.keras.optimizers.SGD("),
     jax=("optax.adam(", "optax.sgd("),
     mxnet=("'adam'", "'sgd'"))  # fmt: skip
cell("DropConnect: fingerprint of another seed", PAGE, (
    "d2l.seed_everything(0)\n    model = NoisyMLP(", "d2l.seed_everything(1)\n    model = NoisyMLP(",
))  # fmt: skip

# --- moments, counts and inference ----------------------------------------------------------------

cell(
    "DropConnect: covariance given to the wrong kind",
    PAGE,
    ("(kind == 'dropout')", "(kind == 'example')"),
)
cell(
    "DropConnect: variance without squares",
    PAGE,
    ("v * (x[0]**2 * w0**2).sum()", "v * (x[0] * w0**2).sum()"),
)
cell("DropConnect: variance for spread", PAGE, ("variance**0.5,", "variance,"))
cell(
    "DropConnect: variance across the wrong axes",
    PAGE,
    ("out.var(axis=(0, 2))", "out.var(axis=(0, 1))"),
)
cell(
    "DropConnect: subnetworks added, not multiplied",
    PAGE,
    ("d_in * d_out * math.log10(2)", "(d_in + d_out) * math.log10(2)"),
)
cell("DropConnect: overflow", PAGE, ("print(f'{2**100:.2e}')", "print(f'{2**5000:.2e}')"))
cell(
    "DropConnect: Gaussian in the paper's scaling",
    PAGE,
    ("p / (1 - p) * (X**2", "p * (1 - p) * (X**2"),
)
cell("DropConnect: Gaussian without squares", PAGE, ("(X**2 @ W**2)", "(X**2 @ abs(W))"))
cell(
    "DropConnect: variance for the Gaussian's spread",
    PAGE,
    ("variance**0.5 * noise", "variance * noise"),
)
cell("DropConnect: Gaussian of p = 1", PAGE, ("mean + variance**0.5 * noise", "mean + 0 * noise"))
cell("DropConnect: truth not scaled", PAGE, ("* W / (1 - p)\n", "* W\n"))
cell(
    "DropConnect: softmax of the mean for the mean of softmax",
    PAGE,
    (
        "'... softmax inside the mean': inside,",
        "'... softmax inside the mean': all_outputs(inside[0], V),",
    ),
)
cell(
    "DropConnect: cost of a mask per batch for one per example",
    PAGE,
    ("(product, 2 * product)", "(d_in * d_out, 2 * product)"),
)
cell("DropConnect: bits for bytes", PAGE, ("numbers / 8e6", "numbers / 1e6"))

# --- what only the long training shows -------------------------------------------------------------

cell("DropConnect: runs that do not start alike", PAGE, (
    "d2l.seed_everything(seed)", "d2l.seed_everything(seed + 10 * len(options))",
), whole=True)  # fmt: skip
cell(
    "DropConnect: gap of the wrong sign",
    PAGE,
    ("val_loss - train_loss", "train_loss - val_loss"),
    whole=True,
)
