"""What a measured spectrum tells of a sample: zero, resolution, scale and background unknown."""

from nearedge.models.inference._conditions import (
    Conditions as Conditions,
    broadened as broadened,
    simulate_measurements as simulate_measurements,
)
from nearedge.models.inference._fitting import fit_inference as fit_inference
from nearedge.models.inference._inference import Fit as Fit, Inference as Inference, Zero as Zero
from nearedge.models.inference._material import Material as Material
from nearedge.models.inference._pixels import (
    PIECE as PIECE,
    PixelAnswers as PixelAnswers,
    PixelReader as PixelReader,
    SignalFinder as SignalFinder,
    Signals as Signals,
    ZeroPlaces as ZeroPlaces,
    pixel_reader as pixel_reader,
    signal_finder as signal_finder,
)
from nearedge.models.inference._posterior import Mode as Mode, Posterior as Posterior
from nearedge.models.inference._words import (
    misfit_reason as misfit_reason,
    posterior_remarks as posterior_remarks,
)
