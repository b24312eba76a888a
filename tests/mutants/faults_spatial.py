"""Faults in the code of the page on spatial dropout and DropBlock."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import FRAMEWORKS, cell

PAGE = "spatial"

# --- what all frameworks share --------------------------------------------------------------------

cell("spatial: gaps filled by the sum of the neighbours", PAGE,
     ("around(maps) / numpy.maximum(number, 1)", "around(maps)"))  # fmt: skip
cell("spatial: gaps filled with their own values", PAGE, ("maps = maps * kept", "maps = maps * 1"))
cell("spatial: R^2 against the variance about zero", PAGE,
     ("(missing - missing.mean()) ** 2", "missing ** 2"))  # fmt: skip
cell("spatial: cover counts one block too many", PAGE,
     ("max(0, i - block_size + 1) + 1", "max(0, i - block_size) + 1"))  # fmt: skip
cell("spatial: the paper's gamma for square maps only", PAGE,
     ("return p * height * width /", "return p * height ** 2 /"))  # fmt: skip
cell("spatial: the paper's gamma for centres everywhere", PAGE,
     ("valid = (height - block_size + 1) * (width - block_size + 1)\n    return", "valid = height * width\n    return"))  # fmt: skip
cell("spatial: gamma divided by b instead of its square", PAGE,
     ("(block_size ** 2 * valid)", "(block_size * valid)"))  # fmt: skip
cell("spatial: the paper's gamma instead of the solved one", PAGE,
     ("gamma=solve_gamma", "gamma=paper_gamma"))  # fmt: skip
cell("spatial: bisection stops early", PAGE, ("range(60)", "range(6)"))
cell("spatial: bisection for the share that is kept", PAGE, (".mean() < p:", ".mean() < 1 - p:"))
cell("spatial: the rate falls", PAGE, ("min(1.0, step / steps)", "max(0.0, 1 - step / steps)"))
cell("spatial: any rate accepted", PAGE, ("if not 0 <= p <= 1:", "if not 0 <= p <= 2:"))
cell("spatial: even blocks accepted", PAGE, ("range(1, largest + 1, 2)", "range(1, largest + 1)"))
cell("spatial: blocks larger than the shorter side accepted", PAGE,
     ("largest = min(", "largest = max("))  # fmt: skip
cell("spatial: empty batches accepted", PAGE, (" or 0 in ", " or -1 in "))
cell("spatial: any mask accepted", PAGE, ("if tuple(mask.shape) != tuple(shape):", "if False:"))
cell(
    "spatial: neighbours counted on one side only",
    PAGE,
    ("gone[..., :-2, 1:-1] & gone[..., 2:, 1:-1]", "gone[..., :-2, 1:-1] & gone[..., :-2, 1:-1]"),
)

# --- whole channels -------------------------------------------------------------------------------

LAST = ("tensorflow", "jax")
SHAPE = {f: "shape = X.shape[0], 1, 1, X.shape[3]" if f in LAST else "shape = *X.shape[:2], 1, 1"
         for f in FRAMEWORKS}  # fmt: skip


def shapes(last, first):
    """Another shape of the channel masks, for channels last and channels first."""
    return {f: (old, f"shape = {last if f in LAST else first}") for f, old in SHAPE.items()}


cell("spatial: a mask for every pixel", PAGE, **shapes("tuple(X.shape)", "tuple(X.shape)"))
cell("spatial: one mask for the whole batch", PAGE,
     **shapes("1, 1, 1, X.shape[3]", "1, X.shape[1], 1, 1"))  # fmt: skip
cell("spatial: one decision for all channels", PAGE,
     **shapes("X.shape[0], 1, 1, 1", "X.shape[0], 1, 1, 1"))  # fmt: skip
cell("spatial: mask of the other order of axes", PAGE,
     **shapes("X.shape[0], X.shape[1], 1, 1", "X.shape[0], 1, 1, X.shape[3]"))  # fmt: skip

SCALED = {
    "pytorch": "X * mask.to(X.dtype) / (1 - p)",
    "tensorflow": "X * tf.cast(mask, X.dtype) / (1 - p)",
    "jax": "X * mask.astype(X.dtype) / (1 - p)",
    "mxnet": "X * mask.astype(X.dtype) / (1 - p)",
}
cell(
    "spatial: channels not scaled",
    PAGE,
    **{f: (old, old.replace(" / (1 - p)", "")) for f, old in SCALED.items()},
)
cell(
    "spatial: channels divided by p",
    PAGE,
    **{f: (old, old.replace("(1 - p)", "max(p, 0.1)")) for f, old in SCALED.items()},
)
cell("spatial: keep probability taken for drop probability", PAGE, **{
    f: (f"{noise} >= p", f"{noise} < p") for f, noise in {
        "pytorch": "torch.rand(shape, device=X.device)",
        "tensorflow": "tf.random.uniform(shape)",
        "jax": "jax.random.uniform(key, shape)",
        "mxnet": "np.random.uniform(0, 1, shape)",
    }.items()
})  # fmt: skip

OFF = {
    "pytorch": "if self.training else X",
    "tensorflow": "if training else X",
    "jax": "        if self.deterministic:\n            return X\n        return spatial_dropout",
    "mxnet": "if autograd.is_training() else X",
}
cell("spatial: channels dropped in evaluation too", PAGE,
     **{f: (old, "") for f, old in OFF.items() if f != "jax"},
     jax=(OFF["jax"], "        if self.deterministic:\n            return spatial_dropout(X, self.p, jax.random.PRNGKey(0))\n        return spatial_dropout"))  # fmt: skip
cell("spatial: channels never dropped", PAGE,
     pytorch=(OFF["pytorch"], "if False else X"),
     tensorflow=(OFF["tensorflow"], "if False else X"),
     jax=(OFF["jax"], "        if True:\n            return X\n        return spatial_dropout"),
     mxnet=(OFF["mxnet"], "if False else X"))  # fmt: skip

# --- blocks ---------------------------------------------------------------------------------------

GROWN = {
    "pytorch": "F.max_pool2d(padded, block_size, stride=1)",
    "tensorflow": "tf.nn.max_pool2d(padded, block_size, 1, 'VALID')",
    "jax": "(block_size, block_size), padding=(side, side))",
    "mxnet": "pad=(block_size - 1,) * 2, stride=(1, 1), pool_type='max')",
}
cell("spatial: centres everywhere, blocks cut at the border", PAGE, **{
    f: [("    valid = height - block_size + 1, width - block_size + 1\n    centres",
         "    valid = height, width\n    centres"),
        {"pytorch": ("[block_size - 1] * 4", "[block_size // 2] * 4"),
         "tensorflow": ("side = [block_size - 1] * 2", "side = [block_size // 2] * 2"),
         "jax": ("side = (block_size - 1,) * 2", "side = (block_size // 2,) * 2"),
         "mxnet": ("pad=(block_size - 1,) * 2", "pad=(block_size // 2,) * 2")}[f]]
    for f in GROWN
})  # fmt: skip
cell("spatial: centres that do not grow", PAGE,
     pytorch=("[block_size - 1] * 4)\n    return 1 - F.max_pool2d(padded, block_size, stride=1)", "[block_size // 2] * 4)\n    return 1 - padded"),
     tensorflow=[("side = [block_size - 1] * 2", "side = [block_size // 2] * 2"), ("1 - tf.nn.max_pool2d(padded, block_size, 1, 'VALID')", "1 - padded")],
     jax=[("side = (block_size - 1,) * 2", "side = (block_size // 2,) * 2"), ("(block_size, block_size), padding", "(1, 1), padding")],
     mxnet=[("kernel=(block_size, block_size)", "kernel=(1, 1)"), ("        pad=(block_size - 1,) * 2, stride", "        pad=(0, 0), stride"), ("        centres.astype(np.float32), kernel", "        np.pad(centres.astype(np.float32), ((0, 0), (0, 0), (block_size // 2,) * 2, (block_size // 2,) * 2)), kernel")])  # fmt: skip
cell("spatial: the mask of blocks inverted", PAGE,
     pytorch=("return 1 - F.max", "return F.max"),
     tensorflow=("return 1 - tf.nn.max", "return tf.nn.max"),
     jax=("return 1 - nn.max", "return nn.max"),
     mxnet=("return 1 - npx.pooling", "return npx.pooling"))  # fmt: skip
cell("spatial: one mask of blocks for all channels", PAGE,
     pytorch=("return 1 - F.max_pool2d(padded, block_size, stride=1)", "return (1 - F.max_pool2d(padded, block_size, stride=1))[:, :1].expand(X.shape)"),
     tensorflow=("return 1 - tf.nn.max_pool2d(padded, block_size, 1, 'VALID')", "return tf.repeat((1 - tf.nn.max_pool2d(padded, block_size, 1, 'VALID'))[..., :1], channels, 3)"),
     jax=("return 1 - nn.max_pool(centres.astype(jnp.float32),", "return 1 - nn.max_pool(centres[..., :1].repeat(channels, 3).astype(jnp.float32),"),
     mxnet=("centres.astype(np.float32), kernel", "np.repeat(centres[:, :1].astype(np.float32), X.shape[1], 1), kernel"))  # fmt: skip

KEPT = {
    "pytorch": "mask.float().mean() if count",
    "tensorflow": "tf.reduce_mean(mask) if count",
    "jax": "mask.astype(jnp.float32).mean() if count",
    "mxnet": "mask.mean() if count",
}
cell("spatial: blocks divided by 1 - p instead of the share of ones", PAGE,
     **{f: (old, old.replace("if count", "if not count")) for f, old in KEPT.items()})  # fmt: skip
cell("spatial: blocks divided by the share of zeros", PAGE,
     **{f: (old, f"1 - {old}") for f, old in KEPT.items()})  # fmt: skip
cell("spatial: nothing kept gives nan", PAGE,
     pytorch=("kept.clamp(min=1 / X.numel())", "kept"),
     tensorflow=("    kept = tf.maximum(kept, 1 / mask.shape.num_elements())\n", ""),
     jax=("jnp.maximum(kept, 1 / X.size)", "kept"),
     mxnet=("np.maximum(kept, 1 / X.size)", "kept"))  # fmt: skip
cell("spatial: blocks dropped in evaluation too", PAGE,
     pytorch=("        if not self.training:\n            return X\n        return dropblock", "        return dropblock"),
     tensorflow=("        if not training:\n            return X\n        return dropblock", "        return dropblock"),
     jax=("        if self.deterministic:\n            return X\n        key = self.make_rng('dropout')", "        key = jax.random.PRNGKey(0) if self.deterministic else self.make_rng('dropout')"),
     mxnet=("        if not autograd.is_training():\n            return X\n        return dropblock", "        return dropblock"))  # fmt: skip
cell("spatial: no gradient through dropped blocks' maps", PAGE,
     pytorch=("    return X * (mask / kept.clamp", "    return X.detach() * (mask / kept.clamp"),
     tensorflow=("return X * tf.cast(mask / kept, X.dtype)", "return tf.stop_gradient(X) * tf.cast(mask / kept, X.dtype) + 0 * X"),
     jax=("return X * (mask / jnp", "return jax.lax.stop_gradient(X) * (mask / jnp"),
     mxnet=("return X * (mask / np.maximum", "return X.detach() * (mask / np.maximum"))  # fmt: skip
cell("spatial: the same blocks at every call", PAGE,
     pytorch=("torch.rand(*X.shape[:2], *valid, device=X.device)", "torch.rand(*X.shape[:2], *valid, generator=torch.Generator().manual_seed(0))"),
     tensorflow=("tf.random.uniform((batch, *valid, channels))", "tf.random.stateless_uniform((batch, *valid, channels), (0, 0))"),
     jax=("jax.random.uniform(key, (batch, *valid, channels))", "jax.random.uniform(jax.random.PRNGKey(0), (batch, *valid, channels))"),
     mxnet=("np.random.uniform(0, 1, (*X.shape[:2], *valid))", "np.array(numpy.random.RandomState(0).rand(*X.shape[:2], *valid))"))  # fmt: skip

# --- the model ------------------------------------------------------------------------------------

cell("spatial: layers swapped", PAGE, ("'spatial': SpatialDropout(p", "'spatial': DropBlock(p, block_size"),
     ("'block': DropBlock(p, block_size", "'block': SpatialDropout(p"))  # fmt: skip
cell("spatial: blocks of 3 in the model", PAGE, **{
    f: ("block_size: int = 5", "block_size: int = 3") if f == "jax"
    else ("block_size=5, lr=0.2", "block_size=3, lr=0.2") for f in FRAMEWORKS
})  # fmt: skip
cell("spatial: another rate in the model", PAGE, **{
    f: ("p: float = 0.3", "p: float = 0.31") if f == "jax"
    else ("p=0.3, block_size", "p=0.31, block_size") for f in FRAMEWORKS
})  # fmt: skip
cell("spatial: dropout after the second convolution", PAGE,
     pytorch=("            dropout_layer(kind, p, block_size),\n            nn.LazyConv2d(16, 3, stride=2), nn.ReLU(),",
              "            nn.LazyConv2d(16, 3, stride=2), nn.ReLU(),\n            dropout_layer(kind, p, block_size),"),
     tensorflow=("first, dropout_layer(kind, p, block_size), second,", "first, second, dropout_layer(kind, p, block_size),"),
     mxnet=("            dropout_layer(kind, p, block_size),\n            nn.Conv2D(16, 3, strides=2, activation='relu'),",
            "            nn.Conv2D(16, 3, strides=2, activation='relu'),\n            dropout_layer(kind, p, block_size),"))  # fmt: skip
