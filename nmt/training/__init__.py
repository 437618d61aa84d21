"""What changes a weight: loss, optimizer, distribution, and the loop that joins them."""
