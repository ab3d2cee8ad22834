"""Train an encoder on a shop's own pictures: `python -m hashing train CONFIG.toml`.

What is learned keeps what is known: a loss of `hashing.losses` draws pictures of one
product together, while a distillation term keeps the general embedding's similarities.
In frozen mode the general network sees every view once and a linear head is trained on
its features, minutes on a CPU; in full mode the network is trained too.
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
from torch import Tensor
from tqdm import tqdm

from hashing.encoder import Encoder, load_encoder
from hashing.training.candidate import write_candidate
from hashing.training.examination import Examination
from hashing.training.lesson import Lesson, losses_of
from hashing.training.processes import Process
from hashing.training.progress import Progress
from hashing.training.promotion import check, measure, promote
from hashing.training.pupil import Pupil, make_pupil
from hashing.training.recipe import TrainingRecipe
from hashing.training.sampling import BalancedSampler, Draw
from hashing.training.teaching import teach
from hashing.training.training_set import PARTS, TrainingSet, open_training_set
from hashing.training.views import Album, DrawnViews, Views, see_views

LAST = "all"  # in the progress folder: what learns from all products

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Course:
    """What a pupil learns from, and with whom."""

    recipe: TrainingRecipe
    training_set: TrainingSet
    views: Views
    process: Process
    resume: bool


def train(
    recipe: TrainingRecipe, *, resume: bool, force: bool, command: str
) -> Encoder | None:
    """Make the encoder of a recipe in its folder, if it is no worse than its start.

    What is measured learned nothing from the products held out. If it is no worse, a
    second pupil learns as long from all products, and that one is promoted.

    None in processes other than the first. Raises TrainingError for pictures that
    nothing can be learned from, and for a result that is worse unless `force`.
    """
    losses_of(recipe, n_classes=2, n_bits=8)  # a wrong name is said at once
    process = Process.here()
    if not process.is_first:  # what there is to say, one says
        logging.getLogger("hashing").setLevel(logging.ERROR)
    training_set = open_training_set(recipe)
    logger.info("%s", training_set.describe())
    start = load_encoder(recipe.start)
    process.meet()
    recipe.progress.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    album = Album(training_set, recipe.seed)
    pupil = make_pupil(recipe, start, album).to(process.device)
    views: Views
    if pupil.network is None:
        views = see_views(training_set, start, recipe, process)
    else:
        side = pupil.network.input_size
        views = DrawnViews(album, len(training_set.pictures), side=side)
    course = Course(recipe, training_set, views, process, resume)
    if process.is_first and not resume:
        shutil.rmtree(recipe.progress / LAST, ignore_errors=True)
    last = copy.deepcopy(pupil)
    try:
        n_steps = learn_all(pupil, last, course)
    finally:
        process.leave()
    if not process.is_first:
        return None
    candidate = write_candidate(pupil, recipe, training_set, command=command)
    measured = measure(candidate, start, recipe, training_set)
    if not force:
        check(measured.report, start, n_steps=n_steps, candidate=candidate)
    if recipe.then_all:
        candidate = write_candidate(last, recipe, training_set, command=command)
    return promote(candidate, measured, recipe)


def learn_all(pupil: Pupil, last: Pupil, course: Course) -> int:
    """Train one pupil for the report and one on all products; the steps of each."""
    recipe = course.recipe
    if recipe.mode == "kind":
        for one, parts in ((pupil, PARTS[:2]), (last, PARTS)):
            teach(one.head, course.training_set, course.views, parts, seed=recipe.seed)
        return 1
    n_steps = learn(pupil, course)
    if recipe.then_all:
        learn(last, course, from_all=n_steps)
    return n_steps


def learn(pupil: Pupil, course: Course, *, from_all: int | None = None) -> int:
    """Train a pupil in place; it ends as it was at its best on products held out.

    Gives the number of steps after which that was; 0 if nothing learned was better.
    With `from_all` nothing is held out, and it ends after so many steps.
    """
    recipe, training_set = course.recipe, course.training_set
    views, process = course.views, course.process
    folder, last_step, parts = recipe.progress, recipe.steps, ["learn"]
    if from_all is not None:
        folder, last_step, parts = folder / LAST, from_all, list(PARTS)
    sampler = make_sampler(course, parts)
    examination = Examination.of(training_set, "stop")
    lesson = Lesson(pupil, recipe, n_classes=sampler.n_products).to(process.device)
    optimiser = make_optimiser(lesson, recipe)
    progress = Progress.open(folder, recipe, lesson, optimiser, resume=course.resume)
    if not progress.history:
        progress.note(pupil, 0, None, examination.take(pupil, views, process.device))
    # A network has the layer of ImageNet's classes, and nothing uses it.
    shared = process.shared(lesson, has_unused=pupil.network is not None)
    losses: list[float] = []
    first = progress.step
    is_silent = not process.is_first or first == last_step
    bar = tqdm(total=last_step, initial=first, disable=is_silent)
    for step in range(first, last_step):
        if from_all is None and progress.checks_without_gain > recipe.patience:
            logger.info("no gain in %d checks: stopped", recipe.patience)
            break
        set_rates(optimiser, done=step / recipe.steps)
        draws = process.share(sampler.draw(step, n_views=views.n_views))
        lesson.train()
        loss = shared(*shown(draws, course))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        bar.update()
        if (step + 1) % recipe.check_every == 0 or step + 1 == last_step:
            figure = examination.take(pupil, views, process.device)
            mean = float(np.mean(losses))
            bar.set_postfix(loss=f"{mean:.3f}", held_out=f"{figure:.4f}")
            progress.note(pupil, step + 1, mean, figure)
            losses.clear()
            if process.is_first:
                progress.save(recipe, lesson, optimiser)
    bar.close()
    if from_all is None:
        logger.info("best on products held out: after %d steps", progress.best_step)
        pupil.load_state_dict(progress.best_weights)
    return progress.best_step


def make_sampler(course: Course, parts: Sequence[str]) -> BalancedSampler:
    """Draws from the products of some parts, each as often as another."""
    training_set, recipe = course.training_set, course.recipe
    places = sorted(place for part in parts for place in training_set.of(part))
    return BalancedSampler(
        places,
        [training_set.pictures[place].label for place in places],
        products=recipe.products_per_step,
        views=recipe.views_per_product,
        seed=recipe.seed,
    )


def shown(draws: Sequence[Draw], course: Course) -> list[Tensor]:
    """Labels (B,) of draws, and their views, each (B, …)."""
    drawn = course.views.batch([(draw.place, draw.view) for draw in draws])
    labels = torch.tensor([draw.label for draw in draws])
    return [tensor.to(course.process.device) for tensor in (labels, *drawn)]


def make_optimiser(lesson: Lesson, recipe: TrainingRecipe) -> torch.optim.AdamW:
    """AdamW; the network, if it is trained at all, learns slower than the head."""
    rate, pupil = recipe.learning_rate, lesson.pupil
    head = [weights for weights in pupil.head.parameters() if weights.requires_grad]
    head += lesson.loss.parameters()
    groups: list[dict[str, Any]] = [{"params": head, "peak": rate}]
    if pupil.network is not None:
        trunk = pupil.network.network.body.parameters()
        groups.append({"params": trunk, "peak": rate * recipe.network_rate})
    return torch.optim.AdamW(groups, lr=rate, weight_decay=recipe.weight_decay)


def set_rates(optimiser: torch.optim.Optimizer, *, done: float) -> None:
    """Rates fall from their peaks to zero along half a cosine."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * (1 + cos(pi * done)) / 2
