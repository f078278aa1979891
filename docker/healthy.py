"""Exit 0 when the web server of this container answers /healthz with 200."""

import http.client
import os
import sys

# As the proxy in front would ask: by a host we serve, over TLS.
host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
headers = {"Host": "localhost" if host == "*" else host, "X-Forwarded-Proto": "https"}
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=5)
try:
    connection.request("GET", "/healthz", headers=headers)
    status = connection.getresponse().status
except OSError as error:
    sys.exit(f"No answer: {error}")
sys.exit(0 if status == 200 else f"/healthz answered {status}")
