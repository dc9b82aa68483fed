#!/usr/bin/env python3
"""Counts how many contacts a second `tap-activecampaign` (PyPI) reads from a server on loopback.

    tap_activecampaign.py http://127.0.0.1:PORT open|own

`own` leaves its limit of five requests a second in place, `open` takes it away. One JSON document
goes to stdout. README.md beside this file says more.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

PACKAGE = "tap-activecampaign==1.3.1"
VENV = pathlib.Path(__file__).resolve().parents[2] / "target" / "peers" / "tap-activecampaign"
PYTHON = VENV / "bin" / "python"

# The tap refuses loopback and plain http, and its limit stands in a decorator: both are opened
# before its own code is loaded. Nothing else of it is touched.
SHIM = """
import sys
from singer import utils
if sys.argv.pop(1) == "open":
    utils.ratelimit = lambda limit, every: lambda function: function
import tap_activecampaign.client as client
client.is_api_url_valid = lambda url: True
import tap_activecampaign
tap_activecampaign.main()
"""


def install():
    """Makes the environment, once."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    if not list(VENV.glob("lib/*/site-packages/tap_activecampaign")):
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", PACKAGE]
        subprocess.run(pip, check=True, stdout=sys.stderr)


def main():
    url, pace = sys.argv[1:]
    install()
    with tempfile.TemporaryDirectory(dir=VENV) as place:
        place = pathlib.Path(place)
        config = {
            "api_url": url,
            "api_token": "a-key",
            "start_date": "2020-01-01T00:00:00Z",
            "user_agent": "benchmark",
        }
        (place / "config.json").write_text(json.dumps(config))
        command = [str(PYTHON), "-c", SHIM, pace, "--config", str(place / "config.json")]
        found = subprocess.run(command + ["--discover"], check=True, capture_output=True)
        catalog = json.loads(found.stdout)
        for stream in catalog["streams"]:
            if stream["tap_stream_id"] == "contacts":
                for entry in stream["metadata"]:
                    entry["metadata"]["selected"] = True
        (place / "catalog.json").write_text(json.dumps(catalog))
        begin = time.monotonic()
        command += ["--catalog", str(place / "catalog.json")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
            contacts = sum(b'"type": "RECORD"' in line for line in tap.stdout)
        seconds = time.monotonic() - begin
        if tap.returncode != 0:
            sys.exit(f"tap-activecampaign ended with {tap.returncode}")
    print(json.dumps({"contacts": contacts, "seconds": round(seconds, 3)}))


if __name__ == "__main__":
    main()
