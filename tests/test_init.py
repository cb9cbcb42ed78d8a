import subprocess
import sys
from importlib.metadata import version

import nearedge


def test_every_public_name_is_there_and_they_are_few() -> None:
    names = dir(nearedge)
    assert {"read_spectra", "answer", "load_dataset", "simulate", "train"} <= set(names)
    assert len(names) < 25
    for name in names:
        assert getattr(nearedge, name).__doc__
    assert nearedge.__version__ == version("nearedge")


def test_a_worker_that_runs_an_engine_loads_no_networks() -> None:
    seen = "import sys, nearedge.campaigns; print('jax' in sys.modules or 'sklearn' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_the_package_itself_loads_nothing() -> None:
    seen = "import sys, nearedge; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


WRONG = """
import nearedge
spectrum = nearedge.Spectrum("mu", [529, 530, 531], [0, 1, 2], "x")
print(spectrum, spectrum.mu.dtype)
for call in (
    lambda: nearedge.Spectrum("mu", [529, 530], [0, 1, 2], "x"),
    lambda: nearedge.answer(None, "x.dat"),
    lambda: nearedge.train(nearedge.load_dataset("li3feo35"), "foo"),
):
    try:
        call()
    except nearedge.NearEdgeError as error:
        print(error)
"""


def test_arguments_of_another_type_do_or_are_refused_in_words() -> None:
    """In a process of its own: here types are checked before anything else is."""
    said = subprocess.run([sys.executable, "-c", WRONG], capture_output=True, text=True, check=True)
    lists, short, file, kind = said.stdout.splitlines()
    assert lists == "Spectrum('mu', 3 points, 529 to 531 eV, 'x') float64"
    assert short.startswith("x::mu")
    assert file == "'x.dat' is no Spectrum; nearedge.read_spectra reads those of a file"
    assert kind == "a 'foo' cannot be trained; choose classifier or regressor"
