"""CSV that leaves the shop: no cell of it is a formula in a spreadsheet program."""

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(value: object) -> str:
    """Return the value as text, with an apostrophe before what begins a formula."""
    text = str(value)
    is_number = text.lstrip("-").replace(".", "", 1).isdecimal()
    is_formula = text.lstrip().startswith(FORMULA_STARTS) or text[:1] in FORMULA_STARTS
    return f"'{text}" if text and is_formula and not is_number else text


def safe_row(*values: object) -> list[str]:
    return [safe_cell(value) for value in values]
