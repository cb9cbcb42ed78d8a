"""Reference spectra of sites of known structure, aligned on their rise and ready to be fitted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Bool, Float, Int

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.matching._curves import REFERENCE
from nearedge.matching._settings import Settings
from nearedge.spectra import Identity, Window

NONMETALS = frozenset(
    ("B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Ge", "As", "Se", "Br", "Sb", "Te", "I")
)
"""Elements, hydrogen left out, of which each crystal has one that is no metal or alloy."""

MEAN = -1
"""Index for all sites of an element in a crystal, and for measured references."""

_PUBLISHED = re.compile(r"(.+)_amcsd\d+")

TARGETS = ("coordination", "oxidation_state", "bond_length")
"""What a library can predict, if its references state it."""


@dataclass(frozen=True)
class Judgement:
    """How good a library is on measured spectra of an element; None: of all elements.

    Accuracies are those of the coordination number, `new_compounds` without the crystals of the
    same elements; `oxidation_state` is the fraction that is right within 0.5.
    """

    absorber: str | None
    n: int
    answered: int
    accuracy: float | None
    balanced_accuracy: float | None
    new_compounds: float | None
    oxidation_state: float | None


@dataclass(frozen=True, eq=False)
class Library:
    """Reference spectra of one kind of edge, of one or several elements.

    Made by `build_library` or `load_library`.

    Attributes
    ----------
    edge : str
        ``K``, ``L3`` ...
    absorber, crystal, formula : tuple of str
        Of each reference: the element, the structure, and its formula.
    atom : int array, shape (reference,)
        Index of the absorber in its structure; `MEAN` of all together.
    measured : bool array, shape (reference,)
        Whether it was measured or computed.
    curves : float array, shape (reference, energy)
        Normalised, at `nearedge.matching.REFERENCE` eV from the rise.
    values : float array, shape (reference, target)
        The `TARGETS` of each reference; NaN where they are not known.
    source, origin : str
        The dataset, and the engine that computed it.
    settings : Settings
        How a fit becomes an answer.
    judged : tuple of Judgement
        How good it is on measured spectra, where that is known.
    """

    edge: str
    absorber: tuple[str, ...]
    crystal: tuple[str, ...]
    formula: tuple[str, ...]
    atom: Int[np.ndarray, " reference"]
    measured: Bool[np.ndarray, " reference"]
    curves: Float[np.ndarray, "reference energy"]
    values: Float[np.ndarray, "reference target"]
    source: str
    origin: str
    settings: Settings = field(default_factory=Settings)
    judged: tuple[Judgement, ...] = ()

    def __len__(self) -> int:
        return len(self.absorber)

    def __repr__(self) -> str:
        return f"<Library: {len(self)} references of {', '.join(map(str, self.edges))}>"

    @property
    def identity(self) -> Identity:
        """Its edge, if it has only one. Zero and unit need not agree."""
        return Identity(self.edges[0] if len(self.edges) == 1 else None)

    @property
    def window(self) -> Window:
        """The energies it uses, from the rise."""
        return Window(float(REFERENCE[0]), float(REFERENCE[-1]), len(REFERENCE))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges that it has references of, by their energies."""
        edges = (Edge(element, self.edge) for element in set(self.absorber))
        return tuple(sorted(edges, key=lambda edge: edge.energy))

    @property
    def elements(self) -> tuple[frozenset[str], ...]:
        """Elements of each reference except hydrogen, whose positions are often unknown."""
        return tuple(map(elements_of, self.formula))

    @property
    def compound(self) -> tuple[str, ...]:
        """Formula and name of each mineral, of which AMCSD may hold several crystals; else itself.

        Crystals without a mineral's name may have different structures.
        """
        published = map(_PUBLISHED.fullmatch, self.crystal)
        return tuple(
            crystal if not found or found[1].endswith("_unnamed") else found[1]
            for crystal, found in zip(self.crystal, published, strict=True)
        )

    @property
    def metallic(self) -> Bool[np.ndarray, " reference"]:
        """Which references are metals or alloys, whose first shell is not told."""
        return np.array([own.isdisjoint(NONMETALS) for own in self.elements], bool)

    def value(self, target: str) -> Float[np.ndarray, " reference"]:
        """Return a target of each reference."""
        return self.values[:, TARGETS.index(target)]

    def of(self, absorber: str) -> "Library":
        """Select the references of an element."""
        return self.select([element == absorber for element in self.absorber])

    def near(self, absorber: str) -> "Library":
        """Select the references of an element and of its neighbours in the periodic table."""
        number = atomic_numbers[absorber]
        return self.select([abs(atomic_numbers[one] - number) <= 1 for one in self.absorber])

    def within(self, elements: Sequence[str]) -> "Library":
        """Select the references of no other elements than these and hydrogen.

        Raises
        ------
        InputError
            If a name is not an element, or no reference is left.
        """
        for name in elements:
            if name not in atomic_numbers:
                raise InputError(f"'{name}' is no element; give symbols such as Fe O")
        selected = self.select([own <= set(elements) for own in self.elements])
        if not len(selected):
            raise InputError(
                f"{self.source}: holds no {self.edge}-edge of a crystal of {' '.join(elements)} "
                "alone; give all elements of the sample"
            )
        return selected

    def select(self, mask: Sequence[bool] | Bool[np.ndarray, " reference"]) -> "Library":
        """Select references."""
        rows = np.flatnonzero(mask)
        texts = {
            name: tuple(getattr(self, name)[row] for row in rows)
            for name in ("absorber", "crystal", "formula")
        }
        arrays = {
            name: getattr(self, name)[rows] for name in ("atom", "measured", "curves", "values")
        }
        return replace(self, **texts, **arrays)

    def joined(self, other: "Library") -> "Library":
        """Add the references of another library of the same kind of edge."""
        if other.edge != self.edge:
            raise InputError(
                f"{other.source}: holds {other.edge}-edges, {self.source} {self.edge}-edges; they "
                "cannot be one library"
            )
        texts = {
            name: getattr(self, name) + getattr(other, name)
            for name in ("absorber", "crystal", "formula")
        }
        arrays = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("atom", "measured", "curves", "values")
        }
        return replace(self, **texts, **arrays)


def elements_of(formula: str) -> frozenset[str]:
    """List the elements of a formula except hydrogen.

    Examples
    --------
    >>> sorted(elements_of("FeSO4.7H2O"))
    ['Fe', 'O', 'S']
    """
    return frozenset(re.findall("[A-Z][a-z]?", formula)) - {"H"}
