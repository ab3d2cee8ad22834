"""Workbooks built part by part, as programs other than openpyxl write them."""

import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.catalogue.import_files import zip_of

TRANSITIONAL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = ("sku", "name", "category", "price", "stock")
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def text(value: str) -> str:
    """Return a cell with a text in it."""
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def number(value: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


def row(*cells: str, at: str = "") -> str:
    """Return a row; cells that are no XML yet become texts."""
    made = [cell if cell.startswith("<c") else text(cell) for cell in cells]
    reference = f' r="{at}"' if at else ""
    return f"<row{reference}>{''.join(made)}</row>"


def styles(*codes: str) -> str:
    """Return styles: number 0 is General, then one for each format code."""
    formats = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode={quoteattr(code)}/>'
        for n, code in enumerate(codes)
    )
    styled = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(codes)))
    return (
        f'{DECLARATION}<styleSheet xmlns="{TRANSITIONAL}"><numFmts>{formats}</numFmts>'
        "<fills><fill/><fill><patternFill/></fill></fills>"
        f'<cellXfs><xf numFmtId="0"/>{styled}</cellXfs></styleSheet>'
    )


def xlsx_of(
    *rows: str,
    parts: dict[str, str] | None = None,
    namespace: str = TRANSITIONAL,
    sheets: str = "",
    properties: str = "",
) -> bytes:
    """Return a workbook of one sheet with these rows; `parts` replace its own."""
    relation = f'<Relationship Type="{OFFICE}'
    listed = sheets or '<sheet name="Products" sheetId="1" r:id="rId1"/>'
    contents = {
        "[Content_Types].xml": f"{DECLARATION}<Types/>",
        "_rels/.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}">'
        f'{relation}/officeDocument" Id="rId1" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{namespace}" '
        f'xmlns:r="{OFFICE}">{properties}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}">'
        f'{relation}/worksheet" Id="rId1" Target="worksheets/sheet1.xml"/>'
        f'{relation}/worksheet" Id="rId2" Target="/xl/worksheets/sheet2.xml"/>'
        f'{relation}/sharedStrings" Id="rId3" Target="sharedStrings.xml"/>'
        f'{relation}/styles" Id="rId4" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet(*rows, namespace=namespace),
        **(parts or {}),
    }
    return zip_of({name: content.encode() for name, content in contents.items()})


def write_xlsx(path: Path, *rows: str, **options: Any) -> Path:
    path.write_bytes(xlsx_of(*rows, **options))
    return path


def sheet(*rows: str, namespace: str = TRANSITIONAL) -> str:
    data = f"<sheetData>{''.join(rows)}</sheetData>"
    return f'{DECLARATION}<worksheet xmlns="{namespace}">{data}</worksheet>'


def write_ods(path: Path, *tables: str, styles: str = "", manifest: str = "") -> Path:
    """Write an OpenDocument spreadsheet of these tables."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"{DECLARATION}<office:document-content {names}>"
            f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
            f"<office:spreadsheet>{''.join(tables)}</office:spreadsheet>"
            "</office:body></office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
    return path


def ods_table(*rows: str, name: str = "Products", style: str = "") -> str:
    styled = f' table:style-name="{style}"' if style else ""
    return f'<table:table table:name="{name}"{styled}>{"".join(rows)}</table:table>'


def ods_row(*cells: str, repeated: int = 1) -> str:
    made = [
        cell
        if cell.startswith("<table:")
        else f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}'
        "</text:p></table:table-cell>"
        for cell in cells
    ]
    repeat = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{repeat}>{''.join(made)}</table:table-row>"


def ods_number(value: str, shown: str, kind: str = "float") -> str:
    return (
        f'<table:table-cell office:value-type="{kind}" office:value="{value}">'
        f"<text:p>{shown}</text:p></table:table-cell>"
    )
