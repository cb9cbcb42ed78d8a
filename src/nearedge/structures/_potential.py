"""The interatomic potential of the molecular dynamics: SevenNet-0, weights inside its wheel."""

import warnings
from importlib.metadata import version

from ase.calculators.calculator import Calculator, Parameters

from nearedge.errors import MissingExtraError


def sevennet(threads: int = 1) -> Calculator:
    """Load SevenNet-0 on the CPU.

    SevenNet-0 (Park et al., J. Chem. Theory Comput. 20, 4857, 2024; version of 11 July 2024)
    comes with the package sevenn, so that nothing is downloaded.

    Parameters
    ----------
    threads : int
        Threads of torch in this process. One is fastest for cells of some 60 atoms: two were
        five times slower on two busy cores.

    Returns
    -------
    ase.calculators.calculator.Calculator
        Its `parameters` name the potential and the version of its package.

    Raises
    ------
    MissingExtraError
        If sevenn or torch is not installed.
    """
    try:
        from sevenn.calculator import SevenNetCalculator
        from torch import set_num_threads
    except ImportError as error:
        package = (error.name or "sevenn").partition(".")[0]
        raise MissingExtraError(package, "md", "Molecular dynamics with SevenNet-0") from error
    set_num_threads(threads)
    with warnings.catch_warnings():
        # Advice to install accelerators that need a GPU.
        warnings.filterwarnings("ignore", message="No tensor product accelerator")
        calculator = SevenNetCalculator("7net-0", device="cpu")
    name = {"potential": f"SevenNet-0 (sevenn {version('sevenn')})"}
    calculator.parameters = Parameters({**(calculator.parameters or {}), **name})
    return calculator
