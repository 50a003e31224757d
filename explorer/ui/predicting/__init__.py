"""The parts of the Predict page: whose weights, which pictures, and a view each."""
