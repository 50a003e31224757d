"""Training: the recipe, the batches, the loop, and the folder that a run fills."""
