"""Train an encoder on a shop's own pictures: `python -m hashing train CONFIG.toml`.

What is learned keeps what is known: a supervised loss draws pictures of one product
together, while a distillation term keeps the general embedding's similarities. In
frozen mode the general network sees every view once and a linear head is trained on its
features, minutes on a CPU; in full mode the network is trained too.
"""

import copy
import logging
from math import cos, pi
from typing import Any

import numpy as np
import torch
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from hashing.candidate import write_candidate
from hashing.encoder import Encoder, load_encoder
from hashing.errors import TrainingError
from hashing.examination import Examination
from hashing.processes import Process
from hashing.progress import Progress
from hashing.promotion import promote
from hashing.pupil import Pupil, make_pupil
from hashing.sampling import BalancedSampler
from hashing.training_losses import contrast, forgetting
from hashing.training_recipe import TrainingRecipe
from hashing.training_set import TrainingSet, open_training_set
from hashing.views import Album, DrawnViews, Views, see_views

logger = logging.getLogger(__name__)


def train(
    recipe: TrainingRecipe, *, resume: bool, force: bool, command: str
) -> Encoder | None:
    """Make the encoder of a recipe in its folder, if it is no worse than its start.

    None in processes other than the first. Raises TrainingError for pictures that
    nothing can be learned from, and for a result that is worse unless `force`.
    """
    training_set = open_training_set(recipe)
    logger.info("%s", training_set.describe())
    start = load_encoder(recipe.start)
    process = Process.join()
    recipe.progress.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    album = Album(training_set, recipe.seed)
    pupil = make_pupil(recipe, start, album).to(process.device)
    views: Views
    if pupil.network is None:
        kept = recipe.progress / f"views-{process.rank}.npz"
        views = see_views(training_set, start, recipe, kept)
    else:
        views = DrawnViews(
            album, len(training_set.pictures), side=pupil.network.input_size
        )
    try:
        n_steps = learn(
            pupil, views, training_set, recipe, process=process, resume=resume
        )
    finally:
        process.leave()
    if not process.is_first:
        return None
    if n_steps == 0 and not force:
        raise TrainingError(
            "not promoted: nothing that was learned is better than "
            f"{start.name} on the products held out to stop on; see {recipe.progress}"
        )
    candidate = write_candidate(pupil, recipe, training_set, command=command)
    return promote(candidate, start, recipe, training_set, force=force)


def learn(
    pupil: Pupil,
    views: Views,
    training_set: TrainingSet,
    recipe: TrainingRecipe,
    *,
    process: Process,
    resume: bool,
) -> int:
    """Train a pupil in place; it ends as it was at its best on products held out.

    Gives the number of steps after which that was; 0 if nothing learned was better.
    """
    places = training_set.of("learn")
    sampler = BalancedSampler(
        places,
        [training_set.pictures[place].label for place in places],
        products=recipe.products_per_step,
        views=recipe.views_per_product,
        seed=recipe.seed,
    )
    examination = Examination.of(training_set, "stop")
    general = copy.deepcopy(pupil).requires_grad_(False).eval()
    optimiser = make_optimiser(pupil, recipe)
    progress = Progress.open(recipe, pupil, optimiser, resume=resume)
    if not progress.history:
        progress.note(pupil, 0, None, examination.take(pupil, views, process.device))
    shared = (
        DistributedDataParallel(pupil, find_unused_parameters=True)
        if process.count > 1
        else pupil
    )
    mixed = torch.autocast(
        process.device.type, torch.bfloat16, enabled=process.device.type == "cuda"
    )
    losses: list[float] = []
    first = progress.step
    bar = tqdm(total=recipe.steps, initial=first, disable=not process.is_first)
    for step in range(first, recipe.steps):
        if progress.checks_without_gain > recipe.patience:
            logger.info("no gain in %d checks: stopped", recipe.patience)
            break
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * (1 + cos(pi * step / recipe.steps)) / 2
        draws = process.share(sampler.draw(step, n_views=views.n_views))
        drawn = views.batch([(draw.place, draw.view) for draw in draws])
        shown = [part.to(process.device) for part in drawn]  # each (B, …)
        labels = torch.tensor([draw.label for draw in draws], device=process.device)
        pupil.train()
        with mixed:
            embeddings = shared(*shown)  # (B, dim)
            known = general(*shown)  # (B, dim)
        loss = contrast(embeddings.float(), labels, temperature=recipe.temperature)
        forgotten = forgetting(embeddings.float(), known.float())
        loss = loss + recipe.distillation * forgotten
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
        bar.update()
        if is_check(step + 1, recipe):
            figure = examination.take(pupil, views, process.device)
            mean = float(np.mean(losses))
            bar.set_postfix(loss=f"{mean:.3f}", held_out=f"{figure:.4f}")
            progress.note(pupil, step + 1, mean, figure)
            losses.clear()
            if process.is_first:
                progress.save(recipe, pupil, optimiser)
    bar.close()
    logger.info("best on products held out: after %d steps", progress.best_step)
    pupil.load_state_dict(progress.best_weights)
    return progress.best_step


def is_check(step: int, recipe: TrainingRecipe) -> bool:
    """Whether the held-out products are asked after so many steps."""
    return step % recipe.check_every == 0 or step == recipe.steps


def make_optimiser(pupil: Pupil, recipe: TrainingRecipe) -> torch.optim.AdamW:
    """AdamW; the network, if it is trained at all, learns slower than the head."""
    rate = recipe.learning_rate
    groups: list[dict[str, Any]] = [{"params": pupil.head.parameters(), "peak": rate}]
    if pupil.network is not None:
        trunk = pupil.network.network.body.parameters()
        groups.append({"params": trunk, "peak": rate * recipe.network_rate})
    return torch.optim.AdamW(groups, lr=rate, weight_decay=recipe.weight_decay)
