"""The 1,797 digits that come with scikit-learn: the data set that needs no network."""

VERSION = "1.0.0"
DOWNLOAD = ""
