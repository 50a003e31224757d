"""The view Explain of the Predict page: why networks say what they say, a part each."""
