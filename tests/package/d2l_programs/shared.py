"""What the programs of all frameworks have in common; ``d2l`` is the framework's module."""


def points(d2l, randn):
    """A data module of points near a plane; ``randn`` draws a tensor of two lengths."""

    class Points(d2l.DataModule):
        def __init__(self, w, b, num_train=192, num_val=40, batch_size=32):
            super().__init__()
            self.save_hyperparameters()
            self.X = randn(num_train + num_val, w.shape[0])
            self.y = d2l.matmul(self.X, d2l.reshape(w, (-1, 1))) + b

        def get_dataloader(self, train):
            chosen = slice(0, self.num_train) if train else slice(self.num_train, None)
            return self.get_tensorloader((self.X, self.y), train, chosen)

    return Points(w=d2l.tensor([2.0, -3.4]), b=4.2)


def fit(d2l, model, max_epochs=2, **options):
    """A trainer after training."""
    trainer = d2l.Trainer(max_epochs=max_epochs, **options)
    trainer.fit(model, d2l.FashionMNIST(batch_size=64))
    return trainer


def fit_both(d2l, scratch, concise):
    """One trainer after training two models, and the history of the first."""
    data = d2l.FashionMNIST(batch_size=64)
    trainer = d2l.Trainer(max_epochs=3)
    trainer.fit(scratch, data)
    history = trainer.history
    trainer.fit(concise, data)
    return trainer, history


def own_fit(d2l, model):
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
    trainer.fit(model, d2l.FashionMNIST(batch_size=64))
    return trainer


def count_errors(d2l):
    """Let classifiers draw their share of errors."""

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


def add_softmax(d2l, Model):
    """Give a class with W and b the forward pass of softmax regression."""

    @d2l.add_to_class(Model)
    def forward(self, X):
        powers = d2l.exp(d2l.matmul(d2l.reshape(X, (-1, self.W.shape[0])), self.W) + self.b)
        return powers / d2l.reduce_sum(powers, 1, keepdims=True)


def show_mistakes(d2l, model, predict=lambda model, X: model(X)):
    """Train, and show the images that were taken for others."""
    data = d2l.FashionMNIST(batch_size=64)
    trainer = d2l.Trainer(max_epochs=3, gradient_clip_val=1)
    trainer.fit(model, data)
    X, y = next(iter(data.val_dataloader()))
    preds = d2l.argmax(predict(model, X), axis=1)
    wrong = d2l.astype(preds, y.dtype) != y
    X, y, preds = X[wrong], y[wrong], preds[wrong]
    pairs = zip(data.text_labels(y), data.text_labels(preds), strict=True)
    data.visualize([X, y], labels=["\n".join(pair) for pair in pairs])
    return trainer


def larger_images(d2l, LeNet, shape):
    LeNet().layer_summary(shape)
    data = d2l.FashionMNIST(batch_size=128, resize=(96, 96))
    data.num_workers = 0
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(LeNet(lr=0.2), data)
    return trainer, next(iter(data.train_dataloader()))


def own_trainer(d2l, place=lambda model, gpu: None):
    """Put d2l's own methods for devices into its trainer; ``place`` moves a model to one."""

    @d2l.add_to_class(d2l.Trainer)
    def __init__(self, max_epochs, num_gpus=0, gradient_clip_val=0):
        self.save_hyperparameters()
        self.gpus = [d2l.gpu(i) for i in range(min(num_gpus, d2l.num_gpus()))]

    @d2l.add_to_class(d2l.Trainer)
    def prepare_batch(self, batch):
        return [d2l.to(a, self.gpus[0]) for a in batch] if self.gpus else batch

    @d2l.add_to_class(d2l.Trainer)
    def prepare_model(self, model):
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        if self.gpus:
            place(model, self.gpus[0])
        self.model = model


def image_dataset(d2l, model, loader, **options):
    """A data module of images that another has read, and a trainer that has used it; ``loader``
    makes one of its halves a loader."""

    class Garments(d2l.DataModule):
        def __init__(self, batch_size=64):
            super().__init__(**options)
            self.save_hyperparameters()
            images = d2l.FashionMNIST()
            self.train, self.val = images.train, images.val

        def get_dataloader(self, train):
            return loader(self, self.train if train else self.val, train)

    data = Garments()
    trainer = d2l.Trainer(max_epochs=2)
    trainer.fit(model, data)
    return trainer, data
