"""Predictions for files: who reads, prepares, infers, and writes what came out."""

from nearedge.predictions._figure import (
    draw as draw,
    plot_name as plot_name,
    write_figure as write_figure,
)
from nearedge.predictions._files import (
    ALIGNS as ALIGNS,
    Align as Align,
    Answer as Answer,
    Failure as Failure,
    Request as Request,
    is_folder as is_folder,
    predict_files as predict_files,
)
from nearedge.predictions._table import write_csv as write_csv
