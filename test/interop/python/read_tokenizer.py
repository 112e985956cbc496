"""transformers: the configuration and the tokenizer of a repository; prints what they come to."""

import json
import sys

from transformers import AutoConfig, AutoTokenizer

repository = sys.argv[1]
config = AutoConfig.from_pretrained(repository)
tokenizer = AutoTokenizer.from_pretrained(repository)
print(
    json.dumps(
        {
            "type": config.model_type,
            "hidden_size": config.hidden_size,
            "tokens": tokenizer("A forebay holds water")["input_ids"],
        }
    )
)
