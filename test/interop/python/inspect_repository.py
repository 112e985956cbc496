"""What reads parts of files: HfFileSystem and safetensors metadata. Prints what they saw."""

import hashlib
import json
import sys

from huggingface_hub import HfApi, HfFileSystem, parse_safetensors_file_metadata

repository, file = sys.argv[1:]

system = HfFileSystem()
with system.open(f"{repository}/{file}", "rb") as opened:
    head = opened.read(1000)
    opened.seek(-1000, 2)
    tail = opened.read()
metadata = parse_safetensors_file_metadata(repository, file)
api = HfApi()
entries = api.get_paths_info(repository, [file, "config.json"])
print(
    json.dumps(
        {
            "listed": sorted(system.ls(repository, detail=False)),
            "head": hashlib.sha256(head).hexdigest(),
            "tail": hashlib.sha256(tail).hexdigest(),
            "tensors": {name: info.shape for name, info in metadata.tensors.items()},
            "sizes": {entry.path: entry.size for entry in entries},
            "branches": [branch.name for branch in api.list_repo_refs(repository).branches],
            "sha": api.model_info(repository).sha,
        }
    )
)
