"""
Read a file, find the edge, normalise
=====================================

A measured file is read whatever its format; each spectrum in it has an element and an edge. The
pre-edge line is subtracted, and the edge step set to one. Here the file is made from a computed
spectrum of iron in hematite.
"""

import nearedge
from nearedge.answers import Beamline, simulate_sample, write_columns

data = nearedge.load_dataset("3d-k-edges")
made, _ = simulate_sample(
    data, Beamline(e0=7115, broadening=2.0), only=["Fe2O3_Hematite_amcsd0017806"]
)
write_columns("fe_k.dat", made, "hematite, simulated", force=True)

(spectrum,) = nearedge.read_spectra("fe_k.dat")
print(spectrum)
print(f"E0 = {nearedge.find_e0(spectrum):.1f} eV")

# %%
# Raw, with the fitted lines, and normalised:

figure = nearedge.plot(nearedge.normalise(spectrum))
