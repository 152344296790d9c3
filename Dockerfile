# The dashboard and the HTTP API on one port:
#
#   docker build -t digitjax . && docker run --rm -p 127.0.0.1:8501:8501 -v "$PWD/runs:/home/reader/runs" digitjax
#
# The API only: docker run --rm -p 127.0.0.1:8000:8000 digitjax serve --host 0.0.0.0
#
# Both run with a read-only root file system: add --read-only --tmpfs /tmp
FROM python:3.11-slim AS build
COPY . /source
RUN python -m venv --without-pip /opt/digitjax \
  && pip --python /opt/digitjax/bin/python install --no-cache-dir -c /source/constraints.txt "/source[app,serve,export]"

FROM python:3.11-slim
RUN pip uninstall --yes pip setuptools wheel \
  && useradd --create-home --uid 1000 reader \
  && install --directory --owner reader /home/reader/runs /home/reader/.cache
COPY --from=build /opt/digitjax /opt/digitjax

# By number, so that Kubernetes can tell that it is not root.
USER 1000
WORKDIR /home/reader
VOLUME ["/home/reader/runs", "/home/reader/.cache"]
ENV PATH=/opt/digitjax/bin:$PATH DIGITJAX_CACHE=/home/reader/.cache/digitjax \
  PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8501 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health')" \
  || python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/v2/health/live')"
ENTRYPOINT ["digitjax"]
CMD ["dashboard", "--host", "0.0.0.0", "--no-browser", "--api"]
