"""What code published for d2l 1.0.3 may rely on: names, arguments, defaults.

The tables were read off the package d2l 1.0.3 (its ``torch.py``, ``tensorflow.py``, ``jax.py`` and
``mxnet.py``; of a name defined twice, the last definition). It need not be installed. Differences
are in tables too, each with its reason; one that is no longer there fails.
"""

import inspect
import re

SIGNATURES = {
    "pytorch tensorflow jax mxnet": """
        use_svg_display()
        set_figsize(figsize=(3.5, 2.5))
        set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)
        plot(X, Y=None, xlabel=None, ylabel=None, legend=[], xlim=None, ylim=None, \
            xscale='linear', yscale='linear', fmts=('-', 'm--', 'g-.', 'r:'), \
            figsize=(3.5, 2.5), axes=None)
        show_images(imgs, num_rows, num_cols, titles=None, scale=1.5)
        add_to_class(Class)
        cpu()
        gpu(i=0)
        num_gpus()
        try_gpu(i=0)
        HyperParameters.save_hyperparameters(self, ignore=[])
        ProgressBoard.__init__(self, xlabel=None, ylabel=None, xlim=None, ylim=None, \
            xscale='linear', yscale='linear', ls=['-', '--', '-.', ':'], \
            colors=['C0', 'C1', 'C2', 'C3'], fig=None, axes=None, figsize=(3.5, 2.5), display=True)
        ProgressBoard.draw(self, x, y, label, every_n=1)
        Module.loss(self, y_hat, y)
        Module.plot(self, key, value, train)
        Module.configure_optimizers(self)
        DataModule.__init__(self, root='../data')
        DataModule.get_dataloader(self, train)
        DataModule.train_dataloader(self)
        DataModule.val_dataloader(self)
        DataModule.get_tensorloader(self, tensors, train, indices=slice(0, None))
        Trainer.__init__(self, max_epochs, num_gpus=0, gradient_clip_val=0)
        Trainer.prepare_data(self, data)
        Trainer.prepare_model(self, model)
        Trainer.prepare_batch(self, batch)
        Trainer.fit(self, model, data)
        Trainer.fit_epoch(self)
        FashionMNIST.__init__(self, batch_size=64, resize=(28, 28))
        FashionMNIST.text_labels(self, indices)
        FashionMNIST.get_dataloader(self, train)
        FashionMNIST.visualize(self, batch, nrows=1, ncols=8, labels=[])
        Classifier.layer_summary(self, X_shape)
    """,
    "pytorch tensorflow mxnet": """
        Module.__init__(self, plot_train_per_epoch=2, plot_valid_per_epoch=1)
        Module.forward(self, X)
        Module.training_step(self, batch)
        Module.validation_step(self, batch)
        Classifier.validation_step(self, batch)
        Classifier.accuracy(self, Y_hat, Y, averaged=True)
        Classifier.loss(self, Y_hat, Y, averaged=True)
        Timer.__init__(self)
        Timer.start(self)
        Timer.stop(self)
        Timer.avg(self)
        Timer.sum(self)
        Timer.cumsum(self)
    """,
    "pytorch mxnet": """
        DataModule.__init__(self, root='../data', num_workers=4)
        Trainer.clip_gradients(self, grad_clip_val, model)
        SGD.__init__(self, params, lr)
    """,
    "tensorflow jax": """
        Trainer.clip_gradients(self, grad_clip_val, grads)
        SGD.__init__(self, lr)
    """,
    "pytorch": """
        Module.apply_init(self, inputs, init=None)
        SGD.step(self)
        SGD.zero_grad(self)
    """,
    "tensorflow": """
        Module.call(self, X, *args, **kwargs)
        SGD.apply_gradients(self, grads_and_vars)
    """,
    "jax": """
        get_seed()
        get_key()
        Module.forward(self, X, *args, **kwargs)
        Module.__call__(self, X, *args, **kwargs)
        Module.training_step(self, params, batch, state)
        Module.validation_step(self, params, batch, state)
        Module.apply_init(self, dummy_input, key)
        Trainer.fit(self, model, data, key=None)
        Classifier.training_step(self, params, batch, state)
        Classifier.validation_step(self, params, batch, state)
        Classifier.accuracy(self, params, X, Y, state, averaged=True)
        Classifier.loss(self, params, X, Y, state, averaged=True)
        Classifier.layer_summary(self, X_shape, key='d2l.get_key()')
        SGD.init(self, params)
        SGD.update(self, updates, state, params=None)
        SGD.__call__()
    """,
    "mxnet": """
        Module.get_scratch_params(self)
        Module.parameters(self)
        Module.set_scratch_params_device(self, device)
        SGD.step(self, _)
    """,
}

# (framework, name): what differs, and why it may.
DIFFERENCES = {
    ("jax", "Classifier.layer_summary"): (
        "the default of key is None",
        "d2l's is drawn once, when the method is defined; ours at every call",
    ),
    ("jax", "SGD.__call__"): (
        "missing",
        "it takes not even self, so that d2l's raises TypeError whenever it is called",
    ),
}


def signatures(framework):
    """d2l's signatures for a framework, by name."""
    for frameworks, lines in SIGNATURES.items():
        if framework in frameworks.split():
            for line in re.sub(r"\\\n\s*", "", lines).strip().splitlines():
                name, arguments = line.strip().split("(", 1)
                namespace = {}
                exec(f"def function({arguments}: pass", namespace)
                yield name, inspect.signature(namespace["function"])


def differences(d2l, name, theirs):
    """How the function ``name`` of ours departs from d2l's signature, in words."""
    owner, _, attribute = name.rpartition(".")
    function = getattr(getattr(d2l, owner) if owner else d2l, attribute, None)
    if function is None or (attribute == "__call__" and not inspect.isfunction(function)):
        return ["missing"]
    ours, found = inspect.signature(function), []
    plain = [p for p in theirs.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    required = [p.name for p in plain if p.default is p.empty]
    own = ["self"] if owner else []  # never passed by name
    for args, names in (
        ([p.name for p in plain], []),
        (required, []),
        (own, [p.name for p in plain[len(own) :]]),
    ):
        try:
            ours.bind(*args, **dict.fromkeys(names))
        except TypeError as error:
            found.append(str(error))
    for p in plain:
        default = getattr(ours.parameters.get(p.name), "default", p.default)
        if default != p.default:
            found.append(f"the default of {p.name} is {default!r}")
    return found


def test_every_call_that_d2l_takes_is_taken(backend):
    found = {}
    for name, theirs in signatures(backend.name):
        for difference in differences(backend.d2l, name, theirs):
            found[backend.name, name] = difference
    assert found == {key: what for key, (what, _) in DIFFERENCES.items() if key[0] == backend.name}


def test_what_d2l_inherits_is_inherited(backend):
    d2l = backend.d2l
    for name, bases in {
        "Module": (d2l.nn_Module, d2l.HyperParameters),
        "Classifier": (d2l.Module,),
        "DataModule": (d2l.HyperParameters,),
        "FashionMNIST": (d2l.DataModule,),
        "ProgressBoard": (d2l.HyperParameters,),
        "Trainer": (d2l.HyperParameters,),
        "SGD": (d2l.HyperParameters,),
    }.items():
        assert issubclass(getattr(d2l, name), bases), name
    assert d2l.nn_Module.__module__.split(".")[0] in ("torch", "keras", "flax", "mxnet")
