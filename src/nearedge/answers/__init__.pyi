"""The public names of the room and where they live; each is imported when it is first used."""

from ._figure import draw as draw, plot_name as plot_name, write_figure as write_figure
from ._files import (
    ALIGNS as ALIGNS,
    Align as Align,
    Answer as Answer,
    Failure as Failure,
    Request as Request,
    is_folder as is_folder,
    predict_files as predict_files,
)
from ._measurement import (
    ALIKE as ALIKE,
    Measurement as Measurement,
    known_inference as known_inference,
    predict_measured as predict_measured,
)
from ._prediction import predict as predict, read_spectra as read_spectra
from ._table import write_csv as write_csv
from .simulation import (
    Beamline as Beamline,
    simulate_sample as simulate_sample,
    write_columns as write_columns,
)
