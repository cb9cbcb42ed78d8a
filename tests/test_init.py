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
