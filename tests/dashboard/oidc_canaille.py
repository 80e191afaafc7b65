"""A real identity provider, canaille: with a database file and the app's callback it prints its address and serves.

An office POSTed as JSON to /enrol (name, department, groups) is given an account there; one it has, what is new.
"""

import socket
import sys

from canaille import create_app
from flask import request
from werkzeug.serving import make_server

port = socket.create_server(("127.0.0.1", 0))
address = "{}:{}".format(*port.getsockname())
app = create_app(
    {
        "SECRET_KEY": "secret key of the tests",
        "SERVER_NAME": address,
        "PREFERRED_URL_SCHEME": "http",
        "WTF_CSRF_CHECK_DEFAULT": False,
        # Not its memory, where a question after two things is answered with whatever meets one of them
        "CANAILLE": {"DATABASE": "sql", "SMTP": None},
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{sys.argv[1]}"},
        "CANAILLE_OIDC": {
            "USERINFO_MAPPING": {
                "PREFERRED_USERNAME": "{{ user.user_name }}",
                "WEBSITE": "{{ user.department or '' }}",
            }
        },
    }
)

from canaille.app import models  # empty until there is an app
from canaille.backends import Backend


@app.post("/enrol")
def enrol():
    office, store = request.get_json(), Backend.instance
    user = store.get(models.User, user_name=office["name"]) or models.User(
        user_name=office["name"],
        formatted_name=office["name"],
        family_name=office["name"],
        emails=[f"{office['name']}@tinh.test"],
        password=sys.argv[3],
    )
    user.department = office["department"]
    store.save(user)
    for name in {group.display_name for group in user.groups} | set(office["groups"]):
        group = store.get(models.Group, display_name=name) or models.Group(display_name=name, members=[])
        others = [member for member in group.members if member != user]
        group.members = others + [user] * (name in office["groups"])
        store.save(group)
    return ""


with app.app_context():
    client = models.Client(
        client_id="phuqr",
        client_name="phuqr",
        client_secret=sys.argv[4],
        client_uri="https://phuqr.tinh.test",
        redirect_uris=[sys.argv[2]],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "groups"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)
print(f"http://{address}", flush=True)
make_server("127.0.0.1", 0, app, threaded=True, fd=port.fileno()).serve_forever()
