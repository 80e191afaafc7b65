"""How a page hears that the browser has drawn its map: by a request of the map's frame, not by a message of the component.

A message would run the page again as it was, and undo what the reader chose at the same moment, such as another page.
"""

import secrets
from threading import Event
from weakref import WeakValueDictionary

from starlette.responses import Response

PATH = "/drawn/{token}"
_awaited = WeakValueDictionary()  # token -> the Event of a page that waits


def await_drawing():
    """A path that the browser is to ask for once, and the Event that is set when it does."""
    token, event = secrets.token_urlsafe(12), Event()
    _awaited[token] = event
    return PATH.format(token=token), event


def drawn(request):
    """204, whoever waits for it or not."""
    if event := _awaited.get(request.path_params["token"]):
        event.set()
    return Response(status_code=204)
