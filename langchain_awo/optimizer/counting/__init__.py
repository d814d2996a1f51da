"""What one pass over any number of traces keeps: counts that add up, and a bounded sample that merges."""
