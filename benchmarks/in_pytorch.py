"""The programs that are timed in PyTorch: a plain loop, and the model in d2l's classes."""

import torch
from torch import nn
from torch.nn import functional as F


def bare(train, val, epochs, batch_size, tick):
    """A short, usual loop on arrays in memory; ``tick`` is called at the start of each epoch."""
    (X, y), (X_val, y_val) = (
        (torch.from_numpy(X).flatten(1).float().div_(255), torch.from_numpy(y).long())
        for X, y in (train, val)
    )
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(256, 10),
    )  # fmt: skip
    optim = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(epochs):
        tick()
        net.train()
        losses = []
        for batch in torch.randperm(len(X)).split(batch_size):
            loss = F.cross_entropy(net(X[batch]), y[batch])
            optim.zero_grad()
            loss.backward()
            optim.step()
            losses.append(loss.detach())
        net.eval()
        with torch.no_grad():
            Y_hat = net(X_val)
            val_loss = F.cross_entropy(Y_hat, y_val).item()
            val_acc = (Y_hat.argmax(1) == y_val).float().mean().item()
        train_loss = torch.stack(losses).mean().item()
    return train_loss, val_loss, val_acc


def model(d2l):
    """The same model in the classes of ``d2l``: our module, or the package of that name."""

    class DropoutMLP(d2l.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(
                nn.Flatten(),
                nn.LazyLinear(256), nn.ReLU(), nn.Dropout(0.5),
                nn.LazyLinear(256), nn.ReLU(), nn.Dropout(0.5),
                nn.LazyLinear(10),
            )  # fmt: skip

    return DropoutMLP()
