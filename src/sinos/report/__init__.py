"""Report: one self-contained HTML document, and tables written to files."""

from sinos.report.report import Report, report
from sinos.report.tables import TableFormat, write_tables
from sinos.verbs import make_callable

__all__ = ["Report", "TableFormat", "report", "write_tables"]

make_callable(__name__)
