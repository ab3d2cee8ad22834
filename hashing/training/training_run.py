"""Train an encoder on a shop's own pictures: `python -m hashing train CONFIG.toml`.

A loss of `hashing.losses` draws pictures of one product together, while a distillation
loss keeps the similarities of the general embedding. In frozen mode the general network
computes features of every view once and a linear head is trained on them, minutes on a
CPU. In full mode the network is trained too. `kind_fitting` describes mode `kind`.
"""

import copy
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hashing.encoder import Encoder, load_encoder
from hashing.layers.named_layers import check_layer
from hashing.training.candidate import write_candidate
from hashing.training.kind_fitting import fit_kind_to_products
from hashing.training.processes import TrainingProcess
from hashing.training.progress import TrainingProgress
from hashing.training.promotion import measure_candidate, promote, refuse_worse
from hashing.training.sampling import BalancedSampler, DrawnView
from hashing.training.trainable_encoder import TrainableEncoder, make_trainable
from hashing.training.training_loss import TrainingLoss, make_losses
from hashing.training.training_recipe import TrainingRecipe
from hashing.training.training_set import PARTS, TrainingSet, open_training_set
from hashing.training.validation import Validation
from hashing.training.views import (
    PixelViews,
    Views,
    ViewTensors,
    compute_feature_views,
)

FINAL_FOLDER = "all"  # in the progress folder: the training on all products

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingRun:
    """Settings and data that both trainings of a run share."""

    recipe: TrainingRecipe
    training_set: TrainingSet
    views: ViewTensors
    process: TrainingProcess
    resume: bool


def train(
    recipe: TrainingRecipe, *, resume: bool, force: bool, command: str
) -> Encoder | None:
    """Make the encoder of a recipe, if it is no worse than its start.

    The encoder that is measured has not learned from the products held out. If it is no
    worse, a second one trains as long on all products, and that one is promoted.

    Returns None in processes other than the first. Raises TrainingError for pictures
    that cannot be trained on, and for a result that is worse unless `force`.
    """
    _check_names(recipe)
    process = TrainingProcess.from_environment()
    if not process.is_first:  # one process logs
        logging.getLogger("hashing").setLevel(logging.ERROR)
    training_set = open_training_set(recipe)
    logger.info("%s", training_set.describe())
    start = load_encoder(recipe.start)
    process.join()
    recipe.progress.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    images = Views(training_set, recipe.seed)
    encoder = make_trainable(recipe, start, images).to(process.device)
    views = _make_view_tensors(encoder, training_set, start, recipe, process)
    run = TrainingRun(recipe, training_set, views, process, resume)
    if process.is_first and not resume:
        shutil.rmtree(recipe.progress / FINAL_FOLDER, ignore_errors=True)
    final_encoder = copy.deepcopy(encoder)
    try:
        n_steps = train_both(encoder, final_encoder, run)
    finally:
        process.leave()
    if not process.is_first:
        return None
    candidate = write_candidate(encoder, recipe, training_set, command=command)
    measured = measure_candidate(candidate, start, recipe, training_set)
    if not force:
        refuse_worse(measured.report, start, n_steps=n_steps, candidate=candidate)
    if recipe.then_all:
        candidate = write_candidate(
            final_encoder, recipe, training_set, command=command
        )
    return promote(candidate, measured, recipe)


def _check_names(recipe: TrainingRecipe) -> None:
    """Raise ValueError for unknown losses and layers, before any time is spent."""
    make_losses(recipe, n_classes=2, n_bits=8)
    check_layer(recipe.layer, recipe.layer_options)


def _make_view_tensors(
    encoder: TrainableEncoder,
    training_set: TrainingSet,
    start: Encoder,
    recipe: TrainingRecipe,
    process: TrainingProcess,
) -> ViewTensors:
    if encoder.network is None:
        return compute_feature_views(training_set, start, recipe, process)
    side = encoder.network.input_size
    images = Views(training_set, recipe.seed)
    return PixelViews(images, len(training_set.pictures), side=side)


def train_both(
    encoder: TrainableEncoder, final_encoder: TrainableEncoder, run: TrainingRun
) -> int:
    """Train one encoder for the report and one on all products, for as many steps.

    Returns the number of steps; 0 if no step improved.
    """
    recipe = run.recipe
    if recipe.mode == "kind":
        for each, parts in ((encoder, PARTS[:2]), (final_encoder, PARTS)):
            fit_kind_to_products(
                each.head, run.training_set, run.views, parts, seed=recipe.seed
            )
        return 1
    n_steps = train_one(encoder, run)
    if recipe.then_all:
        train_one(final_encoder, run, on_all=n_steps)
    return n_steps


