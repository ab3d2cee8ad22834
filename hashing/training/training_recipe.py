"""Options of `python -m hashing train`, read from a TOML file and kept on the card."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_origin

from hashing.encoder import SHIPPED

MODES = ("frozen", "kind", "full")
SHIPPED_NAME = "hashing/shipped"
MINIMUMS = {
    "steps": 1,
    "check_every": 1,
    "patience": 1,
    "products_per_step": 2,
    "views_per_product": 2,
    "stand_ins": 2,
    "retakes": 0,
}
MAX_HELD_OUT_SHARE = 0.8


@dataclass(frozen=True)
class TrainingRecipe:
    """Everything but the pictures; options with a default are rarely changed."""

    name: str  # of the encoder that is made
    set: str  # SET[:SPLIT] of the shop's own pictures
    licence: str  # terms under which they may be used
    out: Path  # the encoder's folder; progress is kept beside it, in OUT.training
    description: str = "trained on a shop's own pictures"
    label: str = "product_id"  # pictures with the same one belong together
    start: Path = SHIPPED  # the general encoder to start from
    # frozen: a linear head; kind: the part `kind`, in closed form; full: the network
    mode: str = "frozen"
    network: str = "efficientnet_lite0"  # of the start; trained in full mode
    weights: str = "start"  # the start's own, or a file that torch.save wrote
    seed: int = 0
    steps: int = 400
    check_every: int = 25  # steps between checks on the held-out products
    patience: int = 6  # checks without improvement before training stops
    products_per_step: int = 40
    views_per_product: int = 4  # in a step
    stand_ins: int = 48  # synthetic photos of each catalogue picture
    retakes: int = 4  # altered copies of each photo
    learning_rate: float = 1e-3
    network_rate: float = 0.05  # of the learning rate, for the network in full mode
    weight_decay: float = 0.0
    loss: str = "supcon"  # one of hashing/losses/named_losses.py
    loss_options: dict[str, float] = field(default_factory=dict)  # e.g. temperature
    # Losses added by weight: quantisation, balance, decorrelation …
    terms: dict[str, float] = field(default_factory=dict)
    distil: str = "similarities"  # what must be kept of the start; or: neighbours
    distillation: float = 100.0  # weight of keeping it
    stop_share: float = 0.15  # of the products, held out to stop early
    report_share: float = 0.15  # of the products, held out for before and after
    then_all: bool = True  # after measuring, train again on the held-out products too
    layer: str = "itq"  # one of hashing/layers/named_layers.py
    layer_options: dict[str, Any] = field(default_factory=dict)  # e.g. loss, of a head

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file with the names above.

        Raises ValueError for unknown, missing and wrong ones.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            for name in ("out", "start"):
                if name in values:
                    values[name] = Path(values[name])
            for name, kind in cls.__annotations__.items():
                if kind is float and type(values.get(name)) is int:
                    values[name] = float(values[name])  # 1 means 1.0
            recipe = cls(**values)
        except (OSError, TypeError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path} is no training recipe: {error}") from error
        recipe._check(path)
        return recipe

    @property
    def progress(self) -> Path:
        """The folder of checkpoints, curves and the report."""
        return self.out.with_name(f"{self.out.name}.training")

    def as_card(self) -> dict[str, Any]:
        """Return names and values as they go into JSON.

        The shipped encoder is named as in the repository, wherever it is installed.
        """
        values = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
        }
        return values | ({"start": SHIPPED_NAME} if self.start == SHIPPED else {})

    def _check(self, path: Path) -> None:
        self._check_types(path)
        for name, minimum in MINIMUMS.items():
            if getattr(self, name) < minimum:
                raise ValueError(f"{path}: {name} is below {minimum}")
        if self.mode not in MODES:
            raise ValueError(f"{path}: mode is {self.mode!r}, not {' or '.join(MODES)}")
        held_out = (self.stop_share, self.report_share)
        if min(held_out) <= 0 or sum(held_out) > MAX_HELD_OUT_SHARE:
            raise ValueError(f"{path}: shares held out are {held_out}")

    def _check_types(self, path: Path) -> None:
        for name, kind in self.__annotations__.items():
            value = getattr(self, name)
            if not isinstance(value, get_origin(kind) or kind) or (
                type(value) is bool and kind is int
            ):
                raise ValueError(f"{path}: {name} is {value!r}, not {kind.__name__}")
        for name, value in (self.loss_options | self.terms).items():
            if type(value) not in (int, float):
                raise ValueError(f"{path}: {name} is {value!r}, which is no number")
