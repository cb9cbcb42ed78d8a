"""The verb that finds the crystals whose spectra are like a measured one."""

from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from nearedge import answers, datasets, matching
from nearedge.cli import options, terminal
from nearedge.errors import InputError
from nearedge.records import check_free, replacing


def match(
    file: Annotated[str, Argument(help="Measured file, or FILE::NAME for one spectrum of it.")],
    among: Annotated[
        Path | None,
        Option(
            "--dataset",
            help="Dataset folder of computed spectra, or a library's folder (default: what ships).",
        ),
    ] = None,
    count: Annotated[int, Option("-n", "--count", help="Crystals to show.", min=1)] = 10,
    all_elements: Annotated[
        bool, Option("--all", help="Compare with other elements' spectra too.")
    ] = False,
    elements: Annotated[
        str | None,
        Option(
            help="All elements of the sample, such as 'Li Fe O': only crystals of these (hydrogen"
            " is not looked at)."
        ),
    ] = None,
    energy: options.EnergyColumn = None,
    mu: options.MuColumn = None,
    plot: Annotated[Path | None, Option(help="Figure to write.")] = None,
    structure: Annotated[
        Path | None, Option(help="File to write the best crystal to, in a format ASE knows.")
    ] = None,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Find the crystals whose computed spectra are the most like a measured one.

    Energy zero, resolution and normalisation are free: computed spectra are moved, stretched and
    broadened until they fit. The misfit is what is left, of an edge step of one.
    """
    options.check_figure(plot, force=force)
    _check_structure(structure, force=force)
    several = answers.read_any(file, energy=energy, mu=mu)
    if len(several) > 1:
        names = ", ".join(spectrum.name for spectrum in several[:6])
        raise InputError(
            f"{file}: holds {len(several)} spectra ({names}); name one as {file}::NAME"
        )
    spectrum = answers.without_glitches(several[0])
    library = answers.find_library(spectrum, among)
    absorber = answers.absorber_of(library, spectrum).absorber
    if not all_elements:
        library = answers.own_references(library, spectrum)
    own = library.of(absorber)
    if len(own) and (against := answers.check(own, spectrum)):
        raise InputError(f"{file}: {against[0]}")
    if elements is not None:
        library = (library if all_elements else own).within(_symbols(elements, absorber))
    result = matching.match(library, matching.align(spectrum), absorber)
    nearest = result.first(count, foreign=all_elements)
    if plot is not None:
        title = f"{Path(spectrum.source).name}, {spectrum.name}"
        drawing = partial(answers.draw_match, result, title)
        answers.write_figure(plot, drawing, force=force)
    if structure is not None:
        # A library knows its dataset by name alone.
        dataset = library.source if among is None or matching.is_library(among) else str(among)
        _write_structure(dataset, nearest[0].crystal, structure, force=force)
    if json:
        terminal.print_json(
            {
                "file": spectrum.source,
                "label": spectrum.name,
                "e0": result.aligned.rise,
                "matches": [resemblance.to_json() for resemblance in nearest],
            }
        )
        return
    rows = [
        [
            resemblance.crystal.removeprefix(f"{resemblance.formula}_").replace("_", " "),
            resemblance.formula,
            "-" if resemblance.coordination is None else f"{resemblance.coordination:.2g}",
            _number(resemblance.oxidation_state, 1),
            _number(resemblance.bond_length, 2),
            f"{resemblance.misfit:.3f}",
        ]
        for resemblance in nearest
    ]
    heads = ["crystal", "formula", "CN", "state", "length, Å", "misfit"]
    title = f"{spectrum.name}: rises at {result.aligned.rise:.1f} eV"
    terminal.print_table(heads, rows, title=title, words=2)
    terminal.say(
        "Ordered by misfit and the energy of the rise; of equal fits, minerals and crystals of "
        "fewer elements come first."
    )
    for note in spectrum.notes[len(several[0].notes) :]:
        terminal.say(note)
    terminal.say_where(plot, structure)


def _symbols(elements: str, absorber: str) -> list[str]:
    words = elements.replace(",", " ").split()
    symbols = [word.capitalize() if word.islower() else word for word in words]
    if absorber not in symbols:
        raise InputError(
            f"--elements '{elements}': lacks {absorber}, whose edge the file is of; give all "
            f"elements of the sample, such as '{absorber} O'"
        )
    return symbols


def _check_structure(path: Path | None, *, force: bool) -> None:
    check_free(path, force=force)
    if path is not None:
        from ase.io.formats import ioformats

        known = ioformats.get(path.suffix.lstrip("."))
        if known is None or not known.can_write:
            raise InputError(f"{path}: ASE writes no format of this ending; try .cif or .xyz")


def _write_structure(dataset: str, crystal: str, path: Path, *, force: bool) -> None:
    from ase.io import write

    structures = datasets.load_dataset(dataset).structures
    if crystal not in structures:
        raise InputError(f"{dataset}: has no structure of {crystal}, which was measured itself")
    with replacing(path, force=force) as temporary:
        write(temporary, structures[crystal], format=path.suffix.lstrip("."))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
