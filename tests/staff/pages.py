"""A page of admin in somebody's browser: opened now, filled in and sent later."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Inputs(HTMLParser):
    """What a browser would send of the page's main form, by name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._is_inside = False
        self._text: str | None = None
        self._select = ""
        self._first: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._is_inside = (given.get("id") or "").endswith(("_form", "-form"))
        name = given.get("name") or ""
        if not self._is_inside or "disabled" in given:
            return
        if tag == "input" and name:
            self._take_input(name, given)
        elif tag == "select":
            self._select = name
            self._first = None if "multiple" in given else ""
        elif tag == "option" and self._select:
            self._take_option(given)
        elif tag == "textarea":
            self._text = name
            self.fields[name] = [""]

    def _take_option(self, given: dict[str, str | None]) -> None:
        """Take an option; a menu in which none is chosen sends its first one."""
        value = given.get("value") or ""
        if "selected" in given:
            if self._first == self._select:
                self.fields[self._select] = []
            self._first = None
            self.fields.setdefault(self._select, []).append(value)
        elif self._first == "":
            self._first = self._select
            self.fields[self._select] = [value]

    def _take_input(self, name: str, given: dict[str, str | None]) -> None:
        kind = given.get("type") or "text"
        if kind in ("submit", "button", "file", "image"):
            return
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        default = "on" if kind in ("checkbox", "radio") else ""
        self.fields.setdefault(name, []).append(given.get("value") or default)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.fields[self._text][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        if tag == "select":
            self._select = ""
        if tag == "textarea" and self._text is not None:
            # The line end after the tag is no part of it; browsers send CRLF.
            text = self.fields[self._text][0].removeprefix("\n")
            self.fields[self._text][0] = text.replace("\n", "\r\n")
            self._text = None


class OpenPage:
    """The form of a page as it stands in a browser. `html` is what is shown."""

    def __init__(self, client: Client, url: str, response: Any = None) -> None:
        self._client = client
        self._url = url
        response = response or client.get(url, follow=True)
        self.status = response.status_code
        self.html = response.content.decode()
        self.fields = _Inputs(self.html).fields

    def fill_in(self, **values: Any) -> "OpenPage":
        """Type or choose; None takes a tick away."""
        for name, value in values.items():
            if value is None:
                self.fields.pop(name, None)
            else:
                self.fields[name] = value if isinstance(value, list) else [value]
        return self

    def send(self, button: str = "_save", **values: Any) -> "OpenPage":
        """Press a button; the page that this leads to."""
        self.fill_in(**values)
        sent = {**self.fields, button: "pressed"}
        response = self._client.post(self._url, sent, follow=True)
        leads_to = response.request["PATH_INFO"]
        return OpenPage(self._client, leads_to, response)

    @property
    def is_left(self) -> bool:
        """Tell whether this is the list that saving leads to."""
        return 'id="changelist"' in self.html
