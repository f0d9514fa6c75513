"""A browser without a window, as far as login and consent pages need one."""
import urllib.parse
from html.parser import HTMLParser
from http.cookies import SimpleCookie


class Form(HTMLParser):
    """The first form of a page: where it goes (None: there is none), and its fields with their values."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self._inside = None, {}, False
        self.feed(page)

    @property
    def name(self):
        """The same for a form that is shown again."""
        return self.action, *self.fields

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action, self._inside = attributes.get("action", ""), True
        elif self._inside and tag in ("input", "button") and attributes.get("name"):
            self.fields.setdefault(attributes["name"], attributes.get("value", ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False


class Browser:
    """Keeps cookies, as one window of a browser. @request: makes one request, as Provider.request does."""

    def __init__(self, request):
        self._request = request
        self.cookies = {}

    def request(self, method, url, fields=None):
        headers = {"Accept": "text/html"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        reply = self._request(method, url, fields and urllib.parse.urlencode(fields), headers)
        for line in reply.headers.get_all("Set-Cookie", []):
            for name, cookie in SimpleCookie(line).items():
                self.cookies[name] = cookie.coded_value
        return reply
