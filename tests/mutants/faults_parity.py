"""Faults of the page that gives all frameworks the same weights, batches and masks."""

# ruff: noqa: E501  (patches are easier to compare with the code in one line)

from faults import cell

PAGE = "parity"
LAYER = "return lambda H: H * mask / (1 - p)"
RELUS = {"pytorch": "torch.relu", "tensorflow": "tf.nn.relu", "mxnet": "npx.relu"}

cell("parity: survivors not divided", PAGE, (
    LAYER, "return lambda H: H * mask",
))  # fmt: skip
cell("parity: divided by p", PAGE, (
    LAYER, "return lambda H: H * mask / max(p, 0.4)",
))  # fmt: skip
cell("parity: the mask turned round", PAGE, (
    LAYER, "return lambda H: H * (1 - mask) / (1 - p)",
))  # fmt: skip
cell("parity: one mask for both layers", PAGE, (
    "for mask in masks], masks", "for mask in masks[[0, 0]]], masks",
))  # fmt: skip
cell("parity: one mask for all examples", PAGE, (
    "for mask in masks], masks", "for mask in masks[:, :1]], masks",
))  # fmt: skip
cell(
    "parity: the loss summed, not averaged", PAGE,
    pytorch=("loss = model.loss(logits, torch.from_numpy(y))", "loss = model.loss(logits, torch.from_numpy(y)) * len(y)"),
    tensorflow=("loss = model.loss(logits, tf.constant(y))", "loss = model.loss(logits, tf.constant(y)) * len(y)"),
    jax=("return -log_p[jnp.arange(len(y)), y].mean(), logits", "return -log_p[jnp.arange(len(y)), y].sum(), logits"),
    mxnet=("loss = model.loss(logits, np.array(y))", "loss = model.loss(logits, np.array(y)) * len(y)"),
)  # fmt: skip
cell(
    "parity: offsets not loaded and not trained", PAGE,
    pytorch=("gradients[f'b{i}'] = layer.bias.grad.numpy().copy()", "gradients[f'b{i}'] = 0 * layer.bias.grad.numpy()"),
    tensorflow=("(grad.numpy() for grad in grads)", "(grad.numpy() * (grad.ndim == 2) for grad in grads)"),
    jax=("numpy.asarray(layer['bias'])", "0 * numpy.asarray(layer['bias'])"),
    mxnet=("layer.bias.grad().asnumpy()", "0 * layer.bias.grad().asnumpy()"),
)  # fmt: skip
cell("parity: another rate", PAGE, **dict.fromkeys(
    RELUS, ("def __init__(self, lr=0.1):", "def __init__(self, lr=0.101):"),
), jax=("lr: float = 0.1", "lr: float = 0.101"))  # fmt: skip
cell("parity: dropout after the last layer but one only", PAGE, **{
    name: (f"X = drop({relu}(layer(X)))", f"X = {relu}(layer(X))")
    for name, relu in RELUS.items()
}, jax=("X = drop(nn.relu(nn.Dense(size)(X)))", "X = nn.relu(nn.Dense(size)(X))"))  # fmt: skip
cell("parity: dropout before the ReLU, of another sign", PAGE, **{
    name: (f"X = drop({relu}(layer(X)))", f"X = {relu}(-drop(-layer(X)) - 1e-4)")
    for name, relu in RELUS.items()
}, jax=("X = drop(nn.relu(nn.Dense(size)(X)))", "X = nn.relu(-drop(-nn.Dense(size)(X)) - 1e-4)"))  # fmt: skip
cell(
    "parity: the stock layer draws another mask", PAGE,
    pytorch=("    torch.manual_seed(step)\n    return", "    return"),
    tensorflow=("for i in (0, 1)] for _ in range(2))", "for i in (j, 1)] for j in range(2))"),
    jax=("layers.append(lambda H, layer=layer, key=key:\n", "layers.append(lambda H, layer=layer, key=jax.random.fold_in(key, len(layers)):\n"),
    mxnet=("    d2l.seed_everything(step)\n    return", "    return"),
)  # fmt: skip
cell(
    "parity: the stock layer evaluates", PAGE,
    pytorch=("return layers, numpy.stack(masks)", "return [layer.eval() for layer in layers], numpy.stack(masks)"),
    tensorflow=("drops=drops, training=True)", "drops=drops, training=False)"),
    jax=("masks.append(numpy.asarray(layers[-1](ones)) > 0)", "masks.append(numpy.asarray(layers[-1](ones)) > 0)\n        layers[-1] = lambda H: H"),
    mxnet=("with autograd.record():", "with autograd.record(train_mode=False):"),
)  # fmt: skip
cell("parity: one seed for all steps", PAGE, ("default_rng(step)", "default_rng(0)"))
cell("parity: another seed of the weights", PAGE, ("make_weights(seed=1)", "make_weights(seed=2)"))
cell("parity: slope of the ReLU forgotten by hand", PAGE, ("slopes.append((Z > 0) * factor)", "slopes.append(factor)"))  # fmt: skip
cell("parity: mask forgotten in the backward pass by hand", PAGE, ("slopes.append((Z > 0) * factor)", "slopes.append(Z > 0)"))  # fmt: skip
