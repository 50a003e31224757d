"""Why a network says what it says, and which of its units it needs to say so.

Every function takes a network in eval mode, shared or not, and leaves it as it was: no hook is
set on it and no gradient of a weight is computed.
"""
