"""Where an exported model runs: ids in, hypotheses out, one interface whatever the engine."""
