# The dashboard and the HTTP API on one port:
#
#   docker build -t digitjax . && docker run --rm -p 127.0.0.1:8501:8501 -v "$PWD/runs:/home/reader/runs" digitjax
#
# The API only: docker run --rm -p 127.0.0.1:8000:8000 digitjax serve --host 0.0.0.0
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 reader
COPY . /source
RUN pip install --no-cache-dir -c /source/constraints.txt "/source[app,serve,export]" && rm -r /source

USER reader
WORKDIR /home/reader
ENV DIGITJAX_CACHE=/home/reader/.cache/digitjax PYTHONUNBUFFERED=1
EXPOSE 8501 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health')" \
  || python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/v2/health/live')"
ENTRYPOINT ["digitjax"]
CMD ["dashboard", "--host", "0.0.0.0", "--no-browser", "--api"]
