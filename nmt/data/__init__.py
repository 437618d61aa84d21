"""From parallel text to batches of token ids: grammar and corpus -> prepare -> batching."""
