"""What changes a weight: loss, optimizer, distribution, and the loop that joins them."""

import nmt.model  # noqa: F401 - chooses Keras' backend before any file of this room imports Keras
