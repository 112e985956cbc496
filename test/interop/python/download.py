"""hf_hub_download of one file; prints where it is, its SHA-256, or the client's own exception."""

import argparse
import hashlib
import json
from pathlib import Path

from huggingface_hub import hf_hub_download

parser = argparse.ArgumentParser()
parser.add_argument("repository")
parser.add_argument("file")
parser.add_argument("--revision", default="main")
parser.add_argument("--type", default="model")
# Begins where the file with this name left off, as after an interruption.
parser.add_argument("--resume-from")
arguments = parser.parse_args()

if arguments.resume_from:
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import repo_folder_name

    url = hf_hub_url(arguments.repository, arguments.file)
    etag = get_hf_file_metadata(url).etag
    folder = repo_folder_name(repo_id=arguments.repository, repo_type="model")
    blobs = Path(constants.HF_HUB_CACHE) / folder / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{etag}.incomplete").write_bytes(Path(arguments.resume_from).read_bytes())

try:
    path = Path(
        hf_hub_download(
            arguments.repository,
            arguments.file,
            revision=arguments.revision,
            repo_type=arguments.type,
        )
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(json.dumps({"path": str(path), "sha256": digest}))
except Exception as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
