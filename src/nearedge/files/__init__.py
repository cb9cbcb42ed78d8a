"""Measured spectra: reading them from the files that beamlines write."""

from nearedge.files._hdf5 import is_hdf5 as is_hdf5
from nearedge.files._matrix import read_table as read_table
from nearedge.files._reading import (
    MARK as MARK,
    pick as pick,
    read_measured as read_measured,
    read_spectra as read_spectra,
)
