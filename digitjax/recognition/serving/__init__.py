"""Reading over HTTP, for many at once.

`app` puts it together: `reading` and `inference` answer requests, `batching` classifies what comes in together,
`limits` keeps out what is too large, too slow or not allowed, `observing` counts and logs, `process` listens.
"""
