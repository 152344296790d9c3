"""What a classifier learned: pure functions of a trained network and of pictures, arrays in and arrays out.

`network` makes a run differentiable in its pictures, `features` shows what it computes, `attribution` which pixels it
goes by, `inputs` which pictures it would call a digit.
"""
