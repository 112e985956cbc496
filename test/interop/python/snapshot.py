"""snapshot_download of a repository; prints the commit and each file's SHA-256.

A failure is printed too: the name of the client's own exception.
"""

import argparse
import hashlib
import json
from pathlib import Path

from huggingface_hub import snapshot_download

parser = argparse.ArgumentParser()
parser.add_argument("repository")
parser.add_argument("--revision", default="main")
parser.add_argument("--type", default="model")
arguments = parser.parse_args()

try:
    folder = Path(
        snapshot_download(
            arguments.repository, revision=arguments.revision, repo_type=arguments.type
        )
    )
    digests = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    print(json.dumps({"commit": folder.name, "files": digests}))
except Exception as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
