"""Serves localstripe for one test: serve.py PORT FILE.

By itself it listens at every address, and all of them keep their objects in one file in /tmp. Here
it listens on loopback only, and has a file of its own. What it has answered survives its death.
"""

import logging
import os
import pickle
import sys

from aiohttp import web
from localstripe import resources
from localstripe.server import app

port, path = int(sys.argv[1]), sys.argv[2]


def dump_to_disk(store):
    """Whole or not at all, whenever the process is killed."""
    with open(path + '.new', 'wb') as file:
        pickle.dump(dict(store), file)
    os.replace(path + '.new', path)


resources.Store.dump_to_disk = dump_to_disk
if os.path.exists(path):
    with open(path, 'rb') as file:
        dict.update(resources.store, pickle.load(file))

logging.basicConfig(level=logging.INFO)
web.run_app(app, host='127.0.0.1', port=port, print=None)
