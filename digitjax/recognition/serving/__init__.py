"""Recognition over HTTP.

`app` assembles the application. `read` and `inference` answer requests, `readers` read pictures on all cores, and
`batching` classifies the digits of concurrent requests together. `access` refuses those who may not ask, `limits` what
is too large or too slow, `protocol` such headers. `metrics` counts and logs, `server` listens in one process and
`workers` in several.
"""
