"""A model: an estimator, the window and rule it was trained with, and what is known of it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nearedge.datasets import starter_path
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.learning.estimators import (
    Classifier,
    Regressor,
    load_estimator,
    read_arrays,
)
from nearedge.models._card import measured_lines, reliability
from nearedge.models.inference import Inference
from nearedge.records import pack, read_json, replacing, unpack, write_json
from nearedge.spectra import Identity, Window
from nearedge.targets import EnvironmentRule
from nearedge.trust import Novelty

Kind = Literal["classifier", "regressor"]

_NOVELTY = "novelty."
_MEASURED = "measured"


@dataclass(frozen=True)
class Model:
    """A trained estimator and all that is needed to use it and to judge it.

    Made by `nearedge.train` or `nearedge.load_model`.

    Parameters
    ----------
    estimator : Classifier or Regressor
        The fitted networks.
    window : Window
        The energies they see.
    rule : EnvironmentRule
        What the labels mean.
    record : dict
        JSON-able: ``spectra`` (engine, energy zero, unit), ``training`` (sites by name, recipe,
        seed, held-out names, fingerprint), ``source`` (the same of a model it continued from, or
        None), ``estimate`` (score on unseen sites, its rung, the
        baselines) and ``calibration``.
    novelty : Novelty
        Tells spectra to which the model does not apply.
    inference : Inference, optional
        What a regressor knows of measured spectra.
    """

    estimator: Classifier | Regressor
    window: Window
    rule: EnvironmentRule
    record: dict[str, Any]
    novelty: Novelty
    inference: Inference | None = None

    @property
    def kind(self) -> Kind:
        """What it predicts: a class, or a coordination number."""
        return "classifier" if isinstance(self.estimator, Classifier) else "regressor"

    @property
    def identity(self) -> Identity:
        """What the training spectra were of; the edge is K where the record does not say."""
        spectra = self.record["spectra"]
        edge = Edge(self.rule.absorber, spectra.get("edge", "K"))
        return Identity(edge, spectra["energy_zero"], spectra["mu_unit"], spectra["engine"])

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the model as a folder: ``weights.safetensors``, ``model.json`` and ``card.md``.

        What a regressor knows of measured spectra goes into a folder ``measured`` in it.

        Raises
        ------
        InputError
            If `path` exists and `force` is false.
        """
        novelty, arrays = self.novelty.to_record()
        metadata = {
            "window": asdict(self.window),
            "rule": asdict(self.rule),
            "novelty": novelty,
            **self.record,
        }
        kept = {f"{_NOVELTY}{name}": array for name, array in arrays.items()}
        with replacing(path, force=force) as folder:
            self.estimator.save(folder, metadata=metadata, arrays=kept)
            if self.inference is not None:
                plain, arrays = pack(self.inference)
                (folder / _MEASURED).mkdir()
                write_json(folder / _MEASURED / "model.json", plain)
                save_file(arrays, folder / _MEASURED / "weights.safetensors")
            (folder / "card.md").write_text(card(self), encoding="utf-8")


def ready_model_path() -> Path:
    """Give the folder of the model that ships: a regressor of recipe ``best``.

    It was made of the dataset that ships by ``nearedge train regressor``.

    Examples
    --------
    >>> load_model(ready_model_path()).kind
    'regressor'
    """
    return starter_path() / "model"


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
        arrays = {
            name.removeprefix(_NOVELTY): array
            for name, array in read_arrays(path).items()
            if name.startswith(_NOVELTY)
        }
        novelty = Novelty.from_record(record.pop("novelty"), arrays)
        model = Model(estimator, window, rule, record, novelty, _load_inference(Path(path)))
        energies = len(novelty.likeness.energy)
        _ = record["training"]["sites"], record["spectra"]["engine"], record["estimate"]["rung"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: model.json does not describe a nearedge model ({error}); train it again"
        ) from None
    if energies != window.points or estimator.n_features_in_ != window.points:
        raise InputError(
            f"{path}: model.json speaks of {window.points} energies, the weights of "
            f"{estimator.n_features_in_}; train the model again"
        )
    return model


def _load_inference(path: Path) -> Inference | None:
    folder = path / _MEASURED
    if not folder.exists():
        return None
    plain = read_json(folder / "model.json")
    try:
        arrays = load_file(folder / "weights.safetensors")
    except (OSError, SafetensorError) as error:
        raise InputError(f"{folder}: cannot be read ({error}); train the model again") from None
    return unpack(Inference, plain, arrays, source=f"{folder} (train the model again)")


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
        *_source_rows(record.get("source")),
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
        *reliability(record["calibration"]),
        *measured_lines(record.get("measured")),
        "## Where it does not apply",
        "To spectra of another compound, edge, engine, energy zero or unit. `nearedge predict` "
        "says so, with the reason, of spectra that are more than "
        f"{model.novelty.threshold:.2g} times as far from the training spectra as the median "
        "unseen one of their kind. " + _novelty_sentence(model),
        "",
    ]
    return "\n".join(lines)


def _source_rows(source: dict[str, Any] | None) -> list[str]:
    """Say what the model continued from, as rows of the card's table; nothing if it did not."""
    if source is None:
        return []
    rows = [
        f"| continued from | a model of {source['sites']} {source['engine']} sites, recipe "
        f"{source['recipe']}, seed {source['seed']}, data fingerprint `{source['fingerprint']}` |"
    ]
    if source["shared"]:
        rows.append(
            f"| caution | that model had seen {source['shared']} of these sites, which flatters "
            "the numbers below |"
        )
    return rows


def _novelty_sentence(model: Model) -> str:
    """Say how far the limit can be believed."""
    novelty = model.novelty
    calibration = novelty.calibration
    by = f"{calibration.groups} groups" if calibration.groups else "single spectra"
    sentence = (
        f"It was set so that at most {novelty.settings.flagged:.0%} of such unseen spectra are "
        f"flagged wrongly, by cross-validation on {calibration.n} spectra in {by}."
    )
    if calibration.extrapolated:
        sentence += " They are too few to have seen such a distance: the limit is extrapolated."
    if not calibration.groups:
        sentence += " Spectra of other atoms or trajectories may be flagged more often."
    return sentence
