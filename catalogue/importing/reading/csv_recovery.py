"""Records that a quotation mark too many or too few would swallow."""

from catalogue.importing.reading.csv_reader import (
    QUOTE,
    Lines,
    Record,
    RecordReader,
)

# Beyond this much, a record among those to be put back is taken for incomplete.
MAX_INNER_CHARACTERS = 64_000
READINGS = 4  # of a record's lines at most, to find where the next record begins


def put_back(record: Record, lines: Lines, delimiter: str, width: int) -> None:
    """Put lines back that are records of their own; leave the others to the record.

    Lines at the end of a record are put back if they are complete records with as many
    cells as the header. The last line of a real cell does not look like that: its
    closing mark is there.
    """
    count = _Search(record.lines, lines, delimiter, width).own_lines()
    if count < len(record.lines):
        lines.put_back(record.lines[count:])
        del record.lines[count:]
        record.is_closed = False
    elif record.is_too_long:
        _pass_over_cell(record, lines)


class _Search:
    """Reads the lines of a record once more, as if each began another one."""

    def __init__(
        self, taken: list[str], lines: Lines, delimiter: str, width: int
    ) -> None:
        self._taken = taken
        self._lines = lines
        self._delimiter = delimiter
        self._width = width
        self._kept = self._position = 1
        self._beyond: list[str] = []
        self._budget = MAX_INNER_CHARACTERS + READINGS * sum(map(len, taken))

    def own_lines(self) -> int:
        """Return how many lines the record keeps: those behind are whole records.

        The last of these may go on in lines that follow the record. Lines are left as
        they were found: just behind it.
        """
        self._lines.put_back(self._taken[1:])
        while self._position < len(self._taken):
            if QUOTE in self._taken[self._position]:
                self._read_record()
            else:
                self._read_line()
        self._lines.put_back(self._beyond)
        return self._kept

    def _read_line(self) -> None:
        """Read a record on one line, without the cost of a reader."""
        line = self._lines.next()
        self._position += 1
        if line.strip() and line.count(self._delimiter) + 1 != self._width:
            self._kept = self._position

    def _read_record(self) -> None:
        reader = RecordReader(self._lines, self._delimiter, limit=MAX_INNER_CHARACTERS)
        record = reader.read()
        if record is None:
            raise ValueError("a line that was put back is gone")
        read = record.lines
        self._budget -= sum(map(len, read))
        is_whole = record.is_like_header(self._width)
        if not is_whole and self._budget > 0:
            # The next record may begin in any of its lines.
            self._lines.put_back(read[1:])
            del read[1:]
        self._position += len(read)
        if not is_whole:
            self._kept = self._position
        surplus = self._position - len(self._taken)
        self._beyond = read[-surplus:] if surplus > 0 else []


def _pass_over_cell(record: Record, lines: Lines) -> None:
    """Read on to the line that closes a cell which is too long."""
    while (line := lines.next()) and line.count(QUOTE) % 2 == 0:
        record.lines.append("")
    record.lines.append("")
