# One image for every service: the command says which (`dashboard`, `worker submit`, `watcher`, ...).
# Postgres and Redis come from outside (docker-compose.yml), so nothing embedded starts here.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

# Every dependency is a wheel, ffmpeg included: no system package is needed.
RUN useradd --create-home --uid 10001 studio \
    && install --directory --owner=studio --group=studio /data
WORKDIR /app

# Before the source, so that a change of the source does not install everything again.
COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes -r requirements/run.txt

COPY pyproject.toml README.md ./
COPY .streamlit .streamlit
COPY sql sql
COPY storage storage
COPY jobs jobs
COPY dashboard dashboard
# In place, so that Streamlit's settings and the drawings stay beside the code.
RUN pip install --no-deps --no-build-isolation -e .

USER 10001
ENV STUDIO_DATA_DIR=/data \
    STUDIO_HOST=0.0.0.0 \
    STUDIO_PORT=8501
VOLUME /data
EXPOSE 8501

# The answer's words count, not only its code: a proxy's or a half-started server's 200 is not health.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import json, urllib.request; answer = json.load(urllib.request.urlopen('http://127.0.0.1:8501/health', timeout=4)); raise SystemExit(answer.get('status') != 'ok')"]

ENTRYPOINT ["studio"]
CMD ["dashboard"]
