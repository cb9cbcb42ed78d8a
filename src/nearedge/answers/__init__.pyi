"""The public names of the room and where they live; each is imported when it is first used."""

from ._answer import Answer as Answer, Evidence as Evidence, Value as Value
from ._answering import (
    Align as Align,
    Request as Request,
    answer as answer,
    known_inference as known_inference,
)
from ._check import check as check, edge_range as edge_range
from ._figure import draw as draw, plot_name as plot_name, write_figure as write_figure
from ._files import (
    Failure as Failure,
    answer_files as answer_files,
    choose_ready as choose_ready,
    is_folder as is_folder,
    read_any as read_any,
)
from ._table import answer_table as answer_table, write_csv as write_csv
from .simulation import (
    Beamline as Beamline,
    simulate_sample as simulate_sample,
    write_columns as write_columns,
)
