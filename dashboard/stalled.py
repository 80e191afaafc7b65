"""What a page of Streamlit shows where its scripts or its websocket are blocked: the way to the static page of the day."""

from html import escape
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders

from dashboard.day_page import address
from dashboard.navigation import PAGES
from dashboard.state import read_language
from dashboard.text import Text

WAIT_S = 15  # until a page that has not come is taken for one that does not
_PATHS = {f"/{path}" for path in PAGES}
_STYLE = """<style>
#phuqr-stalled { position: fixed; inset: auto 0 0 0; z-index: 1000; padding: .8rem 1rem; background: #fff4e0; color: #6b3a00; border-top: 3px solid #c46a00;
  font: 16px/1.4 system-ui, "Segoe UI", "Noto Sans", sans-serif; visibility: hidden; animation: phuqr-stalled 0s %ds forwards; }
#phuqr-stalled a { color: #0f5f7a; font-weight: 600; }
@keyframes phuqr-stalled { to { visibility: visible; } }
body:has(.st-key-account) #phuqr-stalled { display: none; }
</style><noscript><style>#phuqr-stalled { animation-delay: 0s; }</style></noscript>"""


class Stalled:
    """Pure ASGI middleware that adds it to the HTML of the pages; it shows after WAIT_S, at once without scripts, and never beside a page."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in _PATHS:
            return await self.app(scope, receive, send)
        started, body = None, b""

        async def sending(message):
            nonlocal started, body
            if message["type"] == "http.response.start":
                if not Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                    started = False
                    return await send(message)
                started = message
                return None
            if not started:
                return await send(message)
            body += message.get("body", b"")
            if message.get("more_body"):
                return None
            whole = body.replace(b"</body>", _notice(scope["query_string"]).encode() + b"</body>", 1)
            headers = MutableHeaders(raw=started["headers"])
            headers["Content-Length"] = str(len(whole))
            for name in ("ETag", "Last-Modified"):  # which are those of Streamlit's own file
                del headers[name]
            await send(started | {"headers": headers.raw})
            await send({"type": "http.response.body", "body": whole})

        # Neither packed nor in part nor left out as known: it has to be read here
        skipped = (b"accept-encoding", b"range", b"if-none-match", b"if-modified-since")
        asked = [(name, value) for name, value in scope["headers"] if name.lower() not in skipped]
        await self.app({**scope, "headers": asked}, receive, sending)


def _notice(query_string):
    query = dict(parse_qsl(query_string.decode("latin-1")))
    text = Text(read_language(query))
    where = {"unit": query["unit"]} if "unit" in query else {}
    where |= {"day": query["to"]} if "to" in query else {}
    return (
        f'{_STYLE % WAIT_S}<p id="phuqr-stalled" lang="{text.language}" style="margin: 0">{escape(text("day.stalled"))} '
        f'<a href="{escape(address(text, **where))}">{escape(text("day.instead"))}</a></p>'
    )
