"""Recognition over HTTP.

`app` assembles the application. `read` and `inference` answer requests, `batching` classifies the digits of concurrent
requests together, `limits` refuses what is too large, too slow or not authorized and `protocol` such headers, `metrics`
counts and logs, `server` listens in one process and `workers` in several.
"""