def train_one(
    encoder: TrainableEncoder, run: TrainingRun, *, on_all: int | None = None
) -> int:
    """Train an encoder in place; it ends with its best weights on held-out products.

    Returns the number of steps after which it had them; 0 if no step improved. With
    `on_all` nothing is held out, and training ends after that many steps.
    """
    recipe, views, process = run.recipe, run.views, run.process
    folder, last_step, parts = recipe.progress, recipe.steps, ["learn"]
    if on_all is not None:
        folder, last_step, parts = folder / FINAL_FOLDER, on_all, list(PARTS)
    sampler = make_sampler(run, parts)
    validation = Validation.on(run.training_set, "stop")
    loss = TrainingLoss(encoder, recipe, n_classes=sampler.n_products)
    loss = loss.to(process.device)
    optimiser = make_optimiser(loss, recipe)
    progress = TrainingProgress.open(folder, recipe, loss, optimiser, resume=run.resume)
    if not progress.history:
        figure = validation.measure(encoder, views, process.device)
        progress.record_check(encoder, 0, None, figure)
    # A network still has ImageNet's classifier, which gets no gradient.
    distributed = process.distribute(loss, has_unused=encoder.network is not None)
    losses: list[float] = []
    first = progress.step
    is_silent = not process.is_first or first == last_step
    bar = tqdm(total=last_step, initial=first, disable=is_silent)
    for step in range(first, last_step):
        if on_all is None and progress.checks_without_gain > recipe.patience:
            logger.info("no gain in %d checks: stopped", recipe.patience)
            break
        set_learning_rates(optimiser, done=step / recipe.steps)
        draws = process.own_share(sampler.draw(step, n_views=views.n_views))
        losses.append(_take_step(distributed, optimiser, load_batch(draws, run)))
        bar.update()
        if (step + 1) % recipe.check_every == 0 or step + 1 == last_step:
            figure = validation.measure(encoder, views, process.device)
            mean = float(np.mean(losses))
            bar.set_postfix(loss=f"{mean:.3f}", held_out=f"{figure:.4f}")
            progress.record_check(encoder, step + 1, mean, figure)
            losses.clear()
            if process.is_first:
                progress.save(recipe, loss, optimiser)
    bar.close()
    if on_all is None:
        logger.info("best on products held out: after %d steps", progress.best_step)
        encoder.load_state_dict(progress.best_weights)
    return progress.best_step


def _take_step(
    loss: nn.Module, optimiser: torch.optim.Optimizer, batch: Sequence[Tensor]
) -> float:
    """Take one step of the optimiser; return the loss before it."""
    loss.train()
    value: Tensor = loss(*batch)
    optimiser.zero_grad()
    value.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return value.item()


def make_sampler(run: TrainingRun, parts: Sequence[str]) -> BalancedSampler:
    """Make a sampler of the products in some parts of the split."""
    training_set, recipe = run.training_set, run.recipe
    pictures = sorted(i for part in parts for i in training_set.indices(part))
    return BalancedSampler(
        pictures,
        [training_set.pictures[index].label for index in pictures],
        products=recipe.products_per_step,
        views=recipe.views_per_product,
        seed=recipe.seed,
    )


def load_batch(draws: Sequence[DrawnView], run: TrainingRun) -> list[Tensor]:
    """Load the labels (B,) of draws and their views, each (B, …)."""
    tensors = run.views.batch([(draw.picture, draw.view) for draw in draws])
    labels = torch.tensor([draw.label for draw in draws])
    return [tensor.to(run.process.device) for tensor in (labels, *tensors)]


def make_optimiser(loss: TrainingLoss, recipe: TrainingRecipe) -> torch.optim.AdamW:
    """Make AdamW for the head and, at a lower rate, for a network that is trained."""
    rate, encoder = recipe.learning_rate, loss.encoder
    head = [weights for weights in encoder.head.parameters() if weights.requires_grad]
    head += loss.loss.parameters()
    groups: list[dict[str, Any]] = [{"params": head, "peak": rate}]
    if encoder.network is not None:
        trunk = encoder.network.network.body.parameters()
        groups.append({"params": trunk, "peak": rate * recipe.network_rate})
    return torch.optim.AdamW(groups, lr=rate, weight_decay=recipe.weight_decay)


def set_learning_rates(optimiser: torch.optim.Optimizer, *, done: float) -> None:
    """Lower learning rates along half a cosine; `done` is the share of the steps."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * (1 + cos(pi * done)) / 2
