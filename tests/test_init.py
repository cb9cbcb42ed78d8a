import subprocess
import sys

import nearedge


def test_every_public_name_is_there() -> None:
    names = dir(nearedge)
    assert {"load_dataset", "simulate", "train", "predict"} <= set(names)
    assert len(names) < 24
    for name in names:
        assert getattr(nearedge, name).__doc__


def test_a_worker_that_runs_an_engine_loads_no_networks() -> None:
    seen = "import sys, nearedge.campaigns; print('jax' in sys.modules or 'sklearn' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
