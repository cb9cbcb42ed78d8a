"""Measured spectra: reading them from the files that beamlines write."""

from nearedge.measured._hdf5 import is_hdf5 as is_hdf5
from nearedge.measured._preparation import (
    BASELINES as BASELINES,
    Baseline as Baseline,
    Preparation as Preparation,
    Prepared as Prepared,
    merge_scans as merge_scans,
    prepare as prepare,
)
from nearedge.measured._reading import MARK as MARK, pick as pick, read_measured as read_measured
from nearedge.measured._simulation import (
    Beamline as Beamline,
    simulate_sample as simulate_sample,
    write_columns as write_columns,
)
from nearedge.measured._spectrum import MeasuredSpectrum as MeasuredSpectrum
