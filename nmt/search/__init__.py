"""Search over a step callable: these files know no model, only a function from tokens and state to logits and state."""
