"""A model: an estimator, the window and rule it was trained with, and what is known of it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nearedge.environments import EnvironmentRule
from nearedge.errors import InputError
from nearedge.estimators import CoordinationRegressor, EnvironmentClassifier, load_estimator
from nearedge.outputs import replacing
from nearedge.spectra import Window

Kind = Literal["classifier", "regressor"]

LIMIT = 0.1
"""Share of energies outside the training range above which a model does not apply."""


@dataclass(frozen=True)
class Model:
    """A trained estimator and all that is needed to use it and to judge it.

    Made by `nearedge.train` or `nearedge.load_model`.

    Parameters
    ----------
    estimator : EnvironmentClassifier or CoordinationRegressor
        The fitted networks.
    window : Window
        The energies they see.
    rule : EnvironmentRule
        What the labels mean.
    record : dict
        JSON-able: ``spectra`` (engine, energy zero, unit), ``training`` (sites by name, recipe,
        seed, held-out names, fingerprint), ``estimate`` (score on unseen sites, its rung, the
        baselines), ``calibration`` and ``range``.
    """

    estimator: EnvironmentClassifier | CoordinationRegressor
    window: Window
    rule: EnvironmentRule
    record: dict[str, Any]

    @property
    def kind(self) -> Kind:
        """What it predicts: a class, or a coordination number."""
        return "classifier" if isinstance(self.estimator, EnvironmentClassifier) else "regressor"

    def outside(self, inputs: np.ndarray) -> np.ndarray:
        """Share of the energies at which each spectrum leaves the range of the training spectra.

        The range is that of the training intensities, a tenth of its width wider on each side.
        A spectrum in another unit, on another energy zero or of another material leaves it at
        many energies: the model does not apply.

        Parameters
        ----------
        inputs : float array, shape (site, energy)
            Spectra on the window's grid.

        Returns
        -------
        float array, shape (site,)
        """
        low, high = (np.asarray(self.record["range"][end]) for end in ("low", "high"))
        slack = 0.1 * (high - low)
        return ((inputs < low - slack) | (inputs > high + slack)).mean(axis=1)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the model as a folder: ``weights.safetensors``, ``model.json`` and ``card.md``.

        Raises
        ------
        InputError
            If `path` exists and `force` is false.
        """
        metadata = {"window": asdict(self.window), "rule": asdict(self.rule), **self.record}
        with replacing(path, force=force) as folder:
            self.estimator.save(folder, metadata=metadata)
            (folder / "card.md").write_text(card(self), encoding="utf-8")


def load_model(path: str | Path) -> Model:
    """Read a model folder.

    Parameters
    ----------
    path : str or Path
        A folder that `Model.save` or ``nearedge train`` wrote.

    Raises
    ------
    InputError
        If the folder is missing, damaged or not a model of nearedge.
    """
    estimator, record = load_estimator(path)
    try:
        window, rule = Window(**record.pop("window")), EnvironmentRule(**record.pop("rule"))
        model = Model(estimator, window, rule, record)
        energies = {len(record["range"][end]) for end in ("low", "high")}
        _ = record["training"]["sites"], record["spectra"]["engine"], record["estimate"]["rung"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: model.json does not describe a nearedge model ({error}); train it again"
        ) from None
    if energies != {window.points} or estimator.n_features_in_ != window.points:
        raise InputError(
            f"{path}: model.json speaks of {window.points} energies, the weights of "
            f"{estimator.n_features_in_}; train the model again"
        )
    return model


def card(model: Model) -> str:
    """Describe a model in Markdown: what it is for, what it saw, how far it can be believed."""
    record, rule, window = model.record, model.rule, model.window
    training, estimate, spectra = record["training"], record["estimate"], record["spectra"]
    held_out = ", ".join(training["held_out"]) or "nothing"
    lines = [
        f"# {'Environment classifier' if model.kind == 'classifier' else 'Coordination regressor'}",
        "",
        f"Predicts {'the class' if model.kind == 'classifier' else 'the coordination number'} of "
        f"{rule.absorber} by {rule.neighbour} atoms within {rule.cutoff:g} Å from "
        f"{rule.absorber} spectra at {window.points} energies from {window.minimum:g} to "
        f"{window.maximum:g} eV.",
        "",
        "| | |",
        "|---|---|",
        f"| spectra it is for | {spectra['engine']}, zero: {spectra['energy_zero']}, "
        f"unit: {spectra['mu_unit']} |",
        f"| trained on | {training['sites']} sites of {len(training['snapshots'])} snapshots, "
        f"{len(training['trajectories'])} trajectories |",
        f"| class counts | {', '.join(f'{k}: {v}' for k, v in training['classes'].items())} |",
        f"| held out | {held_out} |",
        f"| recipe, seed | {training['recipe']}, {training['seed']} |",
        f"| data fingerprint | `{training['fingerprint']}` |",
        "",
        "## What to expect",
    ]
    if estimate["rung"] is None:
        lines.append(f"Nothing is known of unseen sites: {estimate['reason']}.")
    else:
        lines += [
            f"On raw spectra of sites it had not seen, rung **{estimate['rung']}** "
            f"({estimate['meaning']}), {estimate['n']} sites:",
            "",
            f"| method | {estimate['score']} |",
            "|---|---|",
            f"| this model | {estimate['value']:.3f} ± {estimate['spread']:.3f} |",
            *(f"| {name} | {value:.3f} |" for name, value in estimate["baselines"].items()),
        ]
    lines += [
        "",
        "It does not apply to spectra of another engine, energy zero or unit; `nearedge predict` "
        "says so when a spectrum leaves the range it was trained on.",
        "",
    ]
    return "\n".join(lines)
