"""Faults of the page on uncertainty."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import cell

PAGE = "uncertainty"

# --- the functions on probabilities ---------------------------------------------------------------

cell("Uncertainty: entropies of single passes averaged for that of the mean", PAGE, (
    "predictive, expected = entropy(P.mean(axis=0)),", "predictive, expected = entropy(P).mean(axis=0),",
))  # fmt: skip
cell("Uncertainty: entropy of the mean for the mean entropy", PAGE, (
    "entropy(P).mean(axis=0)\n", "entropy(P.mean(axis=0))\n",
))  # fmt: skip
cell("Uncertainty: mutual information of the wrong sign", PAGE, (
    "expected, predictive - expected", "expected, expected - predictive",
))  # fmt: skip
cell("Uncertainty: entropy in bits", PAGE, ("logs = numpy.log(", "logs = numpy.log2("))
cell("Uncertainty: entropy of the wrong sign", PAGE, ("return 0 - (P * logs)", "return (P * logs)"))
cell("Uncertainty: entropy as a mean over classes", PAGE, (
    "return 0 - (P * logs).sum(", "return 0 - (P * logs).mean(",
))  # fmt: skip
cell("Uncertainty: passes and images mixed up", PAGE, (
    "return groups.swapaxes(0, 1)", "return groups",
))  # fmt: skip
cell("Uncertainty: AUROC without ties", PAGE, (" + (high == low).mean() / 2", ""))
cell("Uncertainty: AUROC the wrong way round", PAGE, ("(high > low)", "(high < low)"))
GAP = "(share * abs(accuracy - confidence)).sum()"
cell("Uncertainty: bins of the calibration error unweighted", PAGE, (
    GAP, "abs(accuracy - confidence)[share > 0].mean()",
))  # fmt: skip
cell("Uncertainty: calibration error with signs", PAGE, (
    GAP, "(share * (accuracy - confidence)).sum()",
))  # fmt: skip
cell("Uncertainty: bins half as wide", PAGE, (
    "numpy.arange(1, num_bins) / num_bins", "numpy.arange(1, num_bins) / num_bins / 2",
))  # fmt: skip
cell("Uncertainty: wrong guesses counted as hits", PAGE, (
    "correct = P.argmax(axis=-1) == labels\n    # From", "correct = P.argmax(axis=-1) != labels\n    # From",
))  # fmt: skip
cell("Uncertainty: likelihood in bits", PAGE, ("-numpy.log(P[numpy", "-numpy.log2(P[numpy"))

# --- thinned networks and passes ------------------------------------------------------------------

cell("Uncertainty: survivors not divided", PAGE, ("masks * H / (1 - dropout)", "masks * H"))
cell("Uncertainty: softmax over the networks", PAGE, (
    "return exps / exps.sum(axis=-1, keepdims=True)", "return exps / exps.sum(axis=0, keepdims=True)",
))  # fmt: skip
TRAIN_MODE = "mode = autograd.train_mode if dropout else autograd.predict_mode"
cell(
    "Uncertainty: dropout off in the passes", PAGE,
    pytorch=("            layer.train()", "            layer.eval()"),
    tensorflow=("X = layer(X, training=dropout)", "X = layer(X, training=False)"),
    jax=("net.clone(**flags)", "net.clone(**dict.fromkeys(flags, False))"),
    mxnet=(TRAIN_MODE, "mode = autograd.predict_mode"),
)  # fmt: skip
cell(
    "Uncertainty: batch normalisation in training mode", PAGE,
    pytorch=("    net.eval()\n    for layer in net.modules()", "    net.train()\n    for layer in net.modules()"),
    tensorflow=("X = layer(X, training=dropout)", "X = layer(X, training=True)"),
    mxnet=(TRAIN_MODE, "mode = autograd.train_mode"),
)  # fmt: skip
ROUND = "for _ in range(num_passes)]"
KEYS = "jax.random.split(key, num_passes)"
cell(
    "Uncertainty: one mask for all passes", PAGE,
    **dict.fromkeys(("pytorch", "tensorflow", "mxnet"), (ROUND, "for _ in range(1)] * num_passes")),
    jax=(KEYS, "jnp.stack([key] * num_passes)"),
)  # fmt: skip
cell(
    "Uncertainty: a pass too few", PAGE,
    **dict.fromkeys(("pytorch", "tensorflow", "mxnet"), (ROUND, "for _ in range(num_passes - 1)]")),
    jax=(KEYS, "jax.random.split(key, num_passes - 1)"),
)  # fmt: skip
cell(
    "Uncertainty: softmax over the images", PAGE,
    pytorch=("with_dropout(model, X).softmax(dim=-1)", "with_dropout(model, X).softmax(dim=0)"),
    tensorflow=("with_dropout(model.net, X), axis=-1)", "with_dropout(model.net, X), axis=0)"),
    jax=("keys)\n    return numpy.asarray(jax.nn.softmax(logits, axis=-1))",
         "keys)\n    return numpy.asarray(jax.nn.softmax(logits, axis=1))"),
    mxnet=("with_dropout(model.net, X), axis=-1)", "with_dropout(model.net, X), axis=0)"),
)  # fmt: skip
cell(
    "Uncertainty: dropout on in the single pass", PAGE,
    pytorch=("    model.eval()\n    with torch.no_grad():", "    model.train()\n    with torch.no_grad():"),
    tensorflow=("[..., None], training=False)", "[..., None], training=True)"),
    mxnet=("npx.softmax(model(np.array(images)), axis=-1)",
           "npx.softmax(with_dropout(model.net, np.array(images)), axis=-1)"),
)  # fmt: skip
cell("Uncertainty: no passes accepted", PAGE, ("num_passes < 1", "num_passes < 0"))
cell("Uncertainty: the young network with another p", PAGE, (
    "train(0, dropout=0.5", "train(0, dropout=0.4",
))  # fmt: skip
cell("Uncertainty: error of groups too small", PAGE, ("ddof=1", "ddof=0"))

# --- the line, and the images ---------------------------------------------------------------------

cell("Uncertainty: slope not shrunk", PAGE, ("w = (1 - dropout) * (x @ y)", "w = (x @ y)"))
cell("Uncertainty: variance of the line for its standard deviation", PAGE, (
    "(dropout / (1 - dropout)) ** 0.5", "(dropout / (1 - dropout))",
))  # fmt: skip
cell(
    "Uncertainty: turned the other way", PAGE, ("numpy.deg2rad(degrees)", "numpy.deg2rad(-degrees)")
)
cell("Uncertainty: neighbours weighted alike", PAGE, (
    "weight = (1 - abs(y - i)) * (1 - abs(x - j))", "weight = 0.25",
))  # fmt: skip
cell("Uncertainty: one order of the pixels for all images", PAGE, (
    "rng.permuted(flat, axis=1)", "rng.permutation(flat, axis=1)",
))  # fmt: skip
cell(
    "Uncertainty: inverted images not inverted",
    PAGE,
    ("'inverted': 1 - images", "'inverted': images"),
)
