"""Downloads a safetensors file and loads it; prints each tensor's shape and a checksum of its bytes."""

import hashlib
import json
import sys

from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file

tensors = load_file(hf_hub_download(*sys.argv[1:]))
print(
    json.dumps(
        {
            name: [list(tensor.shape), hashlib.sha256(tensor.tobytes()).hexdigest()]
            for name, tensor in tensors.items()
        }
    )
)
