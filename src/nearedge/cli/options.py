"""Arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer import Argument, Option

from nearedge.errors import InputError
from nearedge.records import check_free

FIGURES = (".png", ".svg", ".pdf")


def to(help: str, *names: str) -> Any:
    """Make the option that says where results go."""
    return Option("-o", *(names or ["--output"]), help=help)


Dataset = Annotated[
    Path, Argument(help="Dataset folder, or one that ships: li3feo35, li-fe-o, 3d-k-edges.")
]
Structures = Annotated[list[Path], Argument(help="Files of structures, any format ASE reads.")]
ModelFolder = Annotated[Path, Argument(help="Model folder.")]
# After "--hold-out A" further names arrive as arguments: an option of many values.
MoreNames = Annotated[list[str] | None, Argument(hidden=True, metavar="--only NAME")]
MoreHeldOut = Annotated[list[str] | None, Argument(hidden=True, metavar="--hold-out NAME")]
Only = Annotated[
    list[str] | None,
    Option(
        help="Snapshots, trajectories or compositions (formulas) to use (default: all).",
        metavar="NAME ...",
    ),
]
RecipeName = Annotated[Literal["best", "network", "paper"], Option(help="How to train.")]
Output = Annotated[Path, to("Folder to write.")]
OutputFile = Annotated[Path, to("File to write.")]
Force = Annotated[bool, Option("--force", help="Replace the output if it exists.")]
ForceAnswer = Annotated[
    bool,
    Option("--force", help="Answer although the model does not apply; replace existing outputs."),
]
Overwrite = Annotated[
    bool, Option("--overwrite", help="Replace existing outputs, and nothing else.")
]
Json = Annotated[bool, Option("--json", help="Print JSON and nothing else.")]
Features = Annotated[
    list[str] | None,
    Option(
        "--feature",
        help="Column of the dataset to use beside the spectrum, such as absorber or a space group;"
        " may be given several times.",
        metavar="NAME",
    ),
]
Seed = Annotated[int, Option(help="Seed of everything random.", min=0)]
Measured = Annotated[
    Path | None,
    Option(help="Folder of measured spectra of known structure: truth.tsv and its files."),
]
EngineDataset = Annotated[
    Path | None,
    Option(
        help="Dataset of another engine, to test on in the rungs engine (units matched) and "
        "engine-aligned (shift, factor and broadening learnt without labels)."
    ),
]

# Measured spectra.
EnergyColumn = Annotated[
    str | None,
    Option(
        help="Column of the energies, by number from 1 or label, where labels do not tell.",
        metavar="COLUMN",
    ),
]
MuColumn = Annotated[
    str | None,
    Option(
        help="Column of the absorption, or several as 4/2, ln(2/4) or (3+4)/2.", metavar="COLUMN"
    ),
]
E0 = Annotated[
    float | None,
    Option(
        "--e0",
        help="Where the model's energy zero lies in measured files, eV (default: it is searched"
        " wherever the spectrum covers the window).",
    ),
]
E0Uncertainty = Annotated[float, Option(help="Standard deviation of E0, eV.", min=0.0)]

# Structures, and what FEFF computes of them.
Absorber = Annotated[str, Option(help="Element that absorbs.")]
Dimer = Annotated[
    float | None,
    Option(
        help="Distance in Å below which two absorbers are a dimer, a class of its own; 0 for none.",
        show_default="by absorber",
    ),
]
EdgeName = Annotated[str, Option(help="Edge, e.g. K or L3.")]
ClusterRadius = Annotated[
    float | None, Option(help="Radius of the cluster given to FEFF, Å.", show_default="by edge")
]
ScfRadius = Annotated[
    float | None,
    Option(help="Radius of multiple scattering in the SCF, Å.", show_default="by edge"),
]
FmsRadius = Annotated[
    float | None, Option(help="Radius of full multiple scattering, Å.", show_default="by edge")
]
OceanProgram = Annotated[
    str | None, Option(help="OCEAN's ocean.pl (default: the one on the PATH).", metavar="FILE")
]
Pseudopotentials = Annotated[
    Path | None,
    Option(help="Folder of OCEAN's UPF files, one an element: Mg-sp.UPF (default: its database)."),
]
Mpi = Annotated[
    str | None,
    Option(help="How OCEAN starts parallel programs, e.g. 'mpirun -n 4'.", metavar="COMMAND"),
]
OceanSettingsFile = Annotated[
    Path | None,
    Option(
        help="JSON file of fields of nearedge.engines.OceanSettings: cut-offs, meshes, and "
        "keywords, those of ocean.in."
    ),
]
DryRun = Annotated[bool, Option("--dry-run", help="Write OCEAN's inputs to OUTPUT and stop.")]
Sites = Annotated[
    str | None,
    Option(
        help="Indices of the atoms to compute in each structure, from 0 (default: every absorber).",
        metavar="I,J,...",
    ),
]
Trials = Annotated[
    int, Option(help="Structures to try for shared potentials, one of each trajectory.", min=1)
]
Workers = Annotated[
    int | None, Option(help="Worker processes (default: one for each core).", min=1)
]
Resume = Annotated[bool, Option("--resume", help="Go on with what an interrupted run left.")]
Material = Annotated[
    Literal["li3feo35", "li-fe-o"],
    Option(
        help="Material, by the name of its dataset that ships: Li3FeO3.5, or Li-Fe oxides "
        "of many compositions."
    ),
]
Repeat = Annotated[
    tuple[int, int, int] | None,
    Option(help="Conventional cells of Li3FeO3.5 along the three axes (default: 2 2 2)."),
]
Dimers = Annotated[
    list[int] | None,
    Option(
        help="O-O dimers in a cell of Li3FeO3.5; given several times, the cells take turns "
        "(default: 0; of dataset make: 1, 0, 2, 0).",
        min=0,
    ),
]
RareSites = Annotated[
    int | None,
    Option(
        help="Draw each cell of Li3FeO3.5 until it has as many O with 4 Fe, and none with more "
        "(default: 0; of dataset make: 1).",
        min=0,
    ),
]
Equilibration = Annotated[
    float | None,
    Option(
        help="Time at a temperature before its first snapshot, fs (default: 160, 100 of li-fe-o)."
    ),
]
Interval = Annotated[
    float | None, Option(help="Time between snapshots, fs (default: 100, 80 of li-fe-o).")
]


def given(**values: Any) -> dict[str, Any]:
    """Keep the options that were given; the others have defaults elsewhere."""
    return {name: value for name, value in values.items() if value is not None}


def pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """Read texts of the form NAME=VALUE after an option."""
    parts = [text.partition("=") for text in texts or ()]
    for text, (name, _, value) in zip(texts or (), parts, strict=True):
        if not (name and value):
            raise typer.BadParameter(f"{option} needs NAME=VALUE, not '{text}'")
    return {name: value for name, _, value in parts}


def named(option: str, names: list[str] | None, more: list[str] | None) -> list[str]:
    """Put the names after an option together, those that arrived as arguments too."""
    given = [*(names or []), *(more or [])]
    if more and not names:
        raise typer.BadParameter(f"got unexpected extra arguments ({' '.join(more)})")
    for name in given:
        if name.startswith("-"):
            raise typer.BadParameter(f"{option} needs a name, not '{name}'")
    return given


def check_figure(path: Path | None, *, force: bool) -> None:
    """Refuse a figure of another format, or that cannot be written; None asks for none."""
    if path is not None and path.suffix not in FIGURES:
        raise InputError(f"{path}: figures end in {', '.join(FIGURES)}; name one of these")
    check_free(path, force=force)
