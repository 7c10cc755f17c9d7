"""The head's training loop: several heads side by side, one-cycle learning rate, early stopping, check for collapse.

heads = train_heads(train, validation, TrainingConfig(n_heads=3))   # half a minute for 125,000 texts on two cores
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spheres.errors import SphereError
from spheres.model.network import Head, Heads, TrainingConfig

LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {  # of log-probabilities and targets
    "kl": nn.KLDivLoss(reduction="batchmean"),
    "mse": lambda log_probabilities, targets: nn.functional.mse_loss(log_probabilities.exp(), targets),
}
OPTIMIZERS = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
WARM_UP = 0.15  # share of the steps in which the learning rate rises; then it falls
COLLAPSED = 0.01  # nats: below this the answers hardly depend on the article


@dataclass(frozen=True)
class Examples:
    """Articles to learn from or to validate on: `features` (n, n_features) and `targets` (n, n_outputs), float32."""

    features: NDArray[np.float32]
    targets: NDArray[np.float32]


def train_heads(
    train: Examples,
    validation: Examples,
    training: TrainingConfig,
    log: Callable[[str], None] = lambda sentence: None,
    check: bool = True,
) -> Heads:
    """Train `training.n_heads` heads; the same input and seed give the same weights on the same machine.

    Raises:
        SphereError: The answers do not depend on the article; not with `check` off, for a study of such heads.
    """
    seeds = range(training.seed, training.seed + training.n_heads)
    heads = [_new_head(train, training, seed) for seed in seeds]  # in turn, out of torch's one generator
    stop = threading.Event()
    train_one = partial(_train_one, train=train, validation=validation, training=training, stop=stop)
    # a thread a head, even where cores are fewer: three on two are done sooner than two and then one
    with one_core(), ThreadPoolExecutor(len(heads), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            outcomes = list(pool.map(train_one, heads, seeds))
        except KeyboardInterrupt:
            stop.set()  # the threads would go on to the end
            raise
    for seed, outcome in zip(seeds, outcomes, strict=True):
        log(f"seed {seed}: {outcome}")
    trained = Heads(heads).eval()
    if check and not (found := information(trained.log_probabilities(validation.features))) >= COLLAPSED:  # or NaN
        raise SphereError(
            f"the head gives every article nearly the same answer (they differ by {found:.4f} nats, "
            f"at least {COLLAPSED} expected), so it was not saved: embed more articles, or more varied ones."
        )
    return trained


@contextmanager
def one_core() -> Iterator[None]:
    """Let torch work on one core: on small matrices threads spend their time waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _new_head(train: Examples, training: TrainingConfig, seed: int) -> Head:
    torch.manual_seed(seed)
    head = Head(train.features.shape[1], training, train.targets.shape[1])
    if training.standardize:
        features = torch.from_numpy(train.features)
        head.shift.copy_(features.mean(dim=0))
        head.scale.copy_(features.std(dim=0).clamp_min(1e-6))
    return head


def _train_one(
    head: Head, seed: int, train: Examples, validation: Examples, training: TrainingConfig, stop: threading.Event
) -> str:
    """Train in place, until it gets no better or is told to stop; returns a sentence about what was reached."""
    # 1. data: training features are standardized once, not in each step
    random = torch.Generator().manual_seed(seed)
    features, targets = head.standardized(torch.from_numpy(train.features)), torch.from_numpy(train.targets)
    held_out = torch.from_numpy(validation.features), torch.from_numpy(validation.targets)

    # 2. loss, optimizer and schedule: the learning rate rises over the first steps and falls to nearly zero at the end
    loss_of = LOSSES[training.loss]
    optimizer = OPTIMIZERS[training.optimizer](
        head.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )
    n_steps = training.max_epochs * -(-len(features) // training.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=n_steps, pct_start=WARM_UP
    )

    best, best_epoch, best_state = float("inf"), 0, head.state_dict()
    for epoch in range(1, training.max_epochs + 1):
        # 3. one pass over the training articles, in a new order each time
        head.train()
        for batch in torch.split(torch.randperm(len(features), generator=random), training.batch_size):
            # index_select: half the time of features[batch]
            loss = loss_of(head.layers(features.index_select(0, batch)), targets.index_select(0, batch))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            if stop.is_set():
                return "stopped"

        # 4. validation: keep the best epoch's weights, and stop where it has not been bettered for `patience` epochs
        head.eval()
        with torch.inference_mode():
            validation_loss = float(loss_of(head(held_out[0]), held_out[1]))
        if validation_loss < best:
            best, best_epoch = validation_loss, epoch
            best_state = {name: value.clone() for name, value in head.state_dict().items()}
        if epoch - best_epoch >= training.patience:
            break
    head.load_state_dict(best_state)
    return f"best validation loss {best:.4f} after epoch {best_epoch} of {epoch}"


def information(log_probabilities: NDArray[np.floating]) -> float:
    """How much (n, n_groups) answers depend on the article: their mean divergence from the average answer, nats.

    >>> information(np.log([[0.7, 0.3], [0.7, 0.3]]))
    0.0
    """
    probabilities = np.exp(log_probabilities)
    average = probabilities.mean(axis=0)
    return float((probabilities * (log_probabilities - np.log(average))).sum(axis=1).mean())
