"""The public names of the room and where they live; each is imported when it is first used."""

from .findings import headline as headline, summary as summary
from .protocol import Protocol as Protocol, quick_protocol as quick_protocol, reproduce as reproduce
from .report import Making as Making, versions as versions, write_report as write_report
from .tables import Table as Table, ladder_tables as ladder_tables, measured_table as measured_table
